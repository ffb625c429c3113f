/**
 * Lines on their way to somebody who may have stopped reading. `write` never waits: what there is no room for is held,
 * up to a bound, and tried again a little later. Beyond the bound the oldest lines are dropped, for the newest say
 * what is the matter now. Where lines are missing, a line says how many, once the reader goes on.
 *
 *   flowing  everything is written as it comes.         There is no room, or an error → waiting
 *   waiting  lines are held; a timer tries again.       All of them are written → flowing
 *   gone     nobody will ever read it (EPIPE): what comes is dropped. For good.
 */
import type { Clock, Timer } from '../../core/time/clock.ts';

/** Lines that nobody will see. */
export interface Drops {
  readonly lines: number;
  readonly bytes: number;
  /** Since the first of them was dropped. */
  readonly seconds: number;
}

/** @returns the line that stands where others are missing, with its line feed; empty: nothing is said */
export type DescribeDrops = (drops: Drops) => string;

export interface BoundedWriterOptions {
  /**
   * Writes as much as there is room for, and never waits.
   * @returns how many bytes; 0: there is no room now
   * @throws as `writeSync`; EPIPE and EBADF are for good, anything else is tried again
   */
  readonly tryWrite: (bytes: Uint8Array) => number;
  /** What may be held. A line that is larger by itself is dropped, with all that came before it. */
  readonly maxBytes: number;
  readonly clock: Clock;
}

const retryMs = { min: 5, max: 250 };
const goneForGood = new Set(['EPIPE', 'EBADF']);

export class BoundedWriter {
  /** Until somebody knows better. */
  describeDrops: DescribeDrops = ({ lines }) => `sls-syslog: ${lines} lines are missing here: nobody was reading\n`;

  readonly #options: BoundedWriterOptions;
  /** Whole lines, but for what is written already of the first. */
  readonly #lines: Buffer[] = [];
  #bytes = 0;
  /** Something of the first line is written: the rest must follow. */
  #isBegun = false;
  /** What is missing in front of the first line that is not begun. */
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
    // Also while a timer is to try again: a burst does not wait for it where somebody reads.
    const isWritten = this.#writeSome();
    if (!isWritten) this.#retry ??= this.#tryLater();
    this.#dropOldest();
  }

  /**
   * For the end of the process: writes what is held as long as somebody reads, but no longer than `patienceMs`.
   * @param wait blocks the thread
   */
  flush(patienceMs: number, wait: (ms: number) => void): void {
    const { clock } = this.#options;
    const deadlineMs = clock.monotonic() + patienceMs;
    while (!this.#writeSome() && clock.monotonic() < deadlineMs) wait(retryMs.min);
  }

  #tryLater(): Timer {
    const timer = this.#options.clock.timer(this.#retryMs, () => {
      this.#retry = this.#writeSome() ? undefined : this.#tryLater();
    });
    // A process that has nothing else to do ends, and flushes.
    timer.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, retryMs.max);
    return timer;
  }

  /** @returns whether nothing is left to be written */
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

  /** @returns whether it was written to its end */
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

  /** @returns false when it has to be said, and there is no room for it: the count may still grow then */
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
