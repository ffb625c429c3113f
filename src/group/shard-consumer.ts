/**
 * One shard's loop: pull → deliver → advance, with one batch of look-ahead: the next is pulled as soon as one is begun.
 *
 *   starting   reads the checkpoint, or finds the start; then consuming.
 *   consuming  pulls and delivers. A lost delivery rewinds to its start and goes on pulling from there.
 *   finished   nothing more will come: a read-only shard at its end, or `--until` reached. The lease is kept.
 *   failed     a batch cannot be read, pulling it again did not help, and it is not to be skipped. The lease is
 *              kept: another consumer would fare no better, and the other shards go on.
 *   draining   told to give the shard up: pulls no more, hands over what it has, waits for its confirmation, saves
 *              the checkpoint; then stopped. A loss meanwhile ends the wait: the next owner pulls it again.
 *   stopped    gives no sign of life any more: drained, ownership lost, the shard gone, or fenced.
 *
 * Every state may go to draining or stopped. Nothing leaves stopped.
 */
import type { BatchBody } from '../encode/bytes.ts';
import { type AppError, CorruptBatchError, DeliveryLostError, toAppError } from '../errors.ts';
import type { Checkpointed } from './checkpointer.ts';
import { IdlePause } from './idle-pause.ts';
import type { ShardId } from './log-service.ts';
import { Progress, type Ticket } from './progress.ts';
import { PullAhead } from './pull-ahead.ts';
import { createPullSize, type PullSize } from './pull-size.ts';
import { type Pull, Puller } from './puller.ts';
import { Recovery } from './recovery.ts';
import { drainReason, Run, rewindReason, stopReason } from './run.ts';
import type { ShardConsumerOptions } from './shard-consumer-options.ts';
import { EndPosition, findStart } from './start-position.ts';
import { Wake } from './wake.ts';

export type ShardState = 'starting' | 'consuming' | 'finished' | 'failed' | 'draining' | 'stopped';

/** After the drain's deadline: for what is confirmed already. */
const lastSaveMs = 2_000;

export class ShardConsumer implements Checkpointed {
  readonly shard: ShardId;
  readonly #options: ShardConsumerOptions;
  readonly #stopped = new AbortController();
  readonly #size: PullSize;
  readonly #puller: Puller;
  readonly #idle: IdlePause;
  readonly #end: EndPosition;
  readonly #recovery: Recovery;
  #state: ShardState = 'starting';
  #progress: Progress | undefined;
  #loop: Promise<void> | undefined;
  #draining: Promise<void> | undefined;
  /** Aborts with the first deadline of those who want it drained. */
  readonly #due = new AbortController();
  readonly #wake = new Wake();
  #run = new Run();
  /** A loss that came after the drain had begun. */
  #lostWhileDraining = false;
  /** The drain's deadline came with something pulled that was not confirmed. */
  #gaveUp = false;
  #failure: AppError | undefined;

  constructor(options: ShardConsumerOptions) {
    this.#options = options;
    this.shard = options.shard;
    this.#size = createPullSize(options.batchTargetMs);
    this.#puller = new Puller({ ...options, size: this.#size });
    this.#recovery = new Recovery(options);
    this.#idle = new IdlePause(options.fetchIntervalMs, options.clock);
    this.#end = new EndPosition(options.service, options.shard, options.until, options.clock);
  }

  readonly #isWithdrawn = (): boolean => this.#state === 'stopped' || this.#options.hasLease?.() === false;

  get state(): ShardState {
    return this.#state;
  }

  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** Why it failed, or was stopped before its time. */
  get failure(): AppError | undefined {
    return this.#failure;
  }

