/**
 * Saves each shard's confirmed cursor as its checkpoint: on a timer, and at once when the shard is drained or read to
 * its end. A checkpoint is never ahead of the confirmed cursor (progress.ts); only `restoreIfGone` forces a save.
 *
 * One refused save does not end a shard: it is left only when the next heartbeat does not grant it either. A save is
 * aborted when its shard is left: a late one could overwrite the next owner's checkpoint.
 */
import pRetry from 'p-retry';
import { createBackoff } from '../../core/backoff.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock, Timer } from '../../core/time/clock.ts';
import type { Cursor, LogService, ShardId } from '../service/log-service.ts';
import type { Progress } from './progress.ts';

const superseded = new AppError('another save has taken its place', { code: 'superseded', action: 'retry' });
const retryBackoff = { minMs: 100, maxMs: 2_000 };

/** A shard as the checkpointer sees it. */
export interface CheckpointedShard {
  readonly shard: ShardId;
  /** Undefined before the shard's start is known. */
  readonly progress: Progress | undefined;
  /** The checkpoint that the shard was started from. */
  readonly startedAt: Cursor | undefined;
  /** The service has accepted a cursor of the shard: the confirmed cursor is not one that somebody has made up. */
  readonly isProven: boolean;
  /** Aborts when the shard is left: its checkpoint is not saved any more. */
  readonly stopped: AbortSignal;
  /** The service has refused a save, and no longer grants the shard. */
  ownershipLost(cause: AppError): void;
}

