/**
 * `dgram.Socket`, connected, as far as the daemon uses it. That nobody listens at the other end is told once for each
 * datagram that came back: by the next send, or by an event, whichever is first.
 */
import { EventEmitter } from 'node:events';
import type { SimulatedProcess } from '../../process.ts';
import type { DatagramPort, SimulatedHost } from '../kernel/host.ts';
import type { Address } from '../kernel/segment.ts';
import { systemError } from './errors.ts';
import type { OnWrite } from './on-write.ts';

const mostBytes = 65_507;

export interface DatagramContext {
  readonly process: SimulatedProcess;
  readonly host: SimulatedHost;
  readonly onWrite: OnWrite;
}

export class SimulatedDatagramSocket extends EventEmitter implements DatagramPort {
  readonly #context: DatagramContext;
  #local: Address = { address: '', port: 0 };
  #remote: Address = { address: '', port: 0 };
  #isRefused = false;
  #isClosed = false;

  constructor(context: DatagramContext) {
    super();
    this.#context = context;
    context.process.onDeath(() => this.#release());
  }

  get address(): Address {
    return this.#local;
  }

  connect(port: number, address: string, done?: () => void): void {
    const { host, process } = this.#context;
    if (done) this.once('connect', done);
    process.post(() => {
      if (this.#isClosed) return;
      this.#remote = { address, port };
      this.#local = { address: host.addressTowards(address), port: host.freeDatagramPort() };
      host.datagramPorts.set(this.#local.port, this);
      this.emit('connect');
    });
  }

  remoteAddress(): { address: string; port: number; family: string } {
    return { ...this.#remote, family: this.#remote.address.includes(':') ? 'IPv6' : 'IPv4' };
  }

  send(bytes: Uint8Array, offset: number, length: number, done?: (error: Error | null, bytes: number) => void): void {
    const code = length > mostBytes ? 'EMSGSIZE' : this.#isRefused ? 'ECONNREFUSED' : undefined;
    if (code === 'ECONNREFUSED') this.#isRefused = false;
    if (code === undefined) {
      this.#context.onWrite([bytes.subarray(offset, offset + length)]);
      const copy = Buffer.from(bytes.subarray(offset, offset + length));
      this.#context.host.sendDatagram(this.#local, this.#remote, copy);
    }
    const error = code === undefined ? null : systemError(code, 'send');
    if (done) process.nextTick(done, error, length);
    else if (error) process.nextTick(() => this.emit('error', error));
  }

  close(): this {
    if (this.#isClosed) throw Object.assign(new Error('Not running'), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
    this.#release();
    process.nextTick(() => this.emit('close'));
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  receive(from: Address, bytes: Buffer): void {
    this.#context.process.post(() => {
      if (!this.#isClosed) this.emit('message', bytes, from);
    });
  }

  refused(): void {
    this.#isRefused = true;
    this.#context.process.post(() => {
      if (!this.#isRefused || this.#isClosed) return;
      this.#isRefused = false;
      this.emit('error', systemError('ECONNREFUSED', 'recvmsg'));
    });
  }

  #release(): void {
    this.#isClosed = true;
    const { datagramPorts } = this.#context.host;
    if (datagramPorts.get(this.#local.port) === this) datagramPorts.delete(this.#local.port);
  }
}
