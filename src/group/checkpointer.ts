/**
 * Saves confirmed cursors on the server: on a timer for all shards, and at once when a shard is given up or has
 * come to its end. Never ahead of what is confirmed (`Progress` says what that is), never forced: a refusal means
 * that another consumer owns the shard now.
 */
import { createBackoff } from '../backoff.ts';
import { type AppError, toAppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { Cursor, LogService, ShardId } from './log-service.ts';
import type { Progress } from './progress.ts';

const retryBackoff = { minMs: 100, maxMs: 2_000 };

/** A shard as the checkpointer sees it. */
export interface Checkpointed {
  readonly shard: ShardId;
  /** Undefined before the shard's start is known. */
  readonly progress: Progress | undefined;
  /** The server refused: the shard is not ours (any more). */
  ownershipLost(cause: AppError): void;
}

export class Checkpointer {
  readonly #service: LogService;
  readonly #onSaving: (shard: ShardId, cursor: Cursor) => void;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #saving = new Map<Checkpointed, Promise<boolean>>();
  #timer: Timer | undefined;

  /** @param onSaving called before each request, whatever becomes of it */
  constructor(service: LogService, onSaving: (shard: ShardId, cursor: Cursor) => void, log: Log, clock: Clock) {
    this.#service = service;
    this.#onSaving = onSaving;
    this.#log = log;
    this.#clock = clock;
  }

  start(intervalMs: number, shards: () => Iterable<Checkpointed>, signal: AbortSignal): void {
    this.#timer = this.#clock.interval(intervalMs, () => {
      for (const shard of shards()) if (!this.#saving.has(shard)) void this.save(shard, signal);
    });
  }

  stop(): void {
    this.#clock.cancel(this.#timer);
  }

  /**
   * Saves the shard's confirmed cursor, if it is not saved yet; one request at a time for each shard.
   * @returns true when everything that was confirmed at the time of the call is saved
   */
  async save(shard: Checkpointed, signal: AbortSignal): Promise<boolean> {
    await settledOrAborted(this.#saving.get(shard), signal);
    if (signal.aborted) return false;
    const cursor = shard.progress?.unsaved;
    if (cursor === undefined) return true;
    const saving = this.#saving.get(shard) ?? this.#request(shard, cursor, signal);
    this.#saving.set(shard, saving);
    try {
      return await saving;
    } finally {
      if (this.#saving.get(shard) === saving) this.#saving.delete(shard);
    }
  }

  /** Tries until it is saved, refused, or the signal aborts. */
  async saveUntilDone(shard: Checkpointed, signal: AbortSignal): Promise<boolean> {
    const backoff = createBackoff(retryBackoff, this.#clock.random);
    while (!signal.aborted) {
      if (await this.save(shard, signal)) return true;
      await this.#clock.sleep(backoff.next(), { signal }).catch(() => undefined);
    }
    return shard.progress?.unsaved === undefined;
  }

  async #request(shard: Checkpointed, cursor: string, signal: AbortSignal): Promise<boolean> {
    const progress = shard.progress;
    this.#onSaving(shard.shard, cursor);
    try {
      await this.#service.updateCheckpoint(shard.shard, cursor, signal);
      progress?.markCheckpointed(cursor);
      return true;
    } catch (thrown) {
      if (signal.aborted) return false;
      const error = toAppError(thrown);
      if (error.action === 'release-shard') {
        shard.ownershipLost(error);
        return true;
      }
      this.#log.warn({ err: error, shard: shard.shard }, 'checkpoint not saved; trying again');
      return false;
    }
  }
}

/** The save that is waited for has another signal, maybe a later one. */
function settledOrAborted(saving: Promise<unknown> | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    if (!saving || signal.aborted) return done();
    signal.addEventListener('abort', done, { once: true });
    saving.then(done, done);
  });
}
