/**
 * Writes lines to a reader that may have stopped reading. `write` never blocks: lines for which the pipe has no room
 * are held, up to a bound, and tried again a little later. Beyond the bound the oldest lines are dropped, since the
 * newest tell the present state. Where lines are missing, a line says how many, once the reader goes on.
 *
 *   flowing  lines are written as they come.            There is no room, or an error → waiting
 *   waiting  lines are held; a timer tries again.       All of them are written → flowing
 *   gone     the reader is gone for good (EPIPE): lines are dropped.
 */
import type { Clock, Timer } from '../../core/time/clock.ts';

/** Dropped lines. */
export interface Drops {
  readonly lines: number;
  readonly bytes: number;
  /** Time since the first of the lines was dropped. */
  readonly seconds: number;
}

/** @returns the line to write where lines are missing, with its line feed; empty: none */
export type DescribeDrops = (drops: Drops) => string;

export interface BoundedWriterOptions {
  /**
   * Writes as many bytes as there is room for, without blocking.
   * @returns how many; 0: there is no room now
   * @throws as `writeSync`; EPIPE and EBADF are final, other errors are tried again
   */
  readonly tryWrite: (bytes: Uint8Array) => number;
  /** Bytes that are held at most. A single line that is larger is dropped, with all lines before it. */
  readonly maxBytes: number;
  readonly clock: Clock;
}

const retryMs = { min: 5, max: 250 };
const goneForGood = new Set(['EPIPE', 'EBADF']);

export class BoundedWriter {
  /** The default; a logger sets its own. */
  describeDrops: DescribeDrops = ({ lines }) => `sls-syslog: ${lines} lines are missing here: nobody was reading\n`;

  readonly #options: BoundedWriterOptions;
  /** The held lines; of the first, the part that is not written yet. */
  readonly #lines: Buffer[] = [];
  #bytes = 0;
  /** A part of the first line is written: its rest must follow. */
  #isBegun = false;
  /** Lines dropped in front of the first line that is not begun. */
  #gap: { lines: number; bytes: number; readonly sinceMs: number } | undefined;
  #retry: Timer | undefined;
  #retryMs = retryMs.min;
  #isGone = false;

  constructor(options: BoundedWriterOptions) {
    this.#options = options;
  }

  /** @param line with its line feed */
  write(line: string): void {
    if (this.#isGone || line === '') return;
    this.#lines.push(Buffer.from(line));
    this.#bytes += this.#lines.at(-1)?.length ?? 0;
    // Also while the timer runs: where the reader reads again, a burst does not wait for it.
    const isWritten = this.#writeSome();
    if (!isWritten) this.#retry ??= this.#tryLater();
    this.#dropOldest();
  }

  /**
   * Writes the held lines at the end of the process, for `timeoutMs` at most.
   * @param wait blocks the thread
   */
  flush(timeoutMs: number, wait: (ms: number) => void): void {
    const { clock } = this.#options;
    const deadlineMs = clock.monotonic() + timeoutMs;
    while (!this.#writeSome() && clock.monotonic() < deadlineMs) wait(retryMs.min);
  }

  #tryLater(): Timer {
    const timer = this.#options.clock.timer(this.#retryMs, () => {
      this.#retry = this.#writeSome() ? undefined : this.#tryLater();
    });
    // The timer does not keep the process alive: at its end, `flush` writes.
    timer.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, retryMs.max);
    return timer;
  }

  /** @returns whether all lines are written */
  #writeSome(): boolean {
    try {
      while (this.#sayWhatIsMissing() && this.#lines.length > 0) if (!this.#writeFirst()) return false;
      return this.#gap === undefined && this.#lines.length === 0;
    } catch (error) {
      this.#isGone = goneForGood.has(codeOf(error));
      if (this.#isGone) this.#drop(0, this.#lines.length);
      return this.#isGone;
    }
  }

  /** @returns whether the first line was written to its end */
  #writeFirst(): boolean {
    const first = this.#lines[0];
    if (!first) return true;
    const written = this.#options.tryWrite(first);
    if (written === 0) return false;
    this.#retryMs = retryMs.min;
    this.#bytes -= written;
    this.#isBegun = written < first.length;
    if (this.#isBegun) this.#lines[0] = first.subarray(written);
    else this.#lines.shift();
    return !this.#isBegun;
  }

  /** @returns false when there is no room for the line about dropped ones: their count may still grow then */
  #sayWhatIsMissing(): boolean {
    if (!this.#gap || this.#isBegun) return true;
    const { lines, bytes, sinceMs } = this.#gap;
    const { clock, tryWrite } = this.#options;
    const line = Buffer.from(this.describeDrops({ lines, bytes, seconds: (clock.monotonic() - sinceMs) / 1000 }));
    const written = line.length === 0 ? 0 : tryWrite(line);
    if (written === 0 && line.length > 0) return false;
    this.#gap = undefined;
    if (written === line.length) return true;
    this.#lines.unshift(line.subarray(written));
    this.#bytes += line.length - written;
    this.#isBegun = true;
    return true;
  }

  #dropOldest(): void {
    const first = this.#isBegun ? 1 : 0;
    let end = first;
    let left = this.#bytes;
    for (; left > this.#options.maxBytes && end < this.#lines.length; end++) left -= this.#lines[end]?.length ?? 0;
    if (end === first) return;
    this.#gap ??= { lines: 0, bytes: 0, sinceMs: this.#options.clock.monotonic() };
    this.#gap.lines += end - first;
    this.#gap.bytes += this.#bytes - left;
    this.#drop(first, end);
  }

  #drop(from: number, to: number): void {
    for (const line of this.#lines.splice(from, to - from)) this.#bytes -= line.length;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
