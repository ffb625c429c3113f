/** One machine in virtual time: its network, on which everybody is, and servers on it that are as Node's. */
import { EventEmitter } from 'node:events';
import type net from 'node:net';
import type { Network } from '../../../src/sink/network.ts';
import type { SimulatedHost } from '../../simulation/net/kernel/host.ts';
import { systemError } from '../../simulation/net/node/errors.ts';
import { ownRelease } from '../../simulation/net/node/node-release.ts';
import { SimulatedSocket } from '../../simulation/net/node/socket.ts';
import { StreamHandle } from '../../simulation/net/node/stream-handle.ts';
import { type Listening, listen } from '../../simulation/net/peers/listen.ts';
import type { PeerSocket } from '../../simulation/net/peers/peer-socket.ts';
import { SimulatedNetwork } from '../../simulation/net/simulated-network.ts';
import type { SimulatedProcess } from '../../simulation/process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** About as large as the kernel's are on its loopback. */
const sizes = { sendBytes: 2_500_000 };
/** Below those that the kernel gives to whoever connects. */
const firstPort = 20_000;

export type CreateServer = (onConnection: (socket: net.Socket) => void) => net.Server;

export class VirtualNet {
  readonly host: SimulatedHost;
  readonly #network: SimulatedNetwork;
  readonly #time: VirtualTime;
  #nextPort = firstPort;

  constructor(time: VirtualTime) {
    this.#time = time;
    this.#network = new SimulatedNetwork(time.scheduler, () => time.random(), sizes);
    this.host = this.#network.host('machine', ['10.0.0.1']);
  }

  /** A port on which nobody listens. */
  freePort(): number {
    return this.#nextPort++;
  }

  /** What a process has of it; by default the test's own, for a sink without a daemon. */
  of(process: SimulatedProcess = this.#time.process): Network {
    return this.#network.of(process, { host: this.host });
  }

  /** As `net.createServer({ allowHalfOpen: true }, …)`. */
  readonly createServer: CreateServer = (onConnection) => {
    const server = new VirtualServer(this.#time.process, this);
    server.on('connection', onConnection);
    return server as unknown as net.Server;
  };
}

/** Of `net.Server` what receivers of tests use. */
class VirtualServer extends EventEmitter {
  readonly #process: SimulatedProcess;
  readonly #net: VirtualNet;
  readonly #open = new Set<SimulatedSocket>();
  #listening: Listening | undefined;
  #port = 0;

  constructor(process: SimulatedProcess, net: VirtualNet) {
    super();
    this.#process = process;
    this.#net = net;
  }

  get listening(): boolean {
    return this.#listening !== undefined;
  }

  address(): { address: string; port: number; family: string } {
    return { address: '127.0.0.1', port: this.#port, family: 'IPv4' };
  }

  listen(port: number, _address: string, done: () => void): this {
    this.#port = port || this.#net.freePort();
    const { host } = this.#net;
    if (host.listeners.has(this.#port)) {
      this.#process.post(() => this.emit('error', systemError('EADDRINUSE', 'listen')));
      return this;
    }
    const onConnection = (peer: PeerSocket) => this.#accept(peer);
    this.#listening = listen(host, this.#port, { process: this.#process, onConnection });
    this.#process.post(() => {
      this.emit('listening');
      done();
    });
    return this;
  }

  close(done?: () => void): this {
    if (done) this.once('close', done);
    this.#listening?.close();
    this.#listening = undefined;
    this.#closeIfDone();
    return this;
  }

  #accept({ endpoint }: PeerSocket): void {
    const socket = new SimulatedSocket({ allowHalfOpen: true, release: ownRelease() });
    // Node reads ahead, as far as its buffer goes, before anybody asks.
    const options = { release: ownRelease(), onWrite: () => undefined };
    socket.adopt(new StreamHandle(this.#process, endpoint, options), endpoint.local, endpoint.remote);
    socket.read(0);
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#closeIfDone();
    });
    this.emit('connection', socket);
  }

  #closeIfDone(): void {
    if (!this.listening && this.#open.size === 0) this.#process.post(() => this.emit('close'));
  }
}
