/**
 * Saves confirmed cursors on the server: on a timer for all shards, and at once when a shard is given up or has
 * come to its end. Never ahead of what is confirmed (`Progress` says what that is), and never forced.
 *
 * A refusal is one answer: the shard is left only when the heartbeat's next answer does not grant it either. And a save
 * ends with its shard: one that arrived later could put back what the next owner has saved.
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
export interface Checkpointed {
  readonly shard: ShardId;
  /** Undefined before the shard's start is known. */
  readonly progress: Progress | undefined;
  /** The checkpoint that it was taken up at. */
  readonly startedAt: Cursor | undefined;
  /** The service has taken a position of the shard: what is confirmed is no cursor that somebody has made up. */
  readonly isProven: boolean;
  /** Aborts when the shard is left: nothing more of it is to be saved. */
  readonly left: AbortSignal;
  /** The server has refused a save, and grants the shard no more. */
  ownershipLost(cause: AppError): void;
}

export interface CheckpointerOptions {
  readonly service: Pick<LogService, 'updateCheckpoint' | 'getCheckpoint' | 'restoreCheckpoint'>;
  /** Asks the service, in another way, whether the shard is still ours. */
  readonly isOurs: (shard: Checkpointed) => Promise<boolean>;
  /** Whether this cursor, which the server has, is known to lie before what was saved of the shard. */
  readonly isPutBack: (shard: Checkpointed, cursor: Cursor) => boolean;
  /** Called before each request, whatever becomes of it. */
  readonly onSaving: (shard: ShardId, cursor: Cursor) => void;
  readonly log: Log;
  readonly clock: Clock;
}

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #saving = new Map<Checkpointed, Promise<boolean>>();
  /** Ends the request that is under way. */
  readonly #underWay = new Map<Checkpointed, AbortController>();
  readonly #restoring = new Map<Checkpointed, Promise<boolean>>();
  /** Refused, and ours all the same: told once each. */
  readonly #refused = new WeakSet<Checkpointed>();
  #timer: Timer | undefined;
  /** Whose last save failed. */
  readonly #troubled = new Set<ShardId>();

  constructor(options: CheckpointerOptions) {
    this.#options = options;
  }

  start(intervalMs: number, shards: () => Iterable<Checkpointed>, signal: AbortSignal): void {
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

  /** Tries until it is saved, the shard is left, or the signal aborts. */
  async saveUntilDone(shard: Checkpointed, signal: AbortSignal): Promise<boolean> {
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
   * Where the group was deleted, its checkpoints went with it. Saves what is confirmed of the shard, whoever owns it now,
   * if there is none, or only one that somebody has remembered, and that is older.
   * @param isKnownGone the service has said so already
   * @returns whether it was gone, and is saved
   */
  restoreIfGone(shard: Checkpointed, isKnownGone: boolean, signal: AbortSignal): Promise<boolean> {
    const restoring = this.#restoring.get(shard) ?? this.#restore(shard, isKnownGone, signal);
    this.#restoring.set(shard, restoring);
    const forget = () => this.#restoring.delete(shard);
    restoring.then(forget, forget);
    return restoring;
  }

  async #restore(shard: Checkpointed, isKnownGone: boolean, signal: AbortSignal): Promise<boolean> {
    const { service, isPutBack, onSaving } = this.#options;
    const { progress } = shard;
    // One that was never there is not gone.
    if (progress?.checkpointed === undefined || !shard.isProven) return false;
    if (!isKnownGone) {
      const { cursor: saved } = await service.getCheckpoint(shard.shard, signal);
      if (saved !== undefined && !isPutBack(shard, saved)) return false;
    }
    const cursor = progress.confirmed;
    // It is for the group that was, and older.
    this.#underWay.get(shard)?.abort(superseded);
    onSaving(shard.shard, cursor);
    await service.restoreCheckpoint(shard.shard, cursor, signal);
    progress.markCheckpointed(cursor);
    return true;
  }

  async #request(shard: Checkpointed, cursor: Cursor, signal: AbortSignal): Promise<boolean> {
    const { service, onSaving } = this.#options;
    const { progress } = shard;
    const bound = new AbortController();
    this.#underWay.set(shard, bound);
    const end = () => bound.abort(signal.aborted ? signal.reason : shard.left.reason);
    for (const each of [signal, shard.left]) each.addEventListener('abort', end, { once: true });
    if (shard.left.aborted) end();
    onSaving(shard.shard, cursor);
    try {
      await service.updateCheckpoint(shard.shard, cursor, bound.signal);
      progress?.markCheckpointed(cursor);
      this.#tellSaved(shard);
      return true;
    } catch (thrown) {
      return thrown !== superseded && (await this.#onFailure(toAppError(thrown), shard, cursor, signal));
    } finally {
      if (this.#underWay.get(shard) === bound) this.#underWay.delete(shard);
      for (const each of [signal, shard.left]) each.removeEventListener('abort', end);
    }
  }

  async #onFailure(error: AppError, shard: Checkpointed, cursor: Cursor, signal: AbortSignal): Promise<boolean> {
    const { isOurs, log } = this.#options;
    if (signal.aborted) return false;
    if (shard.left.aborted) {
      this.#troubled.delete(shard.shard);
      const message = `a checkpoint of shard ${shard.shard} was on its way when the shard was left: should it arrive late, its next owner sends again what came since`;
      log.warn({ shard: shard.shard, cursor }, message);
      return true;
    }
    if (error.action !== 'release-shard') {
      this.#tellNotSaved(error, shard);
      return false;
    }
    if (await isOurs(shard)) {
      const message = `the service refused a checkpoint of shard ${shard.shard}, and grants the shard all the same; saving it again`;
      log[this.#refused.has(shard) ? 'debug' : 'warn']({ shard: shard.shard, reason: error.message }, message);
      this.#refused.add(shard);
      return false;
    }
    const isRestored = await this.restoreIfGone(shard, false, signal).catch(() => false);
    if (!signal.aborted && !isRestored && !shard.left.aborted) shard.ownershipLost(error);
    return true;
  }

  /** The client tells of the service's troubles; here it is told once what they mean. */
  #tellNotSaved(error: AppError, { shard }: Checkpointed): void {
    const { log } = this.#options;
    const facts = { shard, code: error.code, reason: error.message };
    log[this.#troubled.size > 0 ? 'debug' : 'warn'](facts, 'checkpoints are not saved at present; trying again');
    this.#troubled.add(shard);
  }

  #tellSaved({ shard }: Checkpointed): void {
    if (this.#troubled.delete(shard) && this.#troubled.size === 0) {
      this.#options.log.info({}, 'checkpoints are saved again');
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
