/**
 * One shard's loop: pull → deliver → advance. The next batch is pulled as soon as encoding of the current one begins.
 * The shard's states and events are in shard-life.ts.
 */
import type { BatchBody } from '../../core/bytes.ts';
import { type AppError, CorruptBatchError, DeliveryLostError, toAppError } from '../../core/errors.ts';
import type { CheckpointedShard } from '../checkpoint/checkpointer.ts';
import { Progress, type Ticket } from '../checkpoint/progress.ts';
import { IdlePause } from '../pull/idle-pause.ts';
import { Prefetch } from '../pull/prefetch.ts';
import { createPullSize, type PullSize } from '../pull/pull-size.ts';
import { type Pull, Puller } from '../pull/puller.ts';
import { EndPosition, type StartPosition } from '../pull/start-position.ts';
import type { Cursor, ShardId } from '../service/log-service.ts';
import { deliverBatch } from './deliver-batch.ts';
import { GoneShard } from './gone-shard.ts';
import { drainReason, Pass, rewindReason, stopReason } from './pass.ts';
import { RefusedCursor } from './refused-cursor.ts';
import type { ShardConsumerOptions } from './shard-consumer-options.ts';
import { facts, next, type ShardEvent, type ShardState } from './shard-life.ts';
import { beginShard, goOnBehindRefusal } from './shard-position.ts';
import { DamagedBatch, Unreadable } from './unreadable.ts';
import { Wake } from './wake.ts';

/** Time after the drain's deadline to save what is confirmed. */
const lastSaveMs = 2_000;

export class ShardConsumer implements CheckpointedShard {
  readonly shard: ShardId;
  readonly #options: ShardConsumerOptions;
  readonly #stopped = new AbortController();
  /** Aborts the requests before the first pull, when the shard is stopped or drained. */
  readonly #starting = new AbortController();
  readonly #size: PullSize;
  readonly #puller: Puller;
  readonly #idle: IdlePause;
  readonly #end: EndPosition;
  readonly #unreadable: Unreadable;
  readonly #refused: RefusedCursor;
  readonly #gone: GoneShard;
  #state: ShardState = 'starting';
  #start: StartPosition | undefined;
  #progress: Progress | undefined;
  #loop: Promise<void> | undefined;
  #draining: Promise<void> | undefined;
  /** Aborts at the earliest deadline of all drains. */
  readonly #due = new AbortController();
  readonly #wake = new Wake();
  #pass = new Pass();
  /** A batch was lost after the drain had begun. */
  #lostWhileDraining = false;
  /** The drain ends with logs that were sent and not confirmed: its deadline came, or a batch was lost. */
  #gaveUp = false;
  #failure: AppError | undefined;
  #isProven = false;

  constructor(options: ShardConsumerOptions) {
    this.#options = options;
    this.shard = options.shard;
    this.#size = createPullSize(options.batchTargetMs);
    this.#idle = new IdlePause(options.fetchIntervalMs, options.clock);
    this.#unreadable = new Unreadable(options, this.#size);
    this.#refused = new RefusedCursor(options);
    this.#gone = new GoneShard(options);
    const wasUnreadable = () => this.#unreadable.isAhead;
    this.#puller = new Puller({ ...options, size: this.#size, pacing: this.#idle, wasUnreadable });
    this.#end = new EndPosition(options.service, options.shard, options.until, options.clock);
  }

  readonly #isWithdrawn = (): boolean => this.#state === 'stopped' || this.#options.hasLease?.() === false;

  get state(): ShardState {
    return this.#state;
  }

  get progress(): Progress | undefined {
    return this.#progress;
  }

  get startedAt(): Cursor | undefined {
    return this.#start?.checkpointed;
  }

  get isProven(): boolean {
    return this.#isProven;
  }

  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Why the shard is stalled, or was stopped by an error. */
  get failure(): AppError | undefined {
    return this.#failure;
  }

