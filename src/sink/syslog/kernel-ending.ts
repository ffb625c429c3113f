/**
 * How a connection ended, by the kernel's own list of TCP connections (Linux: /proc/net/tcp). Node tells the peer's end,
 * and nothing that comes behind it: a receiver that is stopped while it has not read everything sends a close_notify all
 * the same, and a reset behind it; one that has read all that it got so far ends its side too, though more is on the way.
 *
 *   TIME_WAIT                           both sides have ended, and the peer has acknowledged ours: it took everything
 *                                       before it ended                                             → acknowledged
 *   FIN_WAIT1, FIN_WAIT2, CLOSING, …    one of that is still to come                                → asked again
 *   no longer there                     reset, with something of ours thrown away                   → reset
 *
 * Only a connection of which we were seen to be the first to end says so: where the peer's end came before our FIN was out
 * (over TLS it answers the close_notify in front of that), it leaves the list without TIME_WAIT. Of such a one, which was
 * answered within milliseconds, nothing is known; nor where connections are not listed (another system, a sandbox), or more
 * of them are over than the kernel keeps. Node's word counts then.
 */
import { isIPv6, type Socket } from 'node:net';
import { endianness } from 'node:os';
import type { Clock, Timer } from '../../time/clock.ts';
import type { Network } from '../network.ts';

export type Outcome = 'acknowledged' | 'reset' | 'unknown';

/** Both ends of a connection, while it is up. */
export type ConnectionEnds = Pick<Socket, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>;

const FIN_WAIT1 = '04';
const FIN_WAIT2 = '05';
const TIME_WAIT = '06';
/** Those that answer at once are not asked about. */
const firstLookMs = 5;
/** A look costs the kernel a walk over its whole table, a millisecond or two: mostly one is to be enough. */
const firstPauseMs = 5;
const longestPauseMs = 250;

export class KernelEnding {
  readonly #clock: Clock;
  readonly #network: Pick<Network, 'readKernelFile'>;
  readonly #file: string;
  readonly #ends: string | undefined;
  #timer: Timer | undefined;
  /** We have ended our side, and the peer had not. */
  #isFirst: Promise<boolean> = Promise.resolve(false);

  /** @param ends of a connection that is up */
  constructor(ends: ConnectionEnds, clock: Clock, network: Pick<Network, 'readKernelFile'>) {
    const { localAddress, localPort, remoteAddress, remotePort } = ends;
    this.#clock = clock;
    this.#network = network;
    this.#file = remoteAddress && isIPv6(remoteAddress) ? '/proc/net/tcp6' : '/proc/net/tcp';
    if (!localAddress || !localPort || !remoteAddress || !remotePort) return;
    this.#ends = `${listed(localAddress, localPort)} ${listed(remoteAddress, remotePort)}`;
  }

  /** Our end is out. */
  weEnded(): void {
    this.#timer = this.#clock.timer(firstLookMs, () => {
      this.#isFirst = this.#state().then(
        (state) => state === FIN_WAIT1 || state === FIN_WAIT2,
        () => false,
      );
    });
  }

  /** The peer has ended its side, after ours. Rejects when the signal aborts. */
  async outcome(signal: AbortSignal): Promise<Outcome> {
    this.#clock.cancel(this.#timer);
    if (!(await this.#isFirst)) return 'unknown';
    try {
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
        await this.#clock.sleep(pauseMs, { signal });
        const state = await this.#state();
        signal.throwIfAborted();
        if (state === TIME_WAIT) return 'acknowledged';
        if (state === undefined) return (await this.#isKept()) ? 'reset' : 'unknown';
      }
    } catch {
      signal.throwIfAborted();
      return 'unknown';
    }
  }

  /** Two hexadecimal digits; undefined where the connection is not listed. */
  async #state(): Promise<string | undefined> {
    if (this.#ends === undefined) return undefined;
    const list = await this.#network.readKernelFile(this.#file);
    const at = list.indexOf(` ${this.#ends} `);
    return at < 0 ? undefined : list.slice(at + this.#ends.length + 2, at + this.#ends.length + 4);
  }

  /** Connections that are over are all listed. */
  async #isKept(): Promise<boolean> {
    const most = Number(await this.#network.readKernelFile('/proc/sys/net/ipv4/tcp_max_tw_buckets'));
    const waiting = Number(/^TCP:.* tw (\d+)/m.exec(await this.#network.readKernelFile('/proc/net/sockstat'))?.[1]);
    return waiting < most * mostInUse;
  }
}

/** Of the places for connections that are over: short of all, for they come and go between two looks. */
const mostInUse = 0.9;

/** As the kernel writes it: each 32 bits of the address in the machine's own order. `0100007F:0202` */
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
