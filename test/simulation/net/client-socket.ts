/**
 * A daemon's TCP socket: what the daemon uses of Node's `net.Socket`, over a simulated kernel. Its process hears of
 * everything through its event loop, as late as that comes to it.
 *
 * As Node: the write's callback comes when the kernel has taken every byte; `finish` behind the last of them; the peer's
 * end is one `end`, and after it nothing that arrives is noticed, except by a write that waits; with both ends there the
 * socket is destroyed; `close` is last.
 */
import { EventEmitter } from 'node:events';
import type { SimulatedProcess } from '../process.ts';
import type { TcpEnd } from './tcp.ts';

interface Write {
  readonly bytes: Buffer;
  /** Of the application's own, and not of a layer below it. */
  readonly payloadBytes: number;
  readonly done: (error?: Error) => void;
}

export class ClientSocket extends EventEmitter {
  destroyed = false;
  bytesRead = 0;
  localAddress: string | undefined;
  localPort: number | undefined;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  readonly #process: SimulatedProcess;
  readonly #onWrite: (bytes: number) => void;
  #end: TcpEnd | undefined;
  #writes: Write[] = [];
  #isFlowing = false;
  #isEnding = false;
  #isFinished = false;
  #hasSeenEnd = false;
  #isReading = false;

  /** @param onWrite told of what the process gives to the kernel */
  constructor(process: SimulatedProcess, onWrite: (bytes: number) => void) {
    super();
    this.#process = process;
    this.#onWrite = onWrite;
  }

  /** The connection is up. */
  connected(end: TcpEnd): void {
    this.#end = end;
    this.localAddress = end.local.address;
    this.localPort = end.local.port;
    this.remoteAddress = end.remote.address;
    this.remotePort = end.remote.port;
    end.attach({
      readable: () => this.#post(() => this.#read()),
      writable: () => this.#post(() => this.#flush()),
      reset: () => this.#post(() => this.#onReset()),
    });
    this.#process.onDeath(() => end.close());
    this.#post(() => this.emit('connect'));
  }

  failed(code: string): void {
    this.#post(() => this.destroy(errno(code, 'connect')));
  }

  resume(): this {
    this.#isFlowing = true;
    this.#post(() => this.#read());
    return this;
  }

  write(bytes: Uint8Array, done?: (error?: Error) => void): boolean {
    return this.send(bytes, bytes.length, done);
  }

  /** @param payloadBytes what of it is the application's: TLS has records of its own */
  send(bytes: Uint8Array, payloadBytes: number, done: (error?: Error) => void = () => undefined): boolean {
    if (this.destroyed || this.#isEnding) {
      this.#post(() => done(errno('EPIPE', 'write')), true);
      return false;
    }
    this.#writes.push({ bytes: Buffer.from(bytes), payloadBytes, done });
    this.#flush();
    return this.#writes.length === 0;
  }

  end(): this {
    if (this.#isEnding || this.destroyed) return this;
    this.#isEnding = true;
    this.#finishIfWritten();
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#end?.close();
    for (const { done } of this.#writes.splice(0)) this.#post(() => done(error), true);
    this.#post(() => {
      if (error) this.emit('error', error);
      this.emit('close', error !== undefined);
    }, true);
    return this;
  }

  resetAndDestroy(): this {
    this.#end?.reset();
    return this.destroy();
  }

  unref(): this {
    return this;
  }

  #flush(): void {
    const end = this.#end;
    if (!end || this.destroyed) return;
    if (end.isReset) {
      if (this.#writes.length > 0) this.#onReset();
      return;
    }
    while (this.#writes.length > 0 && end.hasRoom) {
      const { bytes, payloadBytes, done } = this.#writes.shift() as Write;
      if (payloadBytes > 0) this.#onWrite(payloadBytes);
      end.write(bytes);
      this.#post(() => done());
    }
    this.#finishIfWritten();
  }

  #finishIfWritten(): void {
    if (!this.#isEnding || this.#isFinished || this.#writes.length > 0 || !this.#end) return;
    this.#isFinished = true;
    this.#end.shutdown();
    this.#post(() => {
      this.emit('finish');
      if (this.#hasSeenEnd) this.destroy();
    });
  }

  #read(): void {
    if (!this.#isFlowing || this.#hasSeenEnd || this.#isReading || this.destroyed) return;
    this.#isReading = true;
    for (;;) {
      const read = this.#end?.read(65_536);
      if (read === undefined) break;
      if (read === 'end') {
        this.#hasSeenEnd = true;
        this.emit('end');
        if (this.#isFinished) this.#post(() => this.destroy());
        break;
      }
      this.bytesRead += read.length;
      this.emit('data', read);
      if (this.destroyed) break;
    }
    this.#isReading = false;
  }

  #onReset(): void {
    if (this.destroyed) return;
    // Nothing is polled for then: Node says no more.
    if (this.#hasSeenEnd && this.#writes.length === 0) return;
    this.#read();
    if (this.#hasSeenEnd && this.#writes.length === 0) return;
    this.destroy(errno('ECONNRESET', 'read'));
  }

  /** @param evenDestroyed it is said of a socket that is gone, too */
  #post(run: () => void, evenDestroyed = false): void {
    this.#process.post(() => {
      if (evenDestroyed || !this.destroyed) run();
    });
  }
}

export function errno(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