  /** Something that was pulled is not confirmed, or what is confirmed is not saved; also after the shard has stopped. */
  get isUnfinished(): boolean {
    if (this.#gaveUp) return true;
    return this.#progress !== undefined && (!this.#progress.settled || this.#progress.unsaved !== undefined);
  }

  /** The last pull came to the end of the shard. */
  get caughtUp(): boolean {
    return this.#idle.idle;
  }

  start(): void {
    this.#loop ??= this.#consumeAll().catch((thrown: unknown) => this.#onLoopError(toAppError(thrown)));
  }

  /**
   * Gives the shard up in peace; at the deadline's abort, with what is confirmed by then. Concurrent callers share it,
   * and the first of their deadlines counts: a shutdown does not wait for a hand-over that has more time.
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
    this.#enter('stopped');
    this.#stopped.abort(stopReason);
    this.#run.abort(stopReason);
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
    if (this.#progress?.settled) this.#wake.now();
  }

  /** What the ticket stands for, and all after it, has to be pulled again. */
  markLost(ticket: Ticket): void {
    if (!this.#progress?.rewind(ticket)) return;
    if (this.#state === 'draining') this.#lostWhileDraining = this.#gaveUp = true;
    this.#run.abort(rewindReason);
    this.#wake.now();
  }

  async #consumeAll(): Promise<void> {
    const { service, from, log } = this.#options;
    const start = await findStart(service, this.shard, from, this.#stopped.signal);
    this.#progress = new Progress(this.shard, start.cursor, start.checkpointed, this.#isWithdrawn);
    this.#recovery.sawData(start.savedAtMs);
    this.#idle.since(start.savedAtMs);
    if (this.#state === 'starting') this.#enter('consuming');
    log.debug({ shard: this.shard, cursor: start.cursor, resumed: start.checkpointed !== undefined }, 'shard started');
    while (this.#state === 'consuming') {
      const run = new Run();
      this.#run = run;
      try {
        await this.#consume(this.#progress, run);
      } catch (thrown) {
        await this.#onRunError(thrown, this.#progress, run);
      } finally {
        run.abort(rewindReason);
      }
    }
  }

  /** Pulls and delivers until the state changes or something is thrown. */
  async #consume(progress: Progress, run: Run): Promise<void> {
    const { clock } = this.#options;
    const ahead = new PullAhead(() => this.#puller.pull(progress.pulled, progress.bound, this.#end, run.pulls.signal));
    try {
      while (this.#state === 'consuming') {
        const pull = await ahead.take();
        if (this.#state !== 'consuming') return pull.release();
        if (pull.body) {
          const ticket = progress.open(pull.nextCursor);
          this.#recovery.sawData(clock.now());
          this.#idle.data();
          const startMs = clock.monotonic();
          await this.#deliver({ ...pull, body: pull.body }, ticket, progress, run, ahead).finally(pull.release);
          this.#size.delivered(pull.logGroups, clock.monotonic() - startMs);
          continue;
        }
        pull.release();
        if (!pull.atEnd) {
          progress.skip(pull.nextCursor);
          this.#size.empty();
        } else if (pull.isFinal) return await this.#finish(progress, run);
        else await this.#idle.wait(run.pulls.signal);
      }
    } finally {
      ahead.discard();
    }
  }

  async #deliver(
    { body, place }: Pull & { readonly body: BatchBody },
    ticket: Ticket,
    progress: Progress,
    run: Run,
    ahead: PullAhead,
  ): Promise<void> {
    let isOver = false;
    const onBegun = () => {
      place.end();
      if (isOver) return;
      void ahead.begin().then(
        (next) => !isOver && next.place.park(),
        () => undefined,
      );
    };
    place.wait();
    try {
      const maySkip = this.#options.skipsCorrupt && this.#recovery.isLastTry;
      await this.#options.deliver(body, ticket, run.deliveries.signal, maySkip, onBegun);
      this.#recovery.delivered();
    } catch (error) {
      progress.rewind(ticket);
      throw error;
    } finally {
      isOver = true;
    }
  }

  /** Everything is handed over; what is unconfirmed can still be lost, and is then pulled again. */
  async #finish(progress: Progress, run: Run): Promise<void> {
    await this.#settled(progress, run);
    if (run.pulls.signal.aborted) return;
    const saved = await this.#options.checkpointer.saveUntilDone(this, run.pulls.signal);
    if (!saved || this.#state !== 'consuming') return;
    this.#options.log.info({ shard: this.shard }, 'the shard is read to its end');
    this.#enter('finished');
  }

  async #onRunError(thrown: unknown, progress: Progress, run: Run): Promise<void> {
    if (thrown instanceof DeliveryLostError || this.#stopped.signal.aborted) return;
    const error = toAppError(thrown);
    if (error.code === 'invalid-cursor') {
      await this.#recovery.skipExpired(progress, this.#end, run.pulls.signal);
    } else if (error instanceof CorruptBatchError) {
      if (!(await this.#recovery.mayPullAgain(error, progress, run.pulls.signal)))
        await this.#fail(error, progress, run);
    } else {
      throw error;
    }
  }

  /** Without this batch the shard cannot go on. What is before it may still be lost, and is sent again then. */
  async #fail(error: CorruptBatchError, progress: Progress, run: Run): Promise<void> {
    await this.#settled(progress, run);
    if (run.pulls.signal.aborted) return;
    this.#failure = error;
    this.#enter('failed');
  }

  /** Everything handed over is confirmed, or the run is over. */
  async #settled(progress: Progress, run: Run): Promise<void> {
    if (!progress.settled) this.#options.confirmSoon();
    while (!progress.settled && !run.pulls.signal.aborted) await this.#wake.wait();
  }

  #onLoopError(error: AppError): void {
    if (this.#stopped.signal.aborted) return;
    const { log, onFatal } = this.#options;
    this.stop(error);
    if (error.action === 'release-shard') log.info({ shard: this.shard, err: error }, 'the shard is gone; leaving it');
    else onFatal(error);
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#enter('draining');
    const giveUp = () => {
      this.#gaveUp ||= this.#progress?.settled === false;
      this.#run.abort(drainReason);
      this.#wake.now();
    };
    deadline.addEventListener('abort', giveUp, { once: true });
    if (deadline.aborted) giveUp();
    this.#run.pulls.abort(drainReason);
    this.#wake.now();
    if (!this.#progress) this.stop();
    await this.#loop;
    if (this.#progress?.settled === false) this.#options.confirmSoon();
    const { signal } = this.#stopped;
    while (this.#progress?.settled === false && !this.#lostWhileDraining && !deadline.aborted && !signal.aborted) {
      await this.#wake.wait();
    }
    deadline.removeEventListener('abort', giveUp);
    const bound = deadline.aborted ? this.#options.clock.deadline(lastSaveMs) : deadline;
    if (!this.#stopped.signal.aborted) await this.#options.checkpointer.saveUntilDone(this, bound);
    this.stop();
  }

  #enter(state: ShardState): void {
    if (this.#state === 'stopped') return;
    this.#state = state;
    if (state === 'finished' || state === 'failed' || state === 'stopped') this.#options.onSettled();
  }
}
