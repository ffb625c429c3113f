/**
 * Writes logs to the dead-letter file, for all shards of the process, one write at a time.
 *
 *   well        writes are made.                                        A write fails, or takes long: logged → failing
 *   failing     new writes are refused at once; waiting ones retry.     One of these succeeds → recovering
 *   recovering  writes are made.                                        A write fails → failing
 *                                                                       No write waits any more: logged → well
 * A nearly full disk may take a small record between two that it refuses: this is one trouble, logged once.
 */
import { type BackoffLimits, createBackoff } from '../core/backoff.ts';
import { AppError, toAppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Clock, systemClock } from '../core/time/clock.ts';
import type { RejectedLog } from '../encode/frame/batch-encoder.ts';
import type { DeadLetterFile } from './file.ts';
import { type DeadLetter, formatRecord } from './record.ts';

export interface DeadLettersOptions {
  readonly file: Pick<DeadLetterFile, 'append' | 'path'>;
  readonly log: Log;
  /** Pauses between two tries while the file cannot be written. */
  readonly backoff?: BackoffLimits;
  /** A write that takes longer has failed: its delivery is still open, and other deliveries wait for its end. */
  readonly writeTimeoutMs?: number;
  /** Default: the system's clock. */
  readonly clock?: Clock;
}

/** A batch: the cursor that it was pulled from, and that of the next. */
export interface BatchRange {
  readonly project: string;
  readonly logstore: string;
  readonly shard: number;
  readonly from: string;
  readonly to: string;
}

const defaultBackoff: BackoffLimits = { minMs: 200, maxMs: 5_000 };
const defaultWriteTimeoutMs = 10_000;
/** Bytes of records held in memory before they are written. */
const maxBufferedBytes = 1 << 20;

export class DeadLetters {
  readonly #options: DeadLettersOptions;
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #trouble:
    | { readonly sinceMs: number; readonly beganMs: number; attempts: number; error: AppError; isFailing: boolean }
    | undefined;
  #waiting = 0;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Unix milliseconds since which the file cannot be written; undefined while it can. */
  get troubleSinceMs(): number | undefined {
    return this.#trouble?.sinceMs;
  }

  /** Records of one batch, for a delivery and its repetitions. */
  forBatch(batch: BatchRange): BatchDeadLetters {
    const { project, logstore, shard, from: cursor } = batch;
    return new BatchDeadLetters(this, (rest) =>
      formatRecord({
        time: new Date(this.#clock.now()).toISOString(),
        project,
        logstore,
        shard,
        cursor,
        ...rest,
      } as DeadLetter),
    );
  }

  /**
   * @throws AppError with code `dead-letter-file` when the write failed, or an earlier one is being retried; the
   * signal's reason when it aborts first (the lines may still be written then)
   */
  async store(lines: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#trouble?.isFailing) throw this.#trouble.error;
    const { file, writeTimeoutMs = defaultWriteTimeoutMs } = this.#options;
    const overdue = new AbortController();
    const onAbort = () => overdue.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = this.#clock.timer(writeTimeoutMs, () => {
      const message = `the dead-letter file ${file.path} cannot be written: its disk has not answered for ${writeTimeoutMs / 1000} s`;
      const error = new AppError(message, {
        code: 'dead-letter-file',
        action: 'retry',
        context: { file: file.path, errno: 'unanswered' },
      });
      this.#failed(error);
      overdue.abort(error);
    });
    try {
      await this.#enqueue(lines, overdue.signal);
    } finally {
      this.#clock.cancel(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #enqueue(lines: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const stored = this.#last.then(() => this.#append(lines));
    this.#last = stored.catch(() => undefined);
    await settledOrAborted(stored, signal);
  }

  /** Tries until the lines are written. @throws the signal's reason */
  async storeUntilDone(lines: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const backoff = createBackoff(this.#options.backoff ?? defaultBackoff, this.#clock.random);
    this.#waiting++;
    try {
      for (;;) {
        await this.#clock.sleep(backoff.next(), { signal });
        try {
          return await this.#enqueue(lines, signal);
        } catch {
          signal.throwIfAborted();
        }
      }
    } finally {
      this.#waiting--;
      this.#endTrouble();
    }
  }

  async #append(lines: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#options.file.append(lines);
    } catch (thrown) {
      this.#failed(toAppError(thrown));
      throw thrown;
    }
    if (this.#trouble) this.#trouble.isFailing = false;
    this.#endTrouble();
  }

  #endTrouble(): void {
    if (!this.#trouble || this.#trouble.isFailing || this.#waiting > 0) return;
    const { file, log } = this.#options;
    const { beganMs, attempts } = this.#trouble;
    this.#trouble = undefined;
    log.info(
      { file: file.path, attempts, durationMs: Math.round(this.#clock.monotonic() - beganMs) },
      'dead letters can be written again',
    );
  }

  #failed(error: AppError): void {
    if (this.#trouble) {
      this.#trouble.attempts++;
      this.#trouble.isFailing = true;
      return;
    }
    this.#trouble = {
      sinceMs: this.#clock.now(),
      beganMs: this.#clock.monotonic(),
      attempts: 1,
      error,
      isFailing: true,
    };
    const since = new Date(this.#trouble.sinceMs).toISOString();
    const waiting = 'shards with logs for this file wait, and save no checkpoint behind those logs; trying again';
    this.#options.log.error({ ...error.context, since }, `${error.message}: ${waiting}`);
  }
}

/** The dead letters of one batch. */
export class BatchDeadLetters {
  readonly #letters: DeadLetters;
  readonly #format: (rest: object) => Buffer;
  #buffered: Buffer[] = [];
  #bufferedBytes = 0;
  /** Logs below this index are held or stored already: a repeated delivery adds them again. */
  #nextIndex = 0;
  #hasRest = false;

  constructor(letters: DeadLetters, format: (rest: object) => Buffer) {
    this.#letters = letters;
    this.#format = format;
  }

  /** Whether the held records should be stored before more are added. */
  get isFull(): boolean {
    return this.#bufferedBytes >= maxBufferedBytes;
  }

  add({ index, reason, logGroupList }: RejectedLog): void {
    if (index < this.#nextIndex) return;
    this.#nextIndex = index + 1;
    const { buffer, byteOffset, length } = logGroupList;
    this.#buffer({ index, reason, log: Buffer.from(buffer, byteOffset, length).toString('base64') });
  }

  /** Adds a record that the batch cannot be read from this log on. */
  addRest(rest: { readonly index: number; readonly nextCursor: string; readonly reason: string }): void {
    if (this.#hasRest) return;
    this.#hasRest = true;
    this.#buffer(rest);
  }

  /** @throws as `DeadLetters.store`; the records stay held then */
  async store(signal: AbortSignal): Promise<void> {
    if (this.#buffered.length === 0) return;
    await this.#letters.store(this.#buffered, signal);
    this.#drop();
  }

  /** @throws the signal's reason */
  async storeUntilDone(signal: AbortSignal): Promise<void> {
    await this.#letters.storeUntilDone(this.#buffered, signal);
    this.#drop();
  }

  #buffer(rest: object): void {
    const line = this.#format(rest);
    this.#buffered.push(line);
    this.#bufferedBytes += line.length;
  }

  #drop(): void {
    this.#buffered = [];
    this.#bufferedBytes = 0;
  }
}

/** Rejects when the signal aborts: a disk that hangs must not hold up a shutdown. */
function settledOrAborted(storing: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    storing.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
