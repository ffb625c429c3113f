/** How a receiver's process listens: its kernel takes connections in, and the process accepts them when it runs. */
import type { SimulatedProcess } from '../../process.ts';
import { own } from '../kernel/descriptors.ts';
import type { SimulatedHost, TcpListener } from '../kernel/host.ts';
import type { TcpEndpoint } from '../kernel/tcp-endpoint.ts';
import { type PeerSocket, TcpPeerSocket } from './peer-socket.ts';
import { TlsPeerSocket, type TlsServer } from './tls-peer-socket.ts';

export interface ListenOptions {
  readonly process: SimulatedProcess;
  /** Over TLS: behind the handshake. */
  onConnection(peer: PeerSocket): void;
  readonly tls?: TlsServer | undefined;
  readonly backlog?: number;
  readonly sendBytes?: number;
  readonly receiveBytes?: number;
}

export interface Listening {
  /** Whoever comes is reset, or not answered, though somebody listens. */
  turnsAway: 'reset' | 'drop' | undefined;
  /** Connections are taken in by the kernel all the same, up to the backlog. */
  isAccepting: boolean;
  /** Connections that were not accepted are reset; those that were go on. */
  close(): void;
}

const defaults = { backlog: 511, sendBytes: 256 << 10, receiveBytes: 128 << 10 };

export function listen(host: SimulatedHost, port: number, options: ListenOptions): Listening {
  const listening = new Listener(host, port, { ...defaults, ...options });
  host.listeners.set(port, listening);
  options.process.onDeath(() => listening.close());
  return listening;
}

type FullOptions = ListenOptions & typeof defaults;

class Listener implements TcpListener, Listening {
  turnsAway: 'reset' | 'drop' | undefined;
  readonly waiting = new Set<TcpEndpoint>();
  readonly #host: SimulatedHost;
  readonly #port: number;
  readonly #options: FullOptions;
  #isAccepting = true;
  #isPosted = false;

  constructor(host: SimulatedHost, port: number, options: FullOptions) {
    this.#host = host;
    this.#port = port;
    this.#options = options;
  }

  get owner(): SimulatedProcess {
    return this.#options.process;
  }

  get backlog(): number {
    return this.#options.backlog;
  }

  get sizes(): FullOptions {
    return this.#options;
  }

  get isAccepting(): boolean {
    return this.#isAccepting;
  }

  set isAccepting(does: boolean) {
    this.#isAccepting = does;
    if (does) this.onWaiting();
  }

  onWaiting(): void {
    if (this.#isPosted || !this.#isAccepting) return;
    this.#isPosted = true;
    this.#options.process.post(() => {
      this.#isPosted = false;
      this.#accept();
    });
  }

  close(): void {
    if (this.#host.listeners.get(this.#port) === this) this.#host.listeners.delete(this.#port);
    for (const endpoint of this.waiting) endpoint.abort();
    this.waiting.clear();
  }

  #accept(): void {
    const { process, tls, onConnection } = this.#options;
    for (const endpoint of this.waiting) {
      if (!this.#isAccepting) return;
      this.waiting.delete(endpoint);
      own(process, endpoint);
      const peer = new TcpPeerSocket(this.#host.countConnection(), process, endpoint);
      if (tls) new TlsPeerSocket(peer, tls, onConnection);
      else onConnection(peer);
    }
  }
}
