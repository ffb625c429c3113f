/**
 * One consumer of a consumer group: joins the group, starts and drains shards as heartbeats are answered, and saves
 * their checkpoints.
 *
 *   new       → `prepare()`: finds or creates the group. `join()`: sends a heartbeat, starts the timers.
 *   running   the heartbeats' answers start and drain shards. Fenced (no answer for the group's timeout): all
 *             shards are dropped at once, and the next answer starts anew.
 *   draining  → `drain(deadline)`: every shard is drained while the heartbeat goes on (the leases are needed
 *             until the last checkpoint), then the heartbeat stops.
 *   stopped   after `drain`, or at once by `destroy`.
 */
import { setMaxListeners } from 'node:events';
import { type AppError, ServiceError, toAppError } from '../core/errors.ts';
import { type Clock, systemClock } from '../core/time/clock.ts';
import { assign } from './assignment.ts';
import { type CheckpointedShard, Checkpointer } from './checkpoint/checkpointer.ts';
import { GroupRecovery } from './checkpoint/group-recovery.ts';
import { NewShards } from './checkpoint/new-shards.ts';
import type { Ticket } from './checkpoint/progress.ts';
import { UnownedSaves } from './checkpoint/unowned-saves.ts';
import type { ConsumerGroupOptions } from './consumer-group-options.ts';
import { Heartbeat } from './heartbeat.ts';
import { HeldShards } from './held-shards.ts';
import { LiveGroupSettings } from './live-group-settings.ts';
import { NamesakeWatch } from './namesake-watch.ts';
import { PullLimiter } from './pull/pull-limiter.ts';
import type { Checkpoint, Cursor, FoundConsumerGroup, Phase, ShardId } from './service/log-service.ts';
import { ShardList } from './service/shard-list.ts';
import type { ShardConsumer } from './shard/shard-consumer.ts';
import { Until } from './until.ts';

/** With `--from end`, a group created at start counts as deleted for so long: others may still save checkpoints. */
const newGroupMs = 5_000;

export class ConsumerGroup {
  readonly #options: ConsumerGroupOptions;
  readonly #clock: Clock;
  readonly #held: HeldShards;
  readonly #namesakes: NamesakeWatch;
  readonly #checkpointer: Checkpointer;
  readonly #heartbeat: Heartbeat;
  readonly #groupSettings: LiveGroupSettings;
  readonly #until: Until;
  readonly #recovery: GroupRecovery;
  readonly #shardList: ShardList;
  readonly #newShards: NewShards;
  readonly #stopping = new AbortController();
  /** The shards that the latest heartbeat's answer grants. */
  #granted: ReadonlySet<ShardId> = new Set();
  /** The consumer group as it was found or made at start. */
  #group: FoundConsumerGroup | undefined;
  #preparing: Promise<void> | undefined;
  #joining: Promise<void> | undefined;
  #draining: Promise<boolean> | undefined;
  #loggedStandby = false;
  /** The shards as they were when the group was drained or destroyed. */
  #leftOver: readonly ShardConsumer[] = [];

