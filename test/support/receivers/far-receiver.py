"""A receiver that ends a connection by its own will: `far-receiver.py PROTOCOL HOW AFTER_MS [CERT KEY]`

One line of JSON when it listens, {"port"}; then one for each connection, {"bytes"}: so many of its messages were read.
AFTER_MS is counted from the first of them. It reads from the kernel only what it is said to read, which Node cannot do.
"""
import json
import socket
import ssl
import sys
import threading
import time

protocol, how, after = sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1000
STOPS_READING = 0.06


class Plain:
    def __init__(self, connection):
        self.connection = connection

    def read(self):
        """The next bytes, or b'' at the end; raises TimeoutError when the time that is set is over."""
        return self.connection.recv(65536)

    def end(self):
        pass


class Secured:
    def __init__(self, connection, context):
        self.connection = connection
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.into, self.out, server_side=True)
        self.run(self.tls.do_handshake)

    def run(self, step):
        while True:
            try:
                result = step()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.connection.recv(65536)
                if not data:
                    return b""
                self.into.write(data)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def flush(self):
        data = self.out.read()
        if data:
            self.connection.sendall(data)

    def read(self):
        return self.run(lambda: self.tls.read(65536))

    def end(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self.flush()


def serve(connection, context):
    count = 0
    try:
        peer = Secured(connection, context) if context else Plain(connection)
        data = peer.read()
        first = time.monotonic()
        reads_until = first + after - (0 if how == "ends" else STOPS_READING)
        while data:
            count += len(data)
            if how != "reads":
                if time.monotonic() >= reads_until:
                    break
                connection.settimeout(max(0.0001, reads_until - time.monotonic()))
            data = peer.read()
    except TimeoutError:
        pass
    except OSError:
        data = b""
    try:
        connection.settimeout(5)
        if data:
            time.sleep(max(0, first + after - time.monotonic()))
        peer.end()
        if how == "shut-down":
            # A FIN; the reset is sent when it closes, at once: a busy machine would make a pause longer than it is.
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
    print(json.dumps({"bytes": count}), flush=True)


def main():
    context = None
    if protocol != "tcp":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[4], sys.argv[5])
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, protocol.replace(".", "_"))
    server = socket.socket()
    server.bind(("10.77.0.1", 0))
    server.listen(16)
    print(json.dumps({"port": server.getsockname()[1]}), flush=True)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection, context), daemon=True).start()


main()
