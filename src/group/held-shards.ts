/** The shards of this consumer: starts them, hands them over, and remembers how far the ones that it left were read. */
import { AppError } from '../core/errors.ts';
import type { Clock } from '../core/time/clock.ts';
import type { Checkpointer } from './checkpoint/checkpointer.ts';
import type { GroupRecovery } from './checkpoint/group-recovery.ts';
import type { Ticket } from './checkpoint/progress.ts';
import type { ConsumerGroupOptions } from './consumer-group-options.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { PullLimiter } from './pull/pull-limiter.ts';
import type { Cursor, ShardId } from './service/log-service.ts';
import type { ShardList } from './service/shard-list.ts';
import { ShardConsumer } from './shard/shard-consumer.ts';
import type { Deliver } from './shard/shard-consumer-options.ts';

export interface HeldShardsOptions extends ConsumerGroupOptions {
  readonly pullLimiter: PullLimiter;
  readonly checkpointer: Checkpointer;
  readonly recovery: GroupRecovery;
  readonly heartbeat: Pick<Heartbeat, 'hasLease' | 'fenceIfOverdue'>;
  readonly shardList: ShardList;
  /** This process has created the consumer group: no other consumer has started a shard in it before. */
  readonly isNewGroup: () => boolean;
  readonly onStopped: () => void;
  /** A shard was left, or read to its end. */
  readonly onEnded: () => void;
  /** Aborts the requests for a shard that is handed over. */
  readonly ending: AbortSignal;
  readonly clock: Clock;
}

export class HeldShards {
  readonly #options: HeldShardsOptions;
  readonly #consumers = new Map<ShardId, ShardConsumer>();
  /** The last consumer of each shard that was left. */
  readonly #former = new Map<ShardId, ShardConsumer>();
  /** Where this process was in shards that it left before any checkpoint of theirs was saved. */
  readonly #unsaved = new Map<ShardId, Cursor>();

  constructor(options: HeldShardsOptions) {
    this.#options = options;
  }

