/**
 * The kernel's own list of TCP connections (Linux: /proc/net/tcp and tcp6). A connection that is over is listed without a
 * descriptor, in TIME_WAIT, for 60 s: so a look that comes late misses nothing.
 *
 * A list that shows less cannot be asked: on another system, in a sandbox (gVisor lists open sockets only, and has no
 * /proc/net/sockstat), or with net.ipv4.tcp_max_tw_buckets = 0.
 */
import { isIPv6, type Socket } from 'node:net';
import { endianness } from 'node:os';
import type { Network } from '../../network.ts';

/** Both ends of a connection, while it is up. */
export type ConnectionEnds = {
  readonly [End in 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort']?: Socket[End] | undefined;
};

/** One end of a connection, as the list has it. */
export interface Listed {
  /** Two hexadecimal digits: see `tcpStates`. */
  readonly state: string;
  /** Written to it, and not acknowledged by the other side; a FIN counts as one. */
  readonly unacknowledgedBytes: number;
}

/** What one look at the list shows of a connection. */
export interface Look {
  readonly ours: Listed | undefined;
  /** The peer's end, where the peer runs on this machine. */
  readonly theirs: Listed | undefined;
}

export const tcpStates = {
  established: '01',
  finWait1: '04',
  finWait2: '05',
  timeWait: '06',
  closeWait: '08',
  lastAck: '09',
  closing: '0B',
} as const;

const nothing: Look = { ours: undefined, theirs: undefined };
const files = { v4: '/proc/net/tcp', v6: '/proc/net/tcp6' } as const;
/** A reset may not be known yet where it has taken one away: so not one alone. */
const missesBeforeUnusable = 3;
/** Share of the kernel's places for ended connections that counts as full: they come and go between two looks. */
const mostInUse = 0.9;

export class ConnectionList {
  readonly #network: Pick<Network, 'readKernelFile'>;
  readonly #onUnusable: () => void;
  #hasShown = false;
  #isReported = false;
  /** Connections that it did not show though they were up. */
  #missing = 0;

  /** @param onUnusable called once, when the list turns out not to show enough */
  constructor(network: Pick<Network, 'readKernelFile'>, onUnusable: () => void) {
    this.#network = network;
    this.#onUnusable = onUnusable;
  }

  /**
   * Whether the kernel can be asked how a connection ended. Once the list has shown one of ours, it is not doubted any more.
   * @param ends of a connection that is up
   * @param isUp the connection is still up when the answer is there: otherwise its absence says nothing of the list
   */
  async isUsable(ends: ConnectionEnds, isUp: () => boolean): Promise<boolean> {
    if (this.#hasShown) return true;
    const shows = await this.#shows(ends).catch(() => 'no' as const);
    if (shows === 'yes') this.#hasShown = true;
    else if (shows === 'no' || (isUp() && ++this.#missing >= missesBeforeUnusable)) {
      if (!this.#isReported) this.#onUnusable();
      this.#isReported = true;
      return false;
    }
    return true;
  }

  /** Rejects where there is no list. */
  async look(ends: ConnectionEnds): Promise<Look> {
    const { localAddress, localPort, remoteAddress, remotePort } = ends;
    if (!localAddress || !localPort || !remoteAddress || !remotePort) return nothing;
    const isV6 = isIPv6(remoteAddress);
    const list = await this.#network.readKernelFile(isV6 ? files.v6 : files.v4);
    const local = listed(localAddress, localPort);
    const remote = listed(remoteAddress, remotePort);
    const ours = find(list, `${local} ${remote}`);
    if (isV6) return { ours, theirs: find(list, `${remote} ${local}`) };
    return {
      ours,
      theirs: find(list, `${remote} ${local}`) ?? (await this.#mapped(localAddress, remoteAddress, ends)),
    };
  }

  /** The kernel keeps no more connections that are over: one that it does not list may have ended well. */
  async isFull(): Promise<boolean> {
    return (await this.#waiting()) >= (await this.#mostWaiting()) * mostInUse;
  }

  /** An IPv4 peer may have an IPv6 socket. */
  async #mapped(localAddress: string, remoteAddress: string, ends: ConnectionEnds): Promise<Listed | undefined> {
    // A peer on another machine is not in the list.
    if (localAddress !== remoteAddress && !remoteAddress.startsWith('127.')) return undefined;
    const list = await this.#network.readKernelFile(files.v6).catch(() => '');
    const local = listed(`::ffff:${localAddress}`, ends.localPort ?? 0);
    const remote = listed(`::ffff:${remoteAddress}`, ends.remotePort ?? 0);
    return find(list, `${remote} ${local}`);
  }

  async #shows(ends: ConnectionEnds): Promise<'yes' | 'no' | 'not this one'> {
    if (!((await this.#mostWaiting()) > 0) || Number.isNaN(await this.#waiting())) return 'no';
    return (await this.look(ends)).ours ? 'yes' : 'not this one';
  }

  async #mostWaiting(): Promise<number> {
    return Number(await this.#network.readKernelFile('/proc/sys/net/ipv4/tcp_max_tw_buckets'));
  }

  async #waiting(): Promise<number> {
    return Number(/^TCP:.* tw (\d+)/m.exec(await this.#network.readKernelFile('/proc/net/sockstat'))?.[1]);
  }
}

/** In a line: `0: 0100007F:8861 0100007F:BD38 01 00000000:00000000 …`, state and bytes not acknowledged behind the ends. */
function find(list: string, ends: string): Listed | undefined {
  const at = list.indexOf(` ${ends} `);
  if (at < 0) return undefined;
  const start = at + ends.length + 2;
  return {
    state: list.slice(start, start + 2),
    unacknowledgedBytes: Number.parseInt(list.slice(start + 3, start + 11), 16),
  };
}

/** An address and port in the kernel's form: each 32 bits of the address in the machine's own order. `0100007F:0202` */
function listed(address: string, port: number): string {
  const bytes = isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number));
  if (endianness() === 'LE') bytes.swap32();
  return `${bytes.toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

/** @param address as Node gives it: an IPv4 address may stand in it, and a zone behind it */
function ipv6Bytes(address: string): Buffer {
  const [plain = ''] = address.split('%');
  const words = plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const pair = (high: string, low: string) => ((Number(high) << 8) | Number(low)).toString(16);
    return `${pair(a, b)}:${pair(c, d)}`;
  });
  const [head = '', tail] = words.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const [before, after] = [parse(head), parse(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const bytes = Buffer.alloc(16);
  const all = [...before, ...Array<number>(zeros).fill(0), ...after];
  for (const [index, word] of all.entries()) bytes.writeUInt16BE(word, index * 2);
  return bytes;
}