  constructor(options: ConsumerGroupOptions) {
    const { clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    const onListed = (checkpoints: ReadonlyMap<ShardId, Checkpoint>) => this.#recovery.noteCheckpoints(checkpoints);
    this.#namesakes = new NamesakeWatch({ ...options, judgeAfterMs: options.timeoutMs, onListed, clock });
    this.#groupSettings = new LiveGroupSettings({ ...options, clock });
    this.#until = new Until({
      isBounded: options.until !== undefined,
      quietMs: () => this.#groupSettings.timeoutMs + this.#groupSettings.heartbeatIntervalMs,
      onReached: options.onUntilReached,
      clock,
    });
    this.#shardList = new ShardList(options.service, this.#stopping.signal);
    const isRolledBack = ({ shard, startedAt, progress }: CheckpointedShard, cursor: Cursor) => {
      const saved = progress?.checkpointed;
      if (saved === undefined || cursor === saved) return false;
      return cursor === startedAt || this.#namesakes.savedBefore(shard, cursor, saved);
    };
    const unowned = new UnownedSaves(options.service, clock);
    this.#newShards = new NewShards({
      ...options,
      clock: this.#clock,
      unowned,
      shards: this.#shardList,
      knownCheckpoint: (shard) => this.#held.knownCheckpoint(shard),
    });
    this.#checkpointer = new Checkpointer({
      ...options,
      isOurs: (shard) => this.#isOurs(shard),
      isRolledBack,
      onSaving: (shard, cursor) => {
        unowned.abort(shard);
        this.#namesakes.saving(shard, cursor);
      },
      clock,
    });
    this.#recovery = new GroupRecovery({
      ...options,
      unowned,
      started: () => this.#held.started,
      checkpointer: this.#checkpointer,
      settings: { timeoutMs: options.timeoutMs, inOrder: options.inOrder },
      isRolledBack,
      ending: this.#stopping.signal,
      graceMs: () => this.#groupSettings.timeoutMs,
      clock,
    });
    this.#heartbeat = new Heartbeat({
      intervalMs: () => this.#groupSettings.heartbeatIntervalMs,
      timeoutMs: () => this.#groupSettings.timeoutMs,
      send: (phase, signal) => this.#sendHeartbeat(phase, signal),
      onFenced: () => this.#onFenced(),
      log: options.log,
      clock,
    });
    this.#held = new HeldShards({
      ...options,
      pullLimiter: new PullLimiter(undefined, clock),
      checkpointer: this.#checkpointer,
      recovery: this.#recovery,
      heartbeat: this.#heartbeat,
      shardList: this.#shardList,
      isNewGroup: () => this.#group?.isNew === true,
      onStopped: () => {
        // The service gives the shard to another consumer once a heartbeat no longer lists it.
        if (!this.#draining) this.#heartbeat.soon();
      },
      onEnded: () => {
        this.#until.changed();
        this.#checkUntil();
      },
      ending: this.#stopping.signal,
      clock,
    });
  }

  /** The shards that this consumer works on. */
  get shards(): readonly ShardConsumer[] {
    return this.#held.all;
  }

  get bytesInFlight(): number {
    return this.#options.budget.inUse;
  }

  /** When the last answered heartbeat was sent, unix milliseconds; undefined: none was answered yet, or fenced. */
  get lastHeartbeatAtMs(): number | undefined {
    return this.#heartbeat.lastAnsweredAtMs;
  }

  /** Finds or creates the group. Rejects when the service refuses: a wrong key, no such project. */
  prepare(): Promise<void> {
    this.#preparing ??= this.#prepare();
    return this.#preparing;
  }

  /** Joins the group; from now on shards are consumed. Rejects when the service refuses. */
  join(): Promise<void> {
    this.#joining ??= this.#join();
    return this.#joining;
  }

  /** After a drain or destroy: the shards with pulled logs whose cursor is not saved, and how far each shard is. */
  unfinished(): readonly { shard: ShardId; checkpointed: Cursor | undefined; pulled: Cursor | undefined }[] {
    return this.#leftOver
      .filter((consumer) => consumer.isUnfinished)
      .map(({ shard, progress }) => ({ shard, checkpointed: progress?.checkpointed, pulled: progress?.pulled }));
  }

  /**
   * @param deadlineMs how long the drain of all shards may take
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
    // Shards that an earlier drain or destroy has stopped are no longer among `shards`.
    this.#leftOver = [...new Set([...this.#leftOver, ...this.shards])];
    this.#held.dropAll(cause);
  }

  markSent(ticket: Ticket): void {
    this.#held.get(ticket.shard)?.markSent(ticket);
  }

  markConfirmed(ticket: Ticket): void {
    this.#held.get(ticket.shard)?.markConfirmed(ticket);
  }

  markLost(tickets: readonly Ticket[]): void {
    this.#held.markLost(tickets);
  }

  async #join(): Promise<void> {
    await this.prepare();
    // The group did not exist: it may have been deleted, and other consumers may be about to save their checkpoints.
    if (this.#group?.isNew && this.#options.from === 'end') {
      this.#recovery.startGrace(Math.min(this.#groupSettings.heartbeatIntervalMs, newGroupMs));
    }
    await this.#heartbeat.start();
    if (this.#stopping.signal.aborted) return;
    this.#checkpointer.start(this.#options.checkpointIntervalMs, () => this.shards, this.#stopping.signal);
  }

  async #prepare(): Promise<void> {
    const { service, timeoutMs, inOrder, updatesGroup = false } = this.#options;
    const wanted = { timeoutMs, inOrder, mayUpdate: updatesGroup };
    this.#group = await service.ensureConsumerGroup(wanted, this.#stopping.signal, 'start');
    this.#groupSettings.found(this.#group);
    // A shard that is split from now on is new, also while the receiver is waited for. A failure is told with the first
    // heartbeat.
    if (this.#options.from === 'end') void this.#shardList.refresh().catch(() => undefined);
  }

  async #sendHeartbeat(phase: Phase, signal: AbortSignal): Promise<() => void> {
    const { held, granted } = await this.#heartbeatOrRecreate(phase, signal);
    return () => this.#onGranted(held, granted);
  }

  /** @param held the shards that the heartbeat listed */
  #onGranted(held: ReadonlySet<ShardId>, granted: readonly ShardId[]): void {
    this.#granted = new Set(granted);
    this.#recovery.noteAnswered();
    if (this.#draining || this.#stopping.signal.aborted) return;
    void this.#refreshShards();
    void this.#namesakes.look(() => this.#held.active, this.#stopping.signal);
    void this.#recovery.check(() => this.#held.active, this.#stopping.signal);
    void this.#readGroupSettings();
    const { start, drain } = assign(held, new Set(this.#held.draining), granted);
    if (start.length > 0 || drain.length > 0) {
      this.#until.changed();
      this.#options.log.info({ start, drain, granted }, 'shards assigned');
    } else if (granted.length === 0 && !this.#loggedStandby) {
      const seconds = this.#groupSettings.timeoutMs / 1000;
      const message = `no shards for this consumer: other consumers own them, or owned them less than ${seconds}s ago`;
      this.#options.log.info({}, message);
    }
    this.#loggedStandby = granted.length === 0;
    for (const shard of start) this.#held.start(shard);
    for (const shard of drain) this.#held.handOver(shard);
    // A service may refuse a shard's checkpoints until a heartbeat has listed the shard.
    if (start.length > 0) this.#heartbeat.soon();
    this.#checkUntil();
  }

  async #heartbeatOrRecreate(phase: Phase, signal: AbortSignal) {
    const { service } = this.#options;
    const send = async () => {
      // Restoring checkpoints takes time, and shards may be started or left meanwhile.
      const held: ReadonlySet<ShardId> = new Set(this.#held.ids);
      return { held, granted: await service.heartbeat([...held], signal, phase) };
    };
    try {
      await this.#recovery.restorePending(signal);
      return await send();
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'consumer-group-not-exist') throw error;
      this.#groupSettings.found(await this.#recovery.recover(this.#held.active, signal));
      return send();
    }
  }

  /** Lists the shards; heartbeats do not wait for it. */
  async #refreshShards(): Promise<void> {
    try {
      await this.#shardList.refresh();
      if (this.#options.from === 'end') {
        const held = this.#held.active.map(({ shard }) => shard);
        void this.#newShards.save(held, this.#held.known, this.#held.readToTheirEnd, this.#stopping.signal);
      }
      this.#checkUntil();
    } catch (thrown) {
      if (!this.#stopping.signal.aborted) this.#options.onFatal(toAppError(thrown));
    }
  }

  /** Reads the group's timeout, which somebody may have changed; heartbeats do not wait for it. */
  async #readGroupSettings(): Promise<void> {
    if (await this.#groupSettings.read(this.#stopping.signal)) this.#heartbeat.settingsChanged();
  }

  /** Whether the answer to a heartbeat that is sent from now on grants the shard. */
  async #isOurs({ shard }: CheckpointedShard): Promise<boolean> {
    this.#groupSettings.readSoon();
    return (await this.#heartbeat.nextAnswer()) && this.#granted.has(shard);
  }

  #onFenced(): void {
    const { log } = this.#options;
    const { timeoutMs } = this.#groupSettings;
    const message = 'no heartbeat was answered for the group’s timeout: other consumers may own our shards now';
    log.error({ shards: this.#held.ids, timeoutMs }, `${message}; dropping them and sending heartbeats again`);
    this.#held.fence(message);
    this.#until.changed();
  }

  #checkUntil(): void {
    if (this.#draining || this.#heartbeat.lastAnsweredAtMs === undefined) return;
    this.#until.check(this.shards, this.#shardList.ids);
  }

  async #drain(deadlineMs: number): Promise<boolean> {
    const { from } = this.#options;
    const deadline = this.#clock.deadline(deadlineMs);
    setMaxListeners(0, deadline); // one listener a shard: no leak
    const consumers = this.shards;
    this.#leftOver = consumers;
    const leaving = [deadline, this.#stopping.signal];
    const saving = from === 'end' ? this.#newShards.saveBeforeLeaving(this.#held, leaving) : undefined;
    await Promise.all(consumers.map((consumer) => consumer.drain(deadline)));
    await saving;
    this.#checkpointer.stop();
    await this.#heartbeat.stop();
    this.#stopping.abort();
    return this.unfinished().length === 0 && consumers.every((consumer) => !consumer.failure);
  }
}
