/**
 * What Node's sockets stand on (libuv's stream, and Node's wrap of it): it polls a connection of the kernel's from the
 * event loop of a process. One event of the loop sees everything that there is by then, in libuv's order: reads first,
 * then writes, then the end of our side.
 *
 * libuv's own ways are kept, since the daemon meets them:
 *   - after the peer's end it polls no more, but for a write that waits: a reset behind that is not noticed;
 *   - a reset behind bytes that are read in the same event is told as an end by older releases of Node.
 */
import type { SimulatedProcess } from '../../process.ts';
import type { Errno, TcpEndpoint } from '../kernel/tcp-endpoint.ts';
import { systemError } from './errors.ts';
import { cancelsWrites, type NodeRelease, tellsResetBehindBytes } from './node-release.ts';
import type { OnWrite } from './on-write.ts';

/** 'later': the callback will be called. */
export type WriteOutcome = 'done' | 'later' | Error;

/** Of a connection that is up: what a socket does with it. A TLS one stands on another. */
export interface Handle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  onRead: (what: Buffer | 'end' | Error) => void;
  startReading(): void;
  stopReading(): void;
  write(chunks: readonly Uint8Array[], written: (error?: Error) => void): WriteOutcome;
  /** Our end, behind everything that was written. */
  shutdown(done: () => void): void;
  close(closed: () => void): void;
  reset(closed: () => void): void;
}

export interface StreamHandleOptions {
  readonly release: NodeRelease;
  /** Told of what the process hands over: where the kernel has no room for it, it cannot be called back either. */
  readonly onWrite: OnWrite;
}

interface Write {
  chunks: Uint8Array[];
  readonly written: (error?: Error) => void;
}

const readBytes = 65_536;
/** So many reads in one event of the loop, then others have their turn. */
const mostReads = 32;

export class StreamHandle implements Handle {
  bytesRead = 0;
  bytesWritten = 0;
  onRead: (what: Buffer | 'end' | Error) => void = () => undefined;
  readonly endpoint: TcpEndpoint;
  readonly #process: SimulatedProcess;
  readonly #options: StreamHandleOptions;
  readonly #writes: Write[] = [];
  #onShutdown: (() => void) | undefined;
  #isReading = false;
  #hasEnded = false;
  #isPolled = false;
  #isClosed = false;

  constructor(process: SimulatedProcess, endpoint: TcpEndpoint, options: StreamHandleOptions) {
    this.#process = process;
    this.endpoint = endpoint;
    this.#options = options;
    endpoint.onEvent = () => this.#pollSoon();
  }

  startReading(): void {
    if (this.#isReading || this.#hasEnded || this.#isClosed) return;
    this.#isReading = true;
    if (this.endpoint.isReadable) this.#pollSoon();
  }

  stopReading(): void {
    this.#isReading = false;
  }

  write(chunks: readonly Uint8Array[], written: (error?: Error) => void): WriteOutcome {
    const write = { chunks: [...chunks], written };
    this.#options.onWrite(write.chunks, this.endpoint);
    if (this.#writes.length === 0) {
      const outcome = this.#push(write);
      if (typeof outcome === 'string') return systemError(outcome, 'write');
      if (outcome) return 'done';
    }
    this.#writes.push(write);
    return 'later';
  }

  shutdown(done: () => void): void {
    this.#onShutdown = done;
    if (this.#writes.length === 0) this.#pollSoon();
  }

  close(closed: () => void): void {
    this.#close(closed, () => this.endpoint.close());
  }

  reset(closed: () => void): void {
    this.#close(closed, () => this.endpoint.abort());
  }

  #close(closed: () => void, how: () => void): void {
    this.#isClosed = true;
    this.#isReading = false;
    how();
    this.#process.post(() => {
      const error = cancelsWrites(this.#options.release) ? systemError('ECANCELED', 'write') : undefined;
      for (const { written } of this.#writes.splice(0)) written(error);
      closed();
    });
  }

  #pollSoon(): void {
    if (this.#isPolled || this.#isClosed) return;
    this.#isPolled = true;
    this.#process.post(() => {
      this.#isPolled = false;
      if (!this.#isClosed) this.#poll();
    });
  }

  #poll(): void {
    // Our end needs no room.
    const isEnding = this.#onShutdown !== undefined && this.#writes.length === 0;
    if (!this.#isReading && this.#writes.length === 0 && !isEnding) return;
    const { isHungUp } = this.endpoint;
    if (this.#isReading && this.endpoint.isReadable) {
      const wasPartial = this.#read();
      if (isHungUp && wasPartial && this.#isReading) {
        if (tellsResetBehindBytes(this.#options.release)) this.#read();
        else this.#end();
      }
    }
    if (this.#isClosed) return;
    if (isEnding || this.endpoint.isWritable || isHungUp) this.#flush();
    if (!this.#isClosed && this.#isReading && this.endpoint.isReadable) this.#pollSoon();
  }

  /** @returns whether there was less than there was room for */
  #read(): boolean {
    for (let i = 0; i < mostReads && this.#isReading; i++) {
      const what = this.endpoint.read(readBytes);
      if (what === undefined) return false;
      if (what === 'end') {
        this.#end();
        return false;
      }
      if (typeof what === 'string') {
        this.#isReading = false;
        this.onRead(systemError(what, 'read'));
        return false;
      }
      this.bytesRead += what.length;
      this.onRead(what);
      if (what.length < readBytes) return true;
    }
    return false;
  }

  #end(): void {
    this.#isReading = false;
    this.#hasEnded = true;
    this.onRead('end');
  }

  #flush(): void {
    const done: (() => void)[] = [];
    while (this.#writes.length > 0) {
      const write = this.#writes[0] as Write;
      const outcome = this.#push(write);
      if (outcome === false) break;
      this.#writes.shift();
      done.push(() => write.written(typeof outcome === 'string' ? systemError(outcome, 'write') : undefined));
      if (typeof outcome === 'string') break;
    }
    for (const each of done) each();
    if (this.#writes.length > 0 || !this.#onShutdown || this.#isClosed) return;
    const onShutdown = this.#onShutdown;
    this.#onShutdown = undefined;
    this.endpoint.shutdown();
    onShutdown();
  }

  /** @returns whether the kernel has everything of it */
  #push(write: Write): boolean | Errno {
    const taken = this.endpoint.write(write.chunks);
    if (typeof taken === 'string') return taken;
    this.bytesWritten += taken;
    let left = taken;
    for (let chunk = write.chunks[0]; chunk && chunk.length <= left; chunk = write.chunks[0]) {
      left -= chunk.length;
      write.chunks.shift();
    }
    if (left > 0) write.chunks[0] = (write.chunks[0] as Uint8Array).subarray(left);
    return write.chunks.length === 0;
  }
}
