"""A link with a delay, in a network namespace of its own: `unshare -rn python3 far-link.py DELAY_MS COMMAND...`

One namespace has both ends: whoever connects to 10.77.0.2 reaches what listens on 10.77.0.1. Every packet leaves through a
TUN device, is held back for DELAY_MS, and comes back with its two addresses exchanged; the checksums, which are sums, stay
right. So each side is to the other a machine that is DELAY_MS away. Exits as the command does.
"""
import collections
import fcntl
import os
import selectors
import socket
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
SIOCSIFADDR, SIOCSIFNETMASK, SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x891C, 0x8913, 0x8914, 1


def set_up(name, address=None, mask=None):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:

        def call(request, tail):
            return fcntl.ioctl(control, request, struct.pack("16s", name.encode()) + tail)

        for request, value in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, mask)):
            if value:
                call(request, struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(value)))
        flags = struct.unpack("16xH", call(SIOCGIFFLAGS, b"\0" * 16)[:18])[0]
        call(SIOCSIFFLAGS, struct.pack("H14x", flags | IFF_UP))


def main():
    delay = float(sys.argv[1]) / 1000
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH14x", b"far0", IFF_TUN | IFF_NO_PI))
    set_up("lo")
    set_up("far0", "10.77.0.1", "255.255.255.0")
    command = subprocess.Popen(sys.argv[2:])
    selector = selectors.DefaultSelector()
    selector.register(tun, selectors.EVENT_READ)
    held = collections.deque()
    while command.poll() is None:
        now = time.monotonic()
        while held and held[0][0] <= now:
            os.write(tun, held.popleft()[1])
        wait = held[0][0] - now if held else 0.05
        if not selector.select(max(0, min(wait, 0.05))):
            continue
        packet = bytearray(os.read(tun, 65536))
        if packet[0] >> 4 == 4:
            packet[12:16], packet[16:20] = packet[16:20], packet[12:16]
            held.append((time.monotonic() + delay, bytes(packet)))
    sys.exit(command.returncode if command.returncode >= 0 else 1)


main()
