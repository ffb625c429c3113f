/**
 * A proxy in TCP mode, as HAProxy is one: it accepts, connects onward, and passes on bytes and ends. What it has read of
 * one side and not written to the other it holds itself, so that a peer behind it has read less than its kernel says.
 *
 *   passing  bytes go both ways; behind the last of them an end does, too.   Both ends passed on → closed.
 *            The backend refuses, resets, or does not answer → dying. The client resets → the backend is closed.
 *   dying    the client gets a clean FIN, whatever of it was passed on; what it still sends is thrown away, until
 *            it ends its side, or for `dyingMs`.
 */
import type { SimulatedProcess } from '../../process.ts';
import { own } from '../kernel/descriptors.ts';
import type { SimulatedHost } from '../kernel/host.ts';
import type { Address } from '../kernel/segment.ts';
import { type Listening, listen } from './listen.ts';
import { type PeerSocket, TcpPeerSocket } from './peer-socket.ts';

export interface ProxyOptions {
  readonly host: SimulatedHost;
  readonly process: SimulatedProcess;
  readonly port: number;
  /** Asked for each connection anew. */
  backend(): Address;
  /** What it holds of each direction. */
  readonly bufferBytes?: number;
  readonly connectTimeoutMs?: number;
}

const defaults = { bufferBytes: 16_384, connectTimeoutMs: 5000 };
const sizes = { sendBytes: 256 << 10, receiveBytes: 128 << 10 };
const dyingMs = 10_000;

export class TcpProxy {
  readonly listening: Listening;
  readonly #options: Required<ProxyOptions>;
  readonly #passages = new Set<Passage>();

  constructor(options: ProxyOptions) {
    const { host, port, process } = options;
    this.#options = { ...defaults, ...options };
    this.listening = listen(host, port, { process, onConnection: (client) => this.#accept(client) });
  }

  get connections(): number {
    return this.#passages.size;
  }

  #accept(client: PeerSocket): void {
    const passage = new Passage(client as TcpPeerSocket, this.#options, () => this.#passages.delete(passage));
    this.#passages.add(passage);
  }
}

class Passage {
  readonly #client: TcpPeerSocket;
  readonly #server: TcpPeerSocket;
  readonly #options: Required<ProxyOptions>;
  readonly #over: () => void;
  readonly #ended = new Set<TcpPeerSocket>();
  #state: 'connecting' | 'passing' | 'dying' | 'closed' = 'connecting';

  constructor(client: TcpPeerSocket, options: Required<ProxyOptions>, over: () => void) {
    const { host, process, connectTimeoutMs } = options;
    this.#client = client;
    this.#options = options;
    this.#over = over;
    const endpoint = host.connect(options.backend(), sizes);
    own(process, endpoint);
    this.#server = new TcpPeerSocket(client.id, process, endpoint);
    this.#server.onWritable = () => this.#move();
    this.#server.onReadable = () => this.#move();
    client.onReadable = () => this.#move();
    client.onWritable = () => this.#move();
    process.post(() => {
      if (this.#state === 'connecting') this.#die();
    }, connectTimeoutMs);
  }

  #move(): void {
    if (this.#state === 'connecting') {
      if (this.#server.endpoint.isBroken) this.#die();
      if (!this.#server.endpoint.isConnected) return;
      this.#state = 'passing';
    }
    if (this.#state === 'passing') {
      this.#pass(this.#client, this.#server);
      this.#pass(this.#server, this.#client);
      if (this.#ended.size === 2) this.#close();
    }
    if (this.#state === 'dying') this.#drain();
  }

  #pass(from: TcpPeerSocket, to: TcpPeerSocket): void {
    while (this.#state === 'passing' && !to.isWriting && !this.#ended.has(from)) {
      const what = from.read(this.#options.bufferBytes);
      if (what === undefined) return;
      if (what === 'reset') {
        if (from === this.#server) this.#die();
        else this.#close();
      } else if (what === 'end') {
        this.#ended.add(from);
        to.end();
      } else if (!to.write(what) && to === this.#server) this.#die();
    }
  }

  #die(): void {
    if (this.#state === 'dying' || this.#state === 'closed') return;
    this.#state = 'dying';
    this.#server.close();
    this.#client.end();
    this.#options.process.post(() => this.#close(), dyingMs);
    this.#drain();
  }

  #drain(): void {
    for (;;) {
      const what = this.#client.read(this.#options.bufferBytes);
      if (what === undefined) return;
      if (typeof what !== 'string') continue;
      this.#close();
      return;
    }
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#client.close();
    this.#server.close();
    this.#over();
  }
}