  /** Pulled logs are not confirmed, or the confirmed cursor is not saved; also after the shard has stopped. */
  get isUnfinished(): boolean {
    if (this.#gaveUp) return true;
    return this.#progress !== undefined && (!this.#progress.allConfirmed || this.#progress.unsaved !== undefined);
  }

  /** The last pull came to the end of the shard. */
  get caughtUp(): boolean {
    return this.#idle.idle;
  }

  start(): void {
    this.#loop ??= this.#live();
  }

  /**
   * Stops the shard once all that was pulled is confirmed and saved, or at the deadline with what is confirmed by then.
   * Concurrent callers share one drain, and the earliest deadline counts: a shutdown does not wait for a longer
   * hand-over.
   */
  drain(deadline: AbortSignal): Promise<void> {
    const onDue = () => this.#due.abort();
    deadline.addEventListener('abort', onDue, { once: true });
    if (deadline.aborted) onDue();
    this.#draining ??= this.#drain(this.#due.signal);
    return this.#draining.finally(() => deadline.removeEventListener('abort', onDue));
  }

  /** Stops at once; nothing more is delivered or saved. */
  stop(cause?: AppError): void {
    if (this.#state === 'stopped') return;
    this.#failure ??= cause;
    this.#on('left');
    this.#stopped.abort(stopReason);
    this.#starting.abort(stopReason);
    this.#pass.abort(stopReason);
    this.#wake.now();
  }

  ownershipLost(cause: AppError): void {
    if (this.#state === 'stopped') return;
    this.#options.log.warn({ shard: this.shard, err: cause }, 'another consumer owns the shard now; leaving it');
    this.stop(cause);
  }

  markSent(ticket: Ticket): void {
    this.#progress?.markSent(ticket);
  }

  markConfirmed(ticket: Ticket): void {
    this.#progress?.markConfirmed(ticket);
    if (this.#progress?.allConfirmed) this.#wake.now();
  }

  /** The ticket's batch, and all behind it, have to be pulled again. */
  markLost(ticket: Ticket): void {
    if (!this.#progress?.rewind(ticket)) return;
    if (this.#state === 'draining') this.#lostWhileDraining = this.#gaveUp = true;
    this.#pass.abort(rewindReason);
    this.#wake.now();
  }

  #on(event: ShardEvent): void {
    const before = this.#state;
    this.#state = next(before, event);
    if (this.#state === before) return;
    if (event === 'went-on') this.#failure = undefined;
    if (this.#state === 'finished' || this.#state === 'stopped') this.#options.onEnded();
  }

  async #live(): Promise<void> {
    while (!this.#starting.signal.aborted) {
      try {
        await this.#consumeAll();
        return;
      } catch (thrown) {
        if (this.#starting.signal.aborted) return;
        if (!(await this.#startsAnew(toAppError(thrown)))) return;
      }
    }
  }

  async #consumeAll(): Promise<void> {
    if (!this.#progress) await this.#begin();
    this.#on('started');
    while (facts[this.#state].pulls) {
      const pass = new Pass();
      this.#pass = pass;
      try {
        await this.#consume(this.#progress!, pass);
      } catch (thrown) {
        await this.#onPassError(thrown, this.#progress!, pass);
      } finally {
        pass.abort(rewindReason);
      }
    }
  }

  async #begin(): Promise<void> {
    const { from, checkpointer } = this.#options;
    const start = await beginShard(this.#options, (event) => this.#on(event), this.#starting.signal);
    this.#setPosition(start);
    // The shard's end moves on: an owner that started there later would leave out the logs in between.
    if (start.checkpointed === undefined && from === 'end') {
      await checkpointer.saveUntilDone(this, this.#starting.signal);
    }
  }

  #setPosition(start: StartPosition): void {
    const { log } = this.#options;
    this.#start = start;
    this.#isProven = false;
    this.#progress = new Progress(this.shard, start.cursor, start.checkpointed, this.#isWithdrawn);
    this.#idle.since(start.savedAtMs);
    log.debug({ shard: this.shard, cursor: start.cursor, resumed: start.checkpointed !== undefined }, 'shard started');
  }

  /** Pulls and delivers until the state changes or something is thrown. */
  async #consume(progress: Progress, pass: Pass): Promise<void> {
    const prefetch = new Prefetch(() =>
      this.#puller.pull(progress.pulled, progress.bound, this.#end, pass.pulls.signal),
    );
    try {
      while (facts[this.#state].pulls) {
        const pull = await prefetch.take();
        if (!facts[this.#state].pulls) return pull.release();
        this.#refused.accepted();
        this.#isProven = true;
        if (this.#state === 'refused') this.#on('went-on');
        if (pull.body) {
          await this.#deliver({ ...pull, body: pull.body }, progress, pass, prefetch).finally(pull.release);
          continue;
        }
        pull.release();
        if (pull.atEnd) this.#size.atEnd();
        this.#nothingInTheWay();
        if (!pull.atEnd) {
          progress.skip(pull.nextCursor);
          this.#size.empty();
        } else if (pull.isFinal) return await this.#finish(progress, pass);
        else await this.#idle.wait(pass.pulls.signal);
      }
    } finally {
      prefetch.discard();
    }
  }

  async #deliver(
    pull: Pull & { readonly body: BatchBody },
    progress: Progress,
    pass: Pass,
    prefetch: Prefetch,
  ): Promise<void> {
    const { clock, deliver } = this.#options;
    const { onDamage } = this.#unreadable;
    const ticket = progress.open(pull.nextCursor);
    const startMs = clock.monotonic();
    this.#idle.data();
    try {
      await deliverBatch({ deliver, pull, ticket, prefetch, onDamage, signal: pass.deliveries.signal });
      progress.markTaken(ticket);
    } catch (error) {
      progress.rewind(ticket);
      throw error;
    }
    this.#size.delivered(pull.logGroups, clock.monotonic() - startMs, pull.tookMs);
    this.#nothingInTheWay();
  }

  #nothingInTheWay(): void {
    this.#unreadable.delivered();
    this.#gone.isThere();
    if (facts[this.#state].isStalled) this.#on('went-on');
  }

  /** The sink has taken the last batch; unconfirmed ones can still be lost, and are then pulled again. */
  async #finish(progress: Progress, pass: Pass): Promise<void> {
    if (!progress.allConfirmed) this.#options.confirmSoon();
    while (!progress.allConfirmed && !pass.pulls.signal.aborted) await this.#wake.wait();
    if (pass.pulls.signal.aborted) return;
    const saved = await this.#options.checkpointer.saveUntilDone(this, pass.pulls.signal);
    if (!saved || this.#state !== 'consuming') return;
    this.#options.log.info({ shard: this.shard }, 'the shard is read to its end');
    this.#on('read-to-end');
  }

  /** Waits out what stalls the shard; throws what ends its loop. */
  async #onPassError(thrown: unknown, progress: Progress, pass: Pass): Promise<void> {
    if (thrown instanceof DeliveryLostError || this.#stopped.signal.aborted) return;
    const { signal } = pass.pulls;
    const { error, logGroups } = thrown instanceof DamagedBatch ? thrown : { error: toAppError(thrown), logGroups: 0 };
    try {
      if (error instanceof CorruptBatchError) {
        this.#failure = error;
        this.#on('batch-unreadable');
        await this.#unreadable.failed(error, progress.pulled, logGroups, signal);
      } else if (error.action === 'reject') {
        this.#on('position-refused');
        const mended = await goOnBehindRefusal(
          { ...this.#options, refused: this.#refused },
          error,
          this.#start,
          progress,
          signal,
        );
        if (mended === 'expired') this.#end.forget();
        else if (mended) this.#setPosition(mended);
      } else throw error;
    } catch (failure) {
      if (!signal.aborted) throw failure;
    }
  }

  /**
   * The loop has ended with an error.
   * @returns whether it begins anew
   */
  async #startsAnew(error: AppError): Promise<boolean> {
    if (error.action !== 'release-shard') {
      this.stop(error);
      this.#options.onFatal(error);
      return false;
    }
    const answer = await this.#gone.ask(error, this.#starting.signal);
    if (answer === 'listed') this.#on('starts-anew');
    else if (answer === 'gone') this.stop(error);
    return answer === 'listed';
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#on('given-up');
    const giveUp = () => {
      this.#gaveUp ||= this.#progress?.allConfirmed === false;
      this.#pass.abort(drainReason);
      this.#wake.now();
    };
    deadline.addEventListener('abort', giveUp, { once: true });
    if (deadline.aborted) giveUp();
    this.#starting.abort(drainReason);
    this.#pass.pulls.abort(drainReason);
    this.#wake.now();
    if (!this.#progress) this.stop();
    await this.#loop;
    if (this.#progress?.allConfirmed === false) this.#options.confirmSoon();
    const { signal } = this.#stopped;
    while (this.#progress?.allConfirmed === false && !this.#lostWhileDraining && !deadline.aborted && !signal.aborted) {
      await this.#wake.wait();
    }
    deadline.removeEventListener('abort', giveUp);
    // The next pull was lost before the drain: nobody has confirmed what was sent of it.
    this.#gaveUp ||= this.#progress?.bound !== undefined;
    const bound = deadline.aborted ? this.#options.clock.deadline(lastSaveMs) : deadline;
    if (!this.#stopped.signal.aborted) await this.#options.checkpointer.saveUntilDone(this, bound);
    this.stop();
  }
}