  get all(): readonly ShardConsumer[] {
    return [...this.#consumers.values()];
  }

  get ids(): readonly ShardId[] {
    return [...this.#consumers.keys()];
  }

  /** The shards whose position is known: not those that still look for their start. */
  get started(): readonly ShardId[] {
    return this.all.filter(({ progress }) => progress !== undefined).map(({ shard }) => shard);
  }

  /** The shards that this process holds, or has held. */
  get known(): readonly ShardId[] {
    return [...new Set([...this.#consumers.keys(), ...this.#former.keys()])];
  }

  /** The known shards that are split or merged, and were not at their end when this process started them. */
  get readToTheirEnd(): readonly ShardId[] {
    return this.known.filter((shard) => this.#wasInside(shard));
  }

  /** The held shards that are not being drained. */
  get active(): readonly ShardConsumer[] {
    return this.all.filter(({ state }) => state !== 'draining' && state !== 'stopped');
  }

  get draining(): readonly ShardId[] {
    return this.all.filter(({ state }) => state === 'draining').map(({ shard }) => shard);
  }

  get(shard: ShardId): ShardConsumer | undefined {
    return this.#consumers.get(shard);
  }

  start(shard: ShardId): void {
    if (this.#consumers.has(shard)) return;
    const { heartbeat, shardList, batchTargetMs } = this.#options;
    const consumer: ShardConsumer = new ShardConsumer({
      ...this.#options,
      shard,
      batchTargetMs,
      skipUnreadableAfterMs: this.#options.skipUnreadableAfterMs,
      deliver: this.#deliver,
      knownCheckpoint: () => this.knownCheckpoint(shard),
      unsavedStart: () => this.#unsaved.get(shard),
      isReadOnly: () => shardList.isReadOnly(shard),
      isNewShard: (groupSinceMs) => this.#isNewShard(shard, groupSinceMs),
      hasLease: () => heartbeat.hasLease,
      onEnded: () => this.#onEnded(consumer),
    });
    this.#consumers.set(shard, consumer);
    consumer.start();
  }

  handOver(shard: ShardId): void {
    const consumer = this.#consumers.get(shard);
    if (!consumer) return;
    const { drainTimeoutMs, recovery, ending, clock, log } = this.#options;
    // The shard may be moving because the group was deleted and created anew.
    void recovery.checkNow([consumer], ending);
    void consumer.drain(clock.deadline(drainTimeoutMs)).then(() => {
      const message = 'the shard is handed over with unconfirmed logs, which its next owner sends again';
      if (consumer.isUnfinished) log.warn({ shard, drainTimeoutMs }, message);
    });
  }

  /** All shards are left at once: others may own them by now. */
  fence(message: string): void {
    this.#options.recovery.noteFenced(this.active);
    this.dropAll(new AppError(message, { code: 'fenced', action: 'release-shard' }));
  }

  dropAll(cause: AppError): void {
    for (const consumer of this.all) consumer.stop(cause);
  }

  markLost(tickets: readonly Ticket[]): void {
    for (const ticket of tickets) this.#consumers.get(ticket.shard)?.markLost(ticket);
  }

  readonly #deliver: Deliver = async (body, ticket, signal, onDamage, onEncodingStarted) => {
    this.#options.heartbeat.fenceIfOverdue();
    signal.throwIfAborted();
    await this.#options.deliver(body, ticket, signal, onDamage, onEncodingStarted);
  };

  /** The shard's cursor that this process had confirmed when it held the shard, or the checkpoint that it saw last. */
  knownCheckpoint(shard: ShardId): Cursor | undefined {
    const progress = this.#former.get(shard)?.progress;
    return progress?.checkpointed === undefined ? this.#options.recovery.lastSeen(shard) : progress.confirmed;
  }

  async #isNewShard(shard: ShardId, listedSinceMs: number | undefined): Promise<boolean | 'perhaps'> {
    const { recovery, shardList, from, isNewGroup } = this.#options;
    await shardList.refresh();
    const sinceMs = Math.min(
      recovery.groupSinceMs ?? Number.POSITIVE_INFINITY,
      listedSinceMs ?? Number.POSITIVE_INFINITY,
    );
    if (shardList.isNewShard(shard, Number.isFinite(sinceMs) ? sinceMs : undefined)) return true;
    if (from !== 'end' || isNewGroup()) return false;
    const parents = shardList.possibleParents(shard);
    if (parents.length === 0) return false;
    return (await this.#isBeingRead(parents)) ? true : 'perhaps';
  }

  #wasInside(shard: ShardId): boolean {
    const { startedAt, progress } = this.#consumers.get(shard) ?? this.#former.get(shard) ?? {};
    return this.#options.shardList.isReadOnly(shard) && startedAt !== undefined && progress?.pulled !== startedAt;
  }

  /**
   * Whether the group has not read one of these shards to its end: then the group began before that shard was split or
   * merged, and the shards that it became are newer than the group.
   */
  async #isBeingRead(ended: readonly ShardId[]): Promise<boolean> {
    if (ended.some((shard) => this.#wasInside(shard))) return true;
    const { service, ending } = this.#options;
    const isInside = async (shard: ShardId) => {
      const { cursor } = await service.getCheckpoint(shard, ending);
      return cursor !== undefined && cursor !== (await service.getCursor(shard, 'end', ending));
    };
    return (await Promise.all(ended.map(isInside))).includes(true);
  }

  #onEnded(consumer: ShardConsumer): void {
    const { shard, state, progress } = consumer;
    const { recovery, onStopped, onEnded } = this.#options;
    if (state === 'stopped' && this.#consumers.get(shard) === consumer) {
      this.#consumers.delete(shard);
      this.#former.set(shard, consumer);
      // A restored checkpoint may still be on its way: what was confirmed last is never behind it.
      const cursor = progress?.checkpointed === undefined ? undefined : progress.confirmed;
      if (progress && cursor === undefined) this.#unsaved.set(shard, progress.confirmed);
      else if (progress) this.#unsaved.delete(shard);
      recovery.noteCheckpoints(new Map([[shard, { cursor, updatedAtMs: 0 }]]));
      onStopped();
    }
    onEnded();
  }
}
