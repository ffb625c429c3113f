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
import type { Checkpointed, Checkpointer } from './checkpointer.ts';
import type { UnownedSaves } from './unowned-saves.ts';

export interface GroupLossOptions {
  readonly service: Pick<LogService, 'ensureConsumerGroup' | 'getCursor' | 'getCursorTime' | 'listCheckpoints'>;
  readonly checkpointer: Pick<Checkpointer, 'restoreIfGone'>;
  readonly unowned: Pick<UnownedSaves, 'save'>;
  /** The shards that this consumer has started: their confirmed cursors are saved, not the checkpoints last seen. */
  readonly begun: () => readonly ShardId[];
  readonly settings: ConsumerGroupSettings;
  /** Whether this checkpoint of the service's is known to lie before the one that was saved last. */
  readonly isPutBack: (shard: Checkpointed, cursor: Cursor) => boolean;
  /** How long other consumers may take to notice: the longest time between two heartbeats of a live consumer. */
  readonly othersMs: () => number;
  /** Aborts when the consumer ends. */
  readonly ending: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
}

/** Share of `othersMs` after which the checkpoints last seen are restored again: the owners had time to save theirs. */
const shareOfOwners = 0.5;
const lookMs = 20_000;
/** How long another consumer's save of a new shard's beginning (new-shards.ts) may be on its way. */
const longestSaveMs = 60_000;

export class GroupLoss {
  readonly #options: GroupLossOptions;
  /** The latest checkpoint seen of each shard: this may be the only copy left. */
  readonly #seen = new Map<ShardId, Cursor>();
  /** Monotonic time until which other consumers have time to save. */
  #othersUntilMs = Number.NEGATIVE_INFINITY;
  /** When the oldest checkpoint seen was saved, unix milliseconds. */
  #groupSinceMs: number | undefined;
  #memberSinceMs = Number.POSITIVE_INFINITY;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  #isRemembering = false;
  /** Shards whose confirmed cursor is still to be saved. */
  readonly #owed = new Set<Checkpointed>();
  /** Shards dropped because no heartbeat was answered: only this process may know their confirmed cursors. */
  #dropped: readonly Checkpointed[] = [];

  constructor(options: GroupLossOptions) {
    this.#options = options;
  }

  /** Gives other consumers so long, from now on, to save what they have confirmed. */
  othersFirst(ms = this.#options.othersMs()): void {
    this.#othersUntilMs = Math.max(this.#othersUntilMs, this.#options.clock.monotonic() + ms);
  }

