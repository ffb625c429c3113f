/**
 * One consumer of a consumer group: joins it, starts and drains shard consumers as the server tells, saves their
 * checkpoints, and leaves nothing behind when it stops.
 *
 *   new       → `prepare()`: makes sure of the group. `join()`: beats once, sets the timers going.
 *   running   the heartbeat's answers start and drain shards. Fenced (no answer for the group's timeout): all
 *             shards are dropped at once, and the next answer starts anew.
 *   draining  → `drain(deadline)`: every shard is drained while the heartbeat goes on (the leases are needed
 *             until the last checkpoint), then the heartbeat stops.
 *   stopped   after `drain`, or at once by `destroy`.
 */
import { setMaxListeners } from 'node:events';
import { AppError, ServiceError, toAppError } from '../errors.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import { assign } from './assignment.ts';
import { Checkpointer } from './checkpointer.ts';
import type { ConsumerGroupOptions } from './consumer-group-options.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Cursor, ShardId } from './log-service.ts';
import { LookAhead } from './look-ahead.ts';
import { NamesakeWatch } from './namesake-watch.ts';
import type { Ticket } from './progress.ts';
import { ShardConsumer } from './shard-consumer.ts';
import type { Deliver } from './shard-consumer-options.ts';

export class ConsumerGroup {
  readonly #options: ConsumerGroupOptions;
  readonly #clock: Clock;
  readonly #lookAhead: LookAhead;
  readonly #namesakes: NamesakeWatch;
  readonly #checkpointer: Checkpointer;
  readonly #heartbeat: Heartbeat;
  readonly #consumers = new Map<ShardId, ShardConsumer>();
  readonly #stopping = new AbortController();
  #readOnlyShards: ReadonlySet<ShardId> = new Set();
  #allShards: readonly ShardId[] = [];
  /** On the monotonic clock. */
  #changedAtMs: number;
  #preparing: Promise<void> | undefined;
  #joining: Promise<void> | undefined;
  #draining: Promise<boolean> | undefined;
  #untilReached = false;
  #refreshing = false;
  #toldStandby = false;
  /** The shards as they were when the group was drained or destroyed. */
  #leftOver: readonly ShardConsumer[] = [];

