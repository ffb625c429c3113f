/**
 * The network of a world: hosts, the ways between them, names, and what each process sees of it (`Network` of
 * src/sink/network.ts). Below that it is a model of Linux' TCP (kernel/) and of Node's sockets (node/), which
 * kernel-conformance.test.ts holds to the real ones.
 *
 * Where it is coarser:
 *   - No congestion control, no Nagle: what the peer's window has room for is sent at once, in segments of up to 64 KiB.
 *   - Each is acknowledged at once. A real kernel puts that off for 40 ms and more, for a FIN too: FIN_WAIT1 is shorter here.
 *   - What is lost is sent again by the timer only, from the first byte that is missing; what came behind a gap is not kept.
 *   - Buffers count bytes of content, are of a fixed size, and do not grow. Sequence numbers do not wrap.
 *   - Round trips are not measured: the first retransmission is due after 200 ms and twice the way's round trip.
 *   - A reset is taken for true whatever its number; there are no challenge acknowledgements. SYN floods, cookies, fast
 *     open, urgent data, simultaneous open (and so self-connections) are left out.
 *   - A connection that waits to be accepted counts for the backlog when it is up; a SYN above that is not answered.
 *   - Addresses without a host answer nothing; no ICMP but that of a UDP port that nobody listens on. Paths have no MTU.
 *   - TLS is records and round trips, not cryptography: nobody is verified, no key is updated, a ticket is never too old.
 *   - A process that dies closes its descriptors at that moment, all of them, in the order in which they were opened.
 */
import type { Socket as DatagramSocket } from 'node:dgram';
import { isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { Network } from '../../../src/sink/network.ts';
import type { SimulatedProcess } from '../process.ts';
import type { Scheduler } from '../scheduler.ts';
import { own } from './kernel/descriptors.ts';
import { SimulatedHost } from './kernel/host.ts';
import { Path, type PathOptions } from './kernel/path.ts';
import { SimulatedDatagramSocket } from './node/datagram-socket.ts';
import { dial } from './node/dial.ts';
import { notFound, systemError } from './node/errors.ts';
import type { NodeRelease } from './node/node-release.ts';
import type { OnWrite } from './node/on-write.ts';
import type { SimulatedSocket } from './node/socket.ts';
import { SimulatedTlsSocket } from './node/tls-socket.ts';

export interface NetworkOptions {
  /** Between hosts of which nothing else is said. */
  readonly path?: PathOptions;
  readonly sendBytes?: number;
  readonly receiveBytes?: number;
  readonly lookupMs?: number;
}

export interface ViewOptions {
  readonly host: SimulatedHost;
  /** Told of what the process gives to its kernel. */
  readonly onWrite?: OnWrite;
  /** Of Node, that the process runs on. */
  readonly release?: NodeRelease;
}

const defaults = { path: { delayMs: 0.2 }, sendBytes: 256 << 10, receiveBytes: 128 << 10, lookupMs: 1 };
const loopback: PathOptions = { delayMs: 0.02 };

export class SimulatedNetwork {
  readonly #scheduler: Scheduler;
  readonly #random: () => number;
  readonly #options: Required<NetworkOptions>;
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #owners = new Map<string, SimulatedHost>();
  readonly #paths = new Map<string, Path>();
  readonly #names = new Map<string, readonly string[]>();

  constructor(scheduler: Scheduler, random: () => number, options: NetworkOptions = {}) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#options = { ...defaults, ...options };
  }

  /** Made when it is asked for first; its name stands for its addresses then. */
  host(name: string, addresses: readonly string[] = []): SimulatedHost {
    let host = this.#hosts.get(name);
    if (!host) {
      const routes = {
        hostOf: (address: string) => this.#owners.get(address),
        path: (from: SimulatedHost, to: SimulatedHost) => this.path(from, to),
      };
      host = new SimulatedHost(name, this.#scheduler, routes);
      const id = this.#hosts.size + 1;
      this.#hosts.set(name, host);
      const own = addresses.length > 0 ? addresses : [`10.0.${id >> 8}.${id & 255}`];
      for (const address of own) this.moveAddress(address, host);
      this.setName(name, own);
    }
    return host;
  }

  /** From now on that host has it, and nobody else: its connections stay with the host that had it. */
  moveAddress(address: string, to: SimulatedHost | undefined): void {
    this.#owners.get(address)?.addresses.delete(address);
    this.#owners.delete(address);
    if (!to) return;
    to.addresses.add(address);
    this.#owners.set(address, to);
  }

  /** What a name stands for from now on; nothing: it is not known. */
  setName(name: string, addresses: readonly string[]): void {
    this.#names.set(name, addresses);
  }

  /** One direction. */
  path(from: SimulatedHost, to: SimulatedHost): Path {
    const key = `${from.name} ${to.name}`;
    let path = this.#paths.get(key);
    if (!path) {
      path = new Path(this.#scheduler, this.#random, from === to ? loopback : this.#options.path);
      this.#paths.set(key, path);
    }
    return path;
  }

  /** Both directions. */
  setPath(a: SimulatedHost, b: SimulatedHost, options: PathOptions): void {
    for (const path of this.#between(a, b)) path.options = options;
  }

  /** Nothing arrives any more, in either direction. */
  cut(a: SimulatedHost, b: SimulatedHost): void {
    for (const path of this.#between(a, b)) path.cut();
  }

  heal(a: SimulatedHost, b: SimulatedHost): void {
    for (const path of this.#between(a, b)) path.heal();
  }

  /** What a process sees; without more said, from a host of its own name. */
  of(
    process: SimulatedProcess,
    { host = this.host(process.name), onWrite = () => undefined, release = 20 }: Partial<ViewOptions> = {},
  ): Network {
    const { sendBytes, receiveBytes } = this.#options;
    const lookup = this.#lookupOf(process);
    const dialContext = {
      process,
      host,
      lookup,
      sizes: { sendBytes, receiveBytes },
      onWrite,
      release,
      own: (endpoint: Parameters<typeof own>[1]) => own(process, endpoint),
    };
    return {
      connect: (options: TcpNetConnectOpts) => dial(dialContext, options) as unknown as Socket,
      connectTls: ({ socket, session }: ConnectionOptions) =>
        new SimulatedTlsSocket(process, socket as unknown as SimulatedSocket, session) as unknown as TLSSocket,
      createDatagramSocket: () => new SimulatedDatagramSocket({ process, host, onWrite }) as unknown as DatagramSocket,
      lookup,
      readKernelFile: (path) =>
        new Promise((resolve, reject) => {
          // Read in a thread of its own: it is told a turn later.
          const text = host.kernelFile(path);
          process.post(() => {
            if (text === undefined) reject(systemError('ENOENT', 'open'));
            else resolve(text);
          });
        }),
    };
  }

  #between(a: SimulatedHost, b: SimulatedHost): Path[] {
    return [this.path(a, b), this.path(b, a)];
  }

  #lookupOf(process: SimulatedProcess): LookupFunction {
    return (hostname, options, done) => {
      const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : (options.family ?? 0);
      process.post(() => {
        const found = this.#resolve(hostname).filter((each) => family === 0 || each.family === family);
        const [first] = found;
        if (!first) done(notFound(hostname), []);
        else if (options.all) done(null, found);
        else done(null, first.address, first.family);
      }, this.#options.lookupMs);
    };
  }

  #resolve(hostname: string): { address: string; family: number }[] {
    const addresses = isIP(hostname)
      ? [hostname]
      : (this.#names.get(hostname) ?? (hostname === 'localhost' ? ['127.0.0.1'] : []));
    return addresses.map((address) => ({ address, family: isIP(address) }));
  }
}
