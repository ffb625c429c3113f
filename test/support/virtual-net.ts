/** Servers on the simulated network, with sockets that have of Node's API what receivers of tests use. */
import { EventEmitter } from 'node:events';
import type net from 'node:net';
import type { Machine } from '../../src/machine.ts';
import type { Network } from '../../src/sink/network.ts';
import { SimulatedNetwork } from '../simulation/net/network.ts';
import type { Peer } from '../simulation/net/peer.ts';
import type { SimulatedProcess } from '../simulation/process.ts';
import type { VirtualTime } from './virtual-time.ts';

const host = '127.0.0.1';
/** One way, as on loopback. */
const delayMs = 0.02;
const receiveBytes = 128 << 10;
const highWaterBytes = 64 << 10;
const firstPort = 20_000;

/** One host, on which everybody listens. */
export class VirtualNet {
  readonly simulated: SimulatedNetwork;
  readonly #time: VirtualTime;
  #nextPort = firstPort;

  constructor(time: VirtualTime) {
    this.#time = time;
    const { scheduler } = time;
    this.simulated = new SimulatedNetwork({ scheduler, random: () => time.random(), lossRate: () => 0 });
    this.simulated.addHost(host, delayMs);
  }

  /** A port on which nobody listens. */
  freePort(): number {
    return this.#nextPort++;
  }

  /** For `createSyslogSink`. */
  get network(): Network {
    return this.viewOf(this.#time.process);
  }

  viewOf(process: SimulatedProcess): Network {
    return this.simulated.viewOf(process, '192.0.2.1', () => undefined);
  }

  machineOf(process: SimulatedProcess, openHttp: Machine['openHttp']): Machine {
    return { clock: process.clock, network: this.viewOf(process), ...(openHttp && { openHttp }) };
  }

  /** As `net.createServer({ allowHalfOpen: true }, …)`. */
  readonly createServer = (onConnection: (socket: net.Socket) => void): net.Server =>
    new VirtualServer(this.#time, this, onConnection) as unknown as net.Server;
}

class VirtualServer extends EventEmitter {
  readonly #time: VirtualTime;
  readonly #net: VirtualNet;
  readonly #open = new Set<VirtualSocket>();
  #port = 0;
  listening = false;

  constructor(time: VirtualTime, net: VirtualNet, onConnection: (socket: net.Socket) => void) {
    super();
    this.#time = time;
    this.#net = net;
    this.on('connection', onConnection);
  }

  address(): { address: string; port: number; family: string } {
    return { address: host, port: this.#port, family: 'IPv4' };
  }

  listen(port: number, _host: string, done: () => void): this {
    this.#port = port || this.#net.freePort();
    this.listening = true;
    this.#net.simulated.listen(host, this.#port, {
      process: this.#time.process,
      tls: undefined,
      receiveBytes,
      connected: (peer) => this.#accept(peer),
    });
    this.#time.clock.soon(() => {
      this.emit('listening');
      done();
    });
    return this;
  }

  close(done?: () => void): this {
    if (done) this.once('close', done);
    if (this.listening) this.#net.simulated.stopListening(host, this.#port);
    this.listening = false;
    this.#closeIfDone();
    return this;
  }

  #accept(peer: Peer): void {
    const socket = new VirtualSocket(this.#time, peer);
    this.#open.add(socket);
    socket.on('close', () => {
      this.#open.delete(socket);
      this.#closeIfDone();
    });
    this.emit('connection', socket);
    socket.begin();
  }

  #closeIfDone(): void {
    if (!this.listening && this.#open.size === 0) this.#time.clock.soon(() => this.emit('close'));
  }
}

/** The server's side. As Node: it reads ahead a little where nobody does, and is destroyed with both its ends there. */
class VirtualSocket extends EventEmitter {
  readonly remotePort: number;
  readonly #time: VirtualTime;
  readonly #peer: Peer;
  #flowing: boolean | undefined;
  #ahead: Buffer[] = [];
  #aheadBytes = 0;
  #peerEnded = false;
  #sawEnd = false;
  #isEnding = false;
  #idle: { readonly refresh: () => void; readonly cancel: () => void } | undefined;
  destroyed = false;
  writableFinished = false;
  bytesRead = 0;

  constructor(time: VirtualTime, peer: Peer) {
    super();
    this.#time = time;
    this.#peer = peer;
    this.remotePort = peer.id;
    peer.onReadable = () => this.#pump();
    peer.onReset = () => this.#onReset();
  }

  /** Its listeners are there. */
  begin(): void {
    this.#pump();
  }

  get readableLength(): number {
    return this.#aheadBytes;
  }

  override on(event: string, listener: (...args: never[]) => void): this {
    super.on(event, listener as never);
    if (event === 'data' && this.#flowing !== false) this.resume();
    return this;
  }

  resume(): this {
    this.#flowing = true;
    this.#time.clock.soon(() => this.#pump());
    return this;
  }

  pause(): this {
    this.#flowing = false;
    return this;
  }

  end(): this {
    if (this.#isEnding || this.destroyed) return this;
    this.#isEnding = true;
    this.#peer.end();
    this.#time.clock.soon(() => {
      if (this.destroyed) return;
      this.writableFinished = true;
      this.emit('finish');
      if (this.#sawEnd) this.destroy();
    });
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#idle?.cancel();
    this.#peer.close();
    this.#time.clock.soon(() => {
      if (error) this.emit('error', error);
      this.emit('close', error !== undefined);
    });
    return this;
  }

  resetAndDestroy(): this {
    if (!this.destroyed) this.#peer.reset();
    return this.destroy();
  }

  setTimeout(idleMs: number, onIdle: () => void): this {
    const timer = this.#time.clock.timer(idleMs, () => {
      if (!this.destroyed) onIdle();
    });
    this.#idle = { refresh: () => timer.refresh(), cancel: () => this.#time.clock.cancel(timer) };
    return this;
  }

  #pump(): void {
    if (this.destroyed) return;
    if (!this.#flowing) {
      this.#readAhead();
      return;
    }
    while (this.#flowing && !this.destroyed) {
      const next = this.#ahead.shift() ?? this.#read();
      if (!next) break;
      this.#aheadBytes = Math.max(0, this.#aheadBytes - next.length);
      this.emit('data', next);
    }
    if (this.#flowing && this.#peerEnded && !this.#sawEnd && !this.destroyed) {
      this.#sawEnd = true;
      this.emit('end');
      if (this.writableFinished) this.destroy();
    }
  }

  #readAhead(): void {
    const [bytesBefore, endedBefore] = [this.#aheadBytes, this.#peerEnded];
    while (this.#aheadBytes < highWaterBytes) {
      const next = this.#read();
      if (!next) break;
      this.#ahead.push(next);
      this.#aheadBytes += next.length;
    }
    if (this.#aheadBytes > bytesBefore || this.#peerEnded !== endedBefore) this.emit('readable');
  }

  #read(): Buffer | undefined {
    if (this.#peerEnded) return undefined;
    const read = this.#peer.read(highWaterBytes);
    if (read === 'end') this.#peerEnded = true;
    if (read === 'end' || read === undefined) return undefined;
    this.bytesRead += read.length;
    this.#idle?.refresh();
    return read;
  }

  #onReset(): void {
    if (this.destroyed) return;
    if (this.#flowing) this.#pump();
    this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }
}
