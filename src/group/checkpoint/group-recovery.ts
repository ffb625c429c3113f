/**
 * Recovers from a deleted consumer group. Its checkpoints are gone with it, and the next owner of a shard would start
 * it where the settings say, perhaps at the end. So each consumer first saves the cursors that it has confirmed, and a
 * shard that should have a checkpoint and has none is started only after the other consumers had time to save theirs.
 *
 * The first consumer whose heartbeat finds the group gone creates it again and saves. The others would not notice: so
 * they check every 20 s, and when one of their shards is granted to another consumer, that their checkpoints exist.
 */
import { AppError, ServiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type {
  Checkpoint,
  ConsumerGroupSettings,
  Cursor,
  FoundConsumerGroup,
  LogService,
  ShardId,
} from '../service/log-service.ts';
import type { CheckpointedShard, Checkpointer } from './checkpointer.ts';
import type { UnownedSaves } from './unowned-saves.ts';

export interface GroupRecoveryOptions {
  readonly service: Pick<LogService, 'ensureConsumerGroup' | 'getCursor' | 'getCursorTime' | 'listCheckpoints'>;
  readonly checkpointer: Pick<Checkpointer, 'restoreIfGone'>;
  readonly unowned: Pick<UnownedSaves, 'save'>;
  /** The shards that this consumer has started: their confirmed cursors are saved, not the checkpoints last seen. */
  readonly started: () => readonly ShardId[];
  readonly settings: ConsumerGroupSettings;
  /** Whether this checkpoint of the service's is known to lie before the one that was saved last. */
  readonly isRolledBack: (shard: CheckpointedShard, cursor: Cursor) => boolean;
  /** How long other consumers may take to notice: the longest time between two heartbeats of a live consumer. */
  readonly graceMs: () => number;
  /** Aborts when the consumer ends. */
  readonly ending: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
}

/** Share of `graceMs` after which the checkpoints last seen are restored again: the owners had time to save theirs. */
const shareOfOwners = 0.5;
const checkIntervalMs = 20_000;
/** How long another consumer's save of a new shard's beginning (new-shards.ts) may be on its way. */
const longestSaveMs = 60_000;

export class GroupRecovery {
  readonly #options: GroupRecoveryOptions;
  /** The latest checkpoint seen of each shard: this may be the only copy left. */
  readonly #seen = new Map<ShardId, Cursor>();
  /** Monotonic time until which other consumers have time to save. */
  #graceUntilMs = Number.NEGATIVE_INFINITY;
  /** When the oldest checkpoint seen was saved, unix milliseconds. */
  #groupSinceMs: number | undefined;
  #memberSinceMs = Number.POSITIVE_INFINITY;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #isChecking = false;
  #isRestoringUnowned = false;
  /** Shards whose confirmed cursor is still to be saved. */
  readonly #pendingRestores = new Set<CheckpointedShard>();
  /** Shards dropped because no heartbeat was answered: only this process may know their confirmed cursors. */
  #dropped: readonly CheckpointedShard[] = [];

  constructor(options: GroupRecoveryOptions) {
    this.#options = options;
  }

  /** Gives other consumers so long, from now on, to save what they have confirmed. */
  startGrace(ms = this.#options.graceMs()): void {
    this.#graceUntilMs = Math.max(this.#graceUntilMs, this.#options.clock.monotonic() + ms);
  }

  /**
   * How long a shard without a checkpoint waits for other consumers to save one; milliseconds, 0: not at all.
   * @param wasOurs this process has had a checkpoint of the shard
   * @param isNewShard the shard was created after the group; another consumer may be about to save its beginning
   * (new-shards.ts)
   */
  waitMs(
    shard: ShardId,
    { wasOurs, isNewShard }: { readonly wasOurs: boolean; readonly isNewShard: boolean | 'perhaps' },
  ): number {
    const { graceMs, clock } = this.#options;
    // A group that has run for longer than that has had an owner for each shard, and each owner saves at once.
    const isOld = clock.monotonic() - this.#memberSinceMs > graceMs();
    if (this.#seen.has(shard) || wasOurs || (isOld && isNewShard === false)) this.startGrace();
    const waitMs = Math.max(0, this.#graceUntilMs - clock.monotonic());
    return isNewShard === 'perhaps' ? Math.max(waitMs, graceMs() + longestSaveMs) : waitMs;
  }

  /** Shards were dropped because no heartbeat was answered. */
  noteFenced(shards: readonly CheckpointedShard[]): void {
    this.#dropped = shards;
  }

  /** A heartbeat was answered. */
  noteAnswered(): void {
    this.#memberSinceMs = Math.min(this.#memberSinceMs, this.#options.clock.monotonic());
    this.#dropped = [];
  }

  /** Remembers the group's checkpoints. */
  noteCheckpoints(checkpoints: ReadonlyMap<ShardId, Pick<Checkpoint, 'cursor' | 'updatedAtMs'>>): void {
    for (const [shard, { cursor, updatedAtMs }] of checkpoints) {
      if (cursor === undefined) continue;
      this.#seen.set(shard, cursor);
      if (updatedAtMs > 0) this.#groupSinceMs = Math.min(this.#groupSinceMs ?? updatedAtMs, updatedAtMs);
    }
  }

  /** The group has existed since then at the latest; unix milliseconds, undefined: not known. */
  get groupSinceMs(): number | undefined {
    return this.#groupSinceMs;
  }

  /** The shard's checkpoint that was seen last, whichever consumer saved it. */
  lastSeen(shard: ShardId): Cursor | undefined {
    return this.#seen.get(shard);
  }

  /**
   * The service says that the group does not exist: finds it, or creates it again.
   * @throws what `ensureConsumerGroup` and saving a checkpoint throw: the caller tries again
   */
  async recover(held: readonly CheckpointedShard[], signal: AbortSignal): Promise<FoundConsumerGroup> {
    const { service, settings, log } = this.#options;
    const group = await service.ensureConsumerGroup(settings, signal, 'running');
    this.startGrace();
    for (const shard of [...held, ...this.#dropped]) this.#pendingRestores.add(shard);
    const restored = await this.restorePending(signal);
    void this.#restoreUnowned(this.#options.ending);
    if (group.isNew || restored.length > 0) {
      log.error(
        { restored },
        `the consumer group was deleted, and its checkpoints with it. ${group.isNew ? 'It is created again' : 'Another consumer has created it again'}, and the confirmed cursors of this consumer are saved. Any other shard begins after the other consumers had ${this.#options.graceMs() / 1000}s to save their confirmed cursors`,
      );
    }
    return group;
  }

  /**
   * Saves the cursors that could not be saved before. A save that fails again stays owed, and stops nothing else.
   * @returns the shards whose checkpoints were gone
   * @throws ServiceError with code `consumer-group-not-exist`: the group has to be created again first
   */
  async restorePending(signal: AbortSignal): Promise<readonly ShardId[]> {
    if (this.#pendingRestores.size === 0) return [];
    const { service, log } = this.#options;
    try {
      // Tried once: where the group is gone again, nothing can be saved.
      const listed = await service.listCheckpoints(signal);
      const pending = [...this.#pendingRestores];
      const gone = pending.filter((shard) => isGone(shard, listed) || this.#isRolledBack(shard, listed));
      const restored = await this.#restore(gone, true, signal);
      this.#pendingRestores.clear();
      return restored;
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'consumer-group-not-exist') throw error;
      if (!signal.aborted) log.debug({ err: error }, 'confirmed cursors are not saved yet; trying again');
      return [];
    }
  }

  /** Checks that the checkpoints of the held shards still exist; first at once, then every 20 s. Never rejects. */
  async check(held: () => readonly CheckpointedShard[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    if (this.#isChecking || clock.monotonic() - this.#checkedAtMs < checkIntervalMs) return;
    await this.checkNow(held(), signal);
  }

  async checkNow(shards: readonly CheckpointedShard[], signal: AbortSignal): Promise<void> {
    const { service, log, clock } = this.#options;
    this.#isChecking = true;
    this.#checkedAtMs = clock.monotonic();
    try {
      const listed = await service.listCheckpoints(signal);
      this.noteCheckpoints(listed);
      this.#repairRolledBack(shards, listed);
      // This process may be the only one that knows the deleted group's checkpoints.
      const isNewGroup = this.#seen.size > 0 && ![...this.#seen.keys()].some((shard) => listed.has(shard));
      const gone = shards.filter((shard) => isGone(shard, listed));
      if (isNewGroup || gone.length > 0) void this.#restoreUnowned(this.#options.ending);
      if (gone.length === 0) return;
      const restored = await this.#restore(gone, false, signal);
      if (restored.length === 0) return;
      this.startGrace();
      const message = `the checkpoints of shards ${restored.join(', ')} were gone: somebody has deleted the consumer group, and another consumer has created it again. The confirmed cursors of this consumer are saved`;
      log.error({ restored }, message);
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'the check of the checkpoints failed; trying again later');
    } finally {
      this.#isChecking = false;
    }
  }

  /** A save that was aborted when its shard was lost may arrive over a newer checkpoint: the newer is saved again. */
  #repairRolledBack(shards: readonly CheckpointedShard[], listed: ReadonlyMap<ShardId, Checkpoint>): void {
    for (const shard of shards) if (this.#isRolledBack(shard, listed)) shard.progress?.forgetCheckpoint();
  }

  #isRolledBack(shard: CheckpointedShard, listed: ReadonlyMap<ShardId, Checkpoint>): boolean {
    const cursor = listed.get(shard.shard)?.cursor;
    return cursor !== undefined && this.#options.isRolledBack(shard, cursor);
  }

  /**
   * Restores the last seen checkpoints of shards that have none: at once, as this process may be the only one that
   * knows them, and again when the shards' owners had time to save theirs. An owner with a newer cursor saves over it.
   * Never rejects.
   */
  async #restoreUnowned(signal: AbortSignal): Promise<void> {
    const { graceMs, clock, log } = this.#options;
    if (this.#isRestoringUnowned) return;
    this.#isRestoringUnowned = true;
    try {
      await this.#restoreSeen(signal);
      await clock.sleep(graceMs() * shareOfOwners, { signal });
      await this.#restoreSeen(signal);
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'remembered checkpoints are not restored');
    } finally {
      this.#isRestoringUnowned = false;
    }
  }

  async #restoreSeen(signal: AbortSignal): Promise<void> {
    const { service, unowned, graceMs, started } = this.#options;
    const gone = (listed: ReadonlyMap<ShardId, Checkpoint>) => {
      const ours = new Set([...started(), ...[...this.#pendingRestores].map(({ shard }) => shard)]);
      return [...this.#seen].filter(([shard]) => !listed.has(shard) && !ours.has(shard));
    };
    const first = gone(await service.listCheckpoints(signal));
    if (first.length === 0) return;
    const isTaken = await Promise.all(first.map(([shard, cursor]) => this.#isAccepted(shard, cursor, signal)));
    const taken = new Set(first.filter((_, at) => isTaken[at]).map(([shard]) => shard));
    const still = gone(await service.listCheckpoints(signal)).filter(([shard]) => taken.has(shard));
    // All at once: the longer it takes, the likelier an owner has saved a newer one.
    await Promise.all(still.map(([shard, cursor]) => unowned.save(shard, cursor, graceMs() * shareOfOwners, signal)));
  }

  /** Whether the service accepts the cursor: somebody may have set a checkpoint that is not a cursor of the shard. */
  async #isAccepted(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<boolean> {
    const { service } = this.#options;
    try {
      await service.getCursorTime(shard, cursor, signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      // The service has no time for the cursor at the shard's end.
      return isRejected(error) && (await service.getCursor(shard, 'end', signal)) === cursor;
    }
  }

  async #restore(
    shards: readonly CheckpointedShard[],
    isKnownGone: boolean,
    signal: AbortSignal,
  ): Promise<readonly ShardId[]> {
    const { checkpointer } = this.#options;
    const restoring = shards.map((shard) => checkpointer.restoreIfGone(shard, isKnownGone, signal));
    const outcomes = await Promise.allSettled(restoring);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected' && !isRejected(outcome.reason));
    if (failed) throw (failed as PromiseRejectedResult).reason;
    return shards
      .filter((_, at) => (outcomes[at] as Partial<PromiseFulfilledResult<boolean>>).value)
      .map(({ shard }) => shard);
  }
}

function isGone({ shard, progress }: CheckpointedShard, listed: ReadonlyMap<ShardId, Checkpoint>): boolean {
  return progress?.checkpointed !== undefined && !listed.has(shard);
}

/** The service refuses the cursor for good: somebody had set a checkpoint that is not a cursor of the shard. */
function isRejected(error: unknown): boolean {
  return error instanceof AppError && error.action === 'reject';
}