  constructor(options: ConsumerGroupOptions) {
    const { clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#changedAtMs = clock.monotonic();
    this.#lookAhead = new LookAhead(undefined, clock);
    this.#namesakes = new NamesakeWatch({ ...options, settleMs: options.timeoutMs, clock });
    const onSaving = (shard: ShardId, cursor: Cursor) => this.#namesakes.saving(shard, cursor);
    this.#checkpointer = new Checkpointer(options.service, onSaving, options.log, clock);
    this.#heartbeat = new Heartbeat({
      intervalMs: options.heartbeatIntervalMs,
      timeoutMs: options.timeoutMs,
      beat: (signal) => this.#beat(signal),
      onFenced: () => this.#onFenced(),
      log: options.log,
      clock,
    });
  }

  /** The shards that this consumer works on. */
  get shards(): readonly ShardConsumer[] {
    return [...this.#consumers.values()];
  }

  get bytesInFlight(): number {
    return this.#options.budget.inUse;
  }

  /** Unix milliseconds; undefined before the first answer and while fenced. */
  get lastHeartbeatAtMs(): number | undefined {
    return this.#heartbeat.lastAnsweredAtMs;
  }

  /** Makes sure that the group exists as it should. Rejects when the service refuses: a wrong key, no such project. */
  prepare(): Promise<void> {
    this.#preparing ??= this.#ensureGroup(this.#stopping.signal);
    return this.#preparing;
  }

  /** Joins the group; from now on shards are consumed. Rejects when the service refuses. */
  join(): Promise<void> {
    this.#joining ??= this.#join();
    return this.#joining;
  }

  /** After a drain or destroy: the shards with something pulled that is not saved, and how far each of them is. */
  unfinished(): readonly { shard: ShardId; checkpointed: Cursor | undefined; pulled: Cursor | undefined }[] {
    return this.#leftOver
      .filter((consumer) => consumer.isUnfinished)
      .map(({ shard, progress }) => ({ shard, checkpointed: progress?.checkpointed, pulled: progress?.pulled }));
  }

  /**
   * @param deadlineMs how long all shards together have
   * @returns true when everything that was sent is confirmed and checkpointed
   */
  drain(deadlineMs: number): Promise<boolean> {
    this.#draining ??= this.#drain(deadlineMs);
    return this.#draining;
  }

  /** Stops everything at once; what was not checkpointed is pulled again by the shards' next owners. */
  destroy(cause: AppError): void {
    this.#stopping.abort(cause);
    this.#checkpointer.stop();
    void this.#heartbeat.stop();
    // It may have been drained or destroyed before, and those that stopped then are not among its shards any more.
    this.#leftOver = [...new Set([...this.#leftOver, ...this.shards])];
    this.#dropAll(cause);
  }

  markSent(ticket: Ticket): void {
    this.#consumers.get(ticket.shard)?.markSent(ticket);
  }

  markConfirmed(ticket: Ticket): void {
    this.#consumers.get(ticket.shard)?.markConfirmed(ticket);
  }

  markLost(tickets: readonly Ticket[]): void {
    for (const ticket of tickets) this.#consumers.get(ticket.shard)?.markLost(ticket);
  }

  async #join(): Promise<void> {
    await this.prepare();
    await this.#heartbeat.start();
    if (this.#stopping.signal.aborted) return;
    this.#checkpointer.start(this.#options.checkpointIntervalMs, () => this.shards, this.#stopping.signal);
  }

  #ensureGroup(signal: AbortSignal): Promise<void> {
    const { service, timeoutMs, inOrder } = this.#options;
    return service.ensureConsumerGroup({ timeoutMs, inOrder }, signal);
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const held = new Set(this.#consumers.keys());
    const draining = new Set(this.shards.filter((each) => each.state === 'draining').map((each) => each.shard));
    const granted = await this.#heartbeatOrRecreate(held, signal);
    if (signal.aborted || this.#draining) return;
    void this.#refreshShards();
    void this.#namesakes.look(() => this.#settledIn(), this.#stopping.signal);
    const { start, drain } = assign(held, draining, granted);
    if (start.length > 0 || drain.length > 0) {
      this.#changedAtMs = this.#clock.monotonic();
      this.#options.log.info({ start, drain, granted }, 'shards assigned');
    } else if (granted.length === 0 && !this.#toldStandby) {
      const seconds = this.#options.timeoutMs / 1000;
      const message = `no shards for this consumer: others have them, or had them and keep them for ${seconds}s`;
      this.#options.log.info({}, message);
    }
    this.#toldStandby = granted.length === 0;
    for (const shard of start) this.#startShard(shard);
    for (const shard of drain) this.#handOver(shard);
    this.#checkUntil();
  }

  async #heartbeatOrRecreate(held: ReadonlySet<ShardId>, signal: AbortSignal): Promise<readonly ShardId[]> {
    const { service, log } = this.#options;
    try {
      return await service.heartbeat([...held], signal);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'consumer-group-not-exist') throw error;
      log.warn({ err: error }, 'the consumer group was deleted; creating it again');
      await this.#ensureGroup(signal);
      // Its checkpoints went with it; an idle shard would never save one again.
      for (const { progress } of this.shards) progress?.forgetCheckpoint();
      return service.heartbeat([...held], signal);
    }
  }

  /** Which shards there are, and which are read-only; a heartbeat does not wait for it. */
  async #refreshShards(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    try {
      const shards = await this.#options.service.listShards(this.#stopping.signal);
      this.#allShards = shards.map((shard) => shard.id);
      this.#readOnlyShards = new Set(shards.filter((each) => each.status === 'readonly').map((each) => each.id));
      this.#checkUntil();
    } catch (thrown) {
      if (!this.#stopping.signal.aborted) this.#options.onFatal(toAppError(thrown));
    } finally {
      this.#refreshing = false;
    }
  }

  /** The shards that we hold and are not told to give up. */
  #settledIn(): readonly ShardConsumer[] {
    return this.shards.filter(({ state }) => state !== 'draining' && state !== 'stopped');
  }

  #startShard(shard: ShardId): void {
    if (this.#consumers.has(shard)) return;
    const { service, confirmSoon, budget, from, until, fetchIntervalMs, batchTargetMs, onFatal, log } = this.#options;
    const consumer: ShardConsumer = new ShardConsumer({
      shard,
      service,
      deliver: this.#deliver,
      confirmSoon,
      budget,
      lookAhead: this.#lookAhead,
      checkpointer: this.#checkpointer,
      from,
      until,
      fetchIntervalMs,
      batchTargetMs,
      skipsCorrupt: this.#options.skipsCorrupt ?? false,
      isReadOnly: () => this.#readOnlyShards.has(shard),
      hasLease: () => this.#heartbeat.hasLease,
      onSettled: () => this.#onSettled(consumer),
      onFatal,
      log,
      clock: this.#clock,
    });
    this.#consumers.set(shard, consumer);
    consumer.start();
  }

  readonly #deliver: Deliver = async (body, ticket, signal, maySkip, onBegun) => {
    this.#heartbeat.fenceIfOverdue();
    signal.throwIfAborted();
    await this.#options.deliver(body, ticket, signal, maySkip, onBegun);
  };

  #handOver(shard: ShardId): void {
    const consumer = this.#consumers.get(shard);
    const { drainTimeoutMs, log } = this.#options;
    void consumer?.drain(this.#clock.deadline(drainTimeoutMs)).then(() => {
      const message = 'the shard is handed over with something unconfirmed, which its next owner sends again';
      if (consumer.isUnfinished) log.warn({ shard, drainTimeoutMs }, message);
    });
  }

  #onSettled(consumer: ShardConsumer): void {
    if (consumer.state === 'stopped' && this.#consumers.get(consumer.shard) === consumer) {
      this.#consumers.delete(consumer.shard);
    }
    this.#changedAtMs = this.#clock.monotonic();
    this.#checkUntil();
  }

  #onFenced(): void {
    const { log, timeoutMs } = this.#options;
    const message = 'no heartbeat was answered for the group’s timeout: other consumers may own our shards now';
    log.error({ shards: [...this.#consumers.keys()], timeoutMs }, `${message}; dropping them and joining anew`);
    this.#dropAll(new AppError(message, { code: 'fenced', action: 'release-shard' }));
    this.#changedAtMs = this.#clock.monotonic();
  }

  #dropAll(cause: AppError): void {
    for (const consumer of this.shards) consumer.stop(cause);
  }

  /**
   * With `until`: done when every shard of ours is. Shards that nobody serves yet may still be granted to us (their
   * last owner has to time out first): unless we hold them all, wait for that long after the last change.
   */
  #checkUntil(): void {
    if (this.#options.until === undefined || this.#untilReached || this.#draining) return;
    if (this.#heartbeat.lastAnsweredAtMs === undefined) return;
    if (!this.shards.every((each) => each.state === 'finished' || each.state === 'failed')) return;
    const holdsAll = this.#allShards.length > 0 && this.#allShards.every((shard) => this.#consumers.has(shard));
    const { timeoutMs, heartbeatIntervalMs } = this.#options;
    if (!holdsAll && this.#clock.monotonic() - this.#changedAtMs < timeoutMs + heartbeatIntervalMs) return;
    this.#untilReached = true;
    this.#options.onUntilReached();
  }

  async #drain(deadlineMs: number): Promise<boolean> {
    const deadline = this.#clock.deadline(deadlineMs);
    setMaxListeners(0, deadline); // one a shard, and no leak
    const consumers = this.shards;
    this.#leftOver = consumers;
    await Promise.all(consumers.map((consumer) => consumer.drain(deadline)));
    this.#checkpointer.stop();
    await this.#heartbeat.stop();
    this.#stopping.abort();
    return this.unfinished().length === 0 && consumers.every((consumer) => !consumer.failure);
  }
}