  /**
   * How long a shard without a checkpoint waits for other consumers to save one; milliseconds, 0: not at all.
   * @param wasOurs this process has had a checkpoint of the shard
   * @param isLater the shard was created after the group; another consumer may be about to save its beginning
   * (new-shards.ts)
   */
  waitMs(
    shard: ShardId,
    { wasOurs, isLater }: { readonly wasOurs: boolean; readonly isLater: boolean | 'perhaps' },
  ): number {
    const { othersMs, clock } = this.#options;
    // A group that has run for longer than that has had an owner for each shard, and each owner saves at once.
    const isOld = clock.monotonic() - this.#memberSinceMs > othersMs();
    if (this.#seen.has(shard) || wasOurs || (isOld && isLater === false)) this.othersFirst();
    const waitMs = Math.max(0, this.#othersUntilMs - clock.monotonic());
    return isLater === 'perhaps' ? Math.max(waitMs, othersMs() + longestSaveMs) : waitMs;
  }

  /** Shards were dropped because no heartbeat was answered. */
  fenced(shards: readonly Checkpointed[]): void {
    this.#dropped = shards;
  }

  /** A heartbeat was answered. */
  answered(): void {
    this.#memberSinceMs = Math.min(this.#memberSinceMs, this.#options.clock.monotonic());
    this.#dropped = [];
  }

  /** Remembers the group's checkpoints. */
  saw(checkpoints: ReadonlyMap<ShardId, Pick<Checkpoint, 'cursor' | 'updatedAtMs'>>): void {
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
  async recover(held: readonly Checkpointed[], signal: AbortSignal): Promise<FoundConsumerGroup> {
    const { service, settings, log } = this.#options;
    const group = await service.ensureConsumerGroup(settings, signal, 'running');
    this.othersFirst();
    for (const shard of [...held, ...this.#dropped]) this.#owed.add(shard);
    const restored = await this.settle(signal);
    void this.#remember(this.#options.ending);
    if (group.isNew || restored.length > 0) {
      log.error(
        { restored },
        `the consumer group was deleted, and its checkpoints with it. ${group.isNew ? 'It is created again' : 'Another consumer has created it again'}, and the confirmed cursors of this consumer are saved. Any other shard begins after the other consumers had ${this.#options.othersMs() / 1000}s to save their confirmed cursors`,
      );
    }
    return group;
  }

  /**
   * Saves the cursors that could not be saved before. A save that fails again stays owed, and stops nothing else.
   * @returns the shards whose checkpoints were gone
   * @throws ServiceError with code `consumer-group-not-exist`: the group has to be created again first
   */
  async settle(signal: AbortSignal): Promise<readonly ShardId[]> {
    if (this.#owed.size === 0) return [];
    const { service, log } = this.#options;
    try {
      // Tried once: where the group is gone again, nothing can be saved.
      const listed = await service.listCheckpoints(signal);
      const owed = [...this.#owed];
      const gone = owed.filter((shard) => isGone(shard, listed) || this.#isPutBack(shard, listed));
      const restored = await this.#restore(gone, true, signal);
      this.#owed.clear();
      return restored;
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'consumer-group-not-exist') throw error;
      if (!signal.aborted) log.debug({ err: error }, 'confirmed cursors are not saved yet; trying again');
      return [];
    }
  }

  /** Checks that the checkpoints of the held shards still exist; first at once, then every 20 s. Never rejects. */
  async look(held: () => readonly Checkpointed[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    if (this.#isLooking || clock.monotonic() - this.#lookedAtMs < lookMs) return;
    await this.lookNow(held(), signal);
  }

  async lookNow(shards: readonly Checkpointed[], signal: AbortSignal): Promise<void> {
    const { service, log, clock } = this.#options;
    this.#isLooking = true;
    this.#lookedAtMs = clock.monotonic();
    try {
      const listed = await service.listCheckpoints(signal);
      this.saw(listed);
      this.#mendPutBack(shards, listed);
      // This process may be the only one that knows the deleted group's checkpoints.
      const isNewGroup = this.#seen.size > 0 && ![...this.#seen.keys()].some((shard) => listed.has(shard));
      const gone = shards.filter((shard) => isGone(shard, listed));
      if (isNewGroup || gone.length > 0) void this.#remember(this.#options.ending);
      if (gone.length === 0) return;
      const restored = await this.#restore(gone, false, signal);
      if (restored.length === 0) return;
      this.othersFirst();
      const message = `the checkpoints of shards ${restored.join(', ')} were gone: somebody has deleted the consumer group, and another consumer has created it again. The confirmed cursors of this consumer are saved`;
      log.error({ restored }, message);
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'the check of the checkpoints failed; trying again later');
    } finally {
      this.#isLooking = false;
    }
  }

  /** A save that was aborted when its shard was lost may arrive over a newer checkpoint: the newer is saved again. */
  #mendPutBack(shards: readonly Checkpointed[], listed: ReadonlyMap<ShardId, Checkpoint>): void {
    for (const shard of shards) if (this.#isPutBack(shard, listed)) shard.progress?.forgetCheckpoint();
  }

  #isPutBack(shard: Checkpointed, listed: ReadonlyMap<ShardId, Checkpoint>): boolean {
    const cursor = listed.get(shard.shard)?.cursor;
    return cursor !== undefined && this.#options.isPutBack(shard, cursor);
  }

  /**
   * Restores the last seen checkpoints of shards that have none: at once, as this process may be the only one that
   * knows them, and again when the shards' owners had time to save theirs. An owner with a newer cursor saves over it.
   * Never rejects.
   */
  async #remember(signal: AbortSignal): Promise<void> {
    const { othersMs, clock, log } = this.#options;
    if (this.#isRemembering) return;
    this.#isRemembering = true;
    try {
      await this.#restoreSeen(signal);
      await clock.sleep(othersMs() * shareOfOwners, { signal });
      await this.#restoreSeen(signal);
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'remembered checkpoints are not restored');
    } finally {
      this.#isRemembering = false;
    }
  }

  async #restoreSeen(signal: AbortSignal): Promise<void> {
    const { service, unowned, othersMs, begun } = this.#options;
    const gone = (listed: ReadonlyMap<ShardId, Checkpoint>) => {
      const ours = new Set([...begun(), ...[...this.#owed].map(({ shard }) => shard)]);
      return [...this.#seen].filter(([shard]) => !listed.has(shard) && !ours.has(shard));
    };
    const first = gone(await service.listCheckpoints(signal));
    if (first.length === 0) return;
    const isTaken = await Promise.all(first.map(([shard, cursor]) => this.#takes(shard, cursor, signal)));
    const taken = new Set(first.filter((_, at) => isTaken[at]).map(([shard]) => shard));
    const still = gone(await service.listCheckpoints(signal)).filter(([shard]) => taken.has(shard));
    // All at once: the longer it takes, the likelier an owner has saved a newer one.
    await Promise.all(still.map(([shard, cursor]) => unowned.save(shard, cursor, othersMs() * shareOfOwners, signal)));
  }

  /** Whether the service accepts the cursor: somebody may have set a checkpoint that is not a cursor of the shard. */
  async #takes(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<boolean> {
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
    shards: readonly Checkpointed[],
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

function isGone({ shard, progress }: Checkpointed, listed: ReadonlyMap<ShardId, Checkpoint>): boolean {
  return progress?.checkpointed !== undefined && !listed.has(shard);
}

/** The service refuses the cursor for good: somebody had set a checkpoint that is not a cursor of the shard. */
function isRejected(error: unknown): boolean {
  return error instanceof AppError && error.action === 'reject';
}