export interface CheckpointerOptions {
  readonly service: Pick<LogService, 'updateCheckpoint' | 'getCheckpoint' | 'restoreCheckpoint'>;
  /** Asks the service, by a heartbeat, whether the shard is still ours. */
  readonly isOurs: (shard: CheckpointedShard) => Promise<boolean>;
  /** Whether this checkpoint of the service's is known to lie before the one that was saved last. */
  readonly isRolledBack: (shard: CheckpointedShard, cursor: Cursor) => boolean;
  /** Called before each save, whether it will succeed or not. */
  readonly onSaving: (shard: ShardId, cursor: Cursor) => void;
  readonly log: Log;
  readonly clock: Clock;
}

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #saving = new Map<CheckpointedShard, Promise<boolean>>();
  /** Aborts a shard's save that is under way. */
  readonly #underWay = new Map<CheckpointedShard, AbortController>();
  readonly #restoring = new Map<CheckpointedShard, Promise<boolean>>();
  /** Aborts a shard's restore that is under way. */
  readonly #restoreUnderWay = new Map<CheckpointedShard, AbortController>();
  /** Shards with a refused save that are still ours: warned of once each. */
  readonly #refused = new WeakSet<CheckpointedShard>();
  #timer: Timer | undefined;
  /** Shards whose last save failed. */
  readonly #troubled = new Set<ShardId>();

  constructor(options: CheckpointerOptions) {
    this.#options = options;
  }

  start(intervalMs: number, shards: () => Iterable<CheckpointedShard>, signal: AbortSignal): void {
    this.#timer = this.#options.clock.interval(intervalMs, () => {
      for (const shard of shards()) if (!this.#saving.has(shard)) void this.save(shard, signal);
    });
  }

  stop(): void {
    this.#options.clock.cancel(this.#timer);
  }

  /**
   * Saves the shard's confirmed cursor, if it is not saved yet; one request at a time for each shard.
   * @returns true when everything that was confirmed at the time of the call is saved, or the shard is left
   */
  async save(shard: CheckpointedShard, signal: AbortSignal): Promise<boolean> {
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

  /** Tries until the checkpoint is saved, the shard is left, or the signal aborts. */
  async saveUntilDone(shard: CheckpointedShard, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    const backoff = createBackoff(retryBackoff, clock.random);
    const notSaved = new Error('not saved');
    const attempt = async () => {
      if (!(await this.save(shard, signal))) throw notSaved;
    };
    const onFailedAttempt = async ({ error }: { readonly error: Error }) => {
      if (error !== notSaved || signal.aborted) throw error;
      await clock.sleep(backoff.next(), { signal }).catch(() => undefined);
      if (signal.aborted) throw notSaved;
    };
    try {
      await pRetry(attempt, { retries: Number.POSITIVE_INFINITY, minTimeout: 0, onFailedAttempt });
      return true;
    } catch (error) {
      if (error !== notSaved) throw error;
      return shard.progress?.unsaved === undefined;
    }
  }

  /**
   * A consumer group that is deleted takes its checkpoints with it. Saves the shard's confirmed cursor, whoever owns
   * the shard now, if it has no checkpoint, or only an older one that another consumer has restored.
   * @param isKnownGone the service has already said that the checkpoint is gone
   * @returns whether the checkpoint was gone, and is saved
   */
  restoreIfGone(shard: CheckpointedShard, isKnownGone: boolean, signal: AbortSignal): Promise<boolean> {
    const restoring = this.#restoring.get(shard) ?? this.#restore(shard, isKnownGone, signal);
    this.#restoring.set(shard, restoring);
    const forget = () => this.#restoring.delete(shard);
    restoring.then(forget, forget);
    return restoring;
  }

  async #restore(shard: CheckpointedShard, isKnownGone: boolean, signal: AbortSignal): Promise<boolean> {
    const { service, isRolledBack, onSaving } = this.#options;
    const { progress } = shard;
    // A checkpoint that was never there is not gone.
    if (progress?.checkpointed === undefined || !shard.isProven) return false;
    if (!isKnownGone) {
      const { cursor: saved } = await service.getCheckpoint(shard.shard, signal);
      if (saved !== undefined && !isRolledBack(shard, saved)) return false;
    }
    const cursor = progress.confirmed;
    // A save that is under way is for the deleted group, and older.
    this.#underWay.get(shard)?.abort(superseded);
    this.#endFormerRestore(shard);
    onSaving(shard.shard, cursor);
    const bound = new AbortController();
    this.#restoreUnderWay.set(shard, bound);
    const end = () => bound.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      await service.restoreCheckpoint(shard.shard, cursor, bound.signal);
      progress.markCheckpointed(cursor);
      return true;
    } catch (thrown) {
      if (bound.signal.reason !== superseded) throw thrown;
      return false;
    } finally {
      if (this.#restoreUnderWay.get(shard) === bound) this.#restoreUnderWay.delete(shard);
      signal.removeEventListener('abort', end);
    }
  }

  /** The shard was left, and has been won back: what its former consumer had confirmed is older. */
  #endFormerRestore(shard: CheckpointedShard): void {
    for (const [former, bound] of this.#restoreUnderWay) {
      if (former !== shard && former.shard === shard.shard) bound.abort(superseded);
    }
  }

  async #request(shard: CheckpointedShard, cursor: Cursor, signal: AbortSignal): Promise<boolean> {
    const { service, onSaving } = this.#options;
    const { progress } = shard;
    const bound = new AbortController();
    this.#underWay.set(shard, bound);
    const end = () => bound.abort(signal.aborted ? signal.reason : shard.stopped.reason);
    for (const each of [signal, shard.stopped]) each.addEventListener('abort', end, { once: true });
    if (shard.stopped.aborted) end();
    this.#endFormerRestore(shard);
    onSaving(shard.shard, cursor);
    try {
      await service.updateCheckpoint(shard.shard, cursor, bound.signal);
      progress?.markCheckpointed(cursor);
      this.#logSaved(shard);
      return true;
    } catch (thrown) {
      return thrown !== superseded && (await this.#onFailure(toAppError(thrown), shard, cursor, signal));
    } finally {
      if (this.#underWay.get(shard) === bound) this.#underWay.delete(shard);
      for (const each of [signal, shard.stopped]) each.removeEventListener('abort', end);
    }
  }

  async #onFailure(error: AppError, shard: CheckpointedShard, cursor: Cursor, signal: AbortSignal): Promise<boolean> {
    const { isOurs, log } = this.#options;
    if (signal.aborted) return false;
    if (shard.stopped.aborted) {
      this.#troubled.delete(shard.shard);
      const message = `the save of a checkpoint of shard ${shard.shard} was still under way when the shard was lost: if the save arrives late, the next owner of the shard sends some logs again`;
      log.warn({ shard: shard.shard, cursor }, message);
      return true;
    }
    if (error.action !== 'release-shard') {
      this.#logNotSaved(error, shard);
      return false;
    }
    if (await isOurs(shard)) {
      const message = `the service refused a checkpoint of shard ${shard.shard}, but the answer to a heartbeat still grants the shard; saving the checkpoint again`;
      log[this.#refused.has(shard) ? 'debug' : 'warn']({ shard: shard.shard, reason: error.message }, message);
      this.#refused.add(shard);
      return false;
    }
    const isRestored = await this.restoreIfGone(shard, false, signal).catch(() => false);
    if (!signal.aborted && !isRestored && !shard.stopped.aborted) shard.ownershipLost(error);
    return true;
  }

  /** The client logs each error; this says once what the errors mean. */
  #logNotSaved(error: AppError, { shard }: CheckpointedShard): void {
    const { log } = this.#options;
    const facts = { shard, code: error.code, reason: error.message };
    log[this.#troubled.size > 0 ? 'debug' : 'warn'](facts, 'checkpoints are not saved at present; trying again');
    this.#troubled.add(shard);
  }

  #logSaved({ shard }: CheckpointedShard): void {
    if (this.#troubled.delete(shard) && this.#troubled.size === 0) {
      this.#options.log.info({}, 'checkpoints are saved again');
    }
  }
}

/** The save may have another signal, which aborts later than this one. */
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
