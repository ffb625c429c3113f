/**
 * `net.Socket`, as far as the daemon uses it. As in Node it is a `Duplex` over a handle, so that the order of its events,
 * and when it destroys itself, are Node's own.
 */
import { Duplex } from 'node:stream';
import type { Address } from '../kernel/segment.ts';
import { cancelsWrites, type NodeRelease } from './node-release.ts';
import type { Handle } from './stream-handle.ts';

export interface SocketOptions {
  readonly allowHalfOpen: boolean;
  readonly release: NodeRelease;
}

type Done = (error?: Error | null) => void;

export class SimulatedSocket extends Duplex {
  connecting = false;
  localAddress: string | undefined;
  localPort: number | undefined;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  readonly release: NodeRelease;
  handle: Handle | undefined;
  /** Given up while it was dialled. */
  onGivenUp: (() => void) | undefined;
  #bytesRead = 0;
  #bytesWritten = 0;
  #resets = false;

  constructor({ allowHalfOpen, release }: SocketOptions) {
    super({ allowHalfOpen, emitClose: false, autoDestroy: true, decodeStrings: true });
    this.release = release;
  }

  get bytesRead(): number {
    return this.handle?.bytesRead ?? this.#bytesRead;
  }

  get bytesWritten(): number {
    return this.handle?.bytesWritten ?? this.#bytesWritten;
  }

  get pending(): boolean {
    return !this.handle || this.connecting;
  }

  /** The connection is up. */
  adopt(handle: Handle, local: Address, remote: Address): void {
    this.handle = handle;
    this.localAddress = local.address;
    this.localPort = local.port;
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
    handle.onRead = (what) => this.#onRead(what);
  }

  connected(): void {
    this.connecting = false;
    this.emit('connect');
    this.emit('ready');
    if (!this.isPaused()) this.read(0);
  }

  resetAndDestroy(): this {
    this.#resets = this.handle !== undefined;
    return this.destroy();
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    if (this.connecting) this.once('connect', () => this._read());
    else this.handle?.startReading();
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#write([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.#write(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: Done): void {
    if (this.connecting) this.once('connect', () => this._final(done));
    else if (this.handle) this.handle.shutdown(() => done());
    else done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.connecting = false;
    this.onGivenUp?.();
    const { handle } = this;
    if (!handle) {
      done(error);
      process.nextTick(() => this.emit('close', error !== null));
      return;
    }
    this.#bytesRead = handle.bytesRead;
    this.#bytesWritten = handle.bytesWritten;
    const closed = () => this.emit('close', error !== null);
    if (this.#resets) handle.reset(closed);
    else handle.close(closed);
    handle.onRead = () => undefined;
    this.handle = undefined;
    this.localAddress = undefined;
    this.localPort = undefined;
    done(error);
  }

  #write(chunks: readonly Buffer[], done: Done): void {
    if (this.connecting) {
      const onClose = () => {
        const error = new Error('Socket closed before the connection was established');
        done(Object.assign(error, { code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' }));
      };
      this.once('close', onClose);
      this.once('connect', () => {
        this.off('close', onClose);
        this.#write(chunks, done);
      });
      return;
    }
    if (!this.handle) {
      done(Object.assign(new Error('This socket has been ended by the other party'), { code: 'ERR_SOCKET_CLOSED' }));
      return;
    }
    const tells = cancelsWrites(this.release);
    const outcome = this.handle.write(chunks, (error) => done(this.destroyed && !tells ? null : error));
    if (outcome === 'done') done();
    else if (outcome !== 'later') done(outcome);
  }

  #onRead(what: Buffer | 'end' | Error): void {
    if (what instanceof Error) this.destroy(what);
    else if (what === 'end') {
      if (this.readableEnded) return;
      this.push(null);
      this.read(0);
    } else if (!this.push(what)) this.handle?.stopReading();
  }
}
