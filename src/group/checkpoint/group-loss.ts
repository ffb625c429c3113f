/**
 * The consumer group was deleted by somebody. Its checkpoints went with it, and whoever comes next would begin
 * where the settings say, at the end perhaps: so each consumer saves what it has confirmed before it does anything else,
 * and a shard that should have a checkpoint, and has none, is begun only after the others had time to do the same.
 *
 * One who beats finds the group gone, makes it again and saves. The others find it there again, and would notice
 * nothing: they look every 20 s, and when a shard of theirs is granted to somebody else, whether their checkpoints
 * are still there.
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
  /** The shards that this consumer has begun: what it has confirmed of them is saved, and not what was seen. */
  readonly begun: () => readonly ShardId[];
  readonly settings: ConsumerGroupSettings;
  /** Whether this cursor, which the server has, is known to lie before what was saved of the shard. */
  readonly isPutBack: (shard: Checkpointed, cursor: Cursor) => boolean;
  /** How long others may take to notice: the longest that a live consumer waits between two heartbeats. */
  readonly othersMs: () => number;
  /** Aborts when the consumer ends. */
  readonly ending: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
}

/** Of the time that others have: what only was seen is saved when those who hold the shards had theirs. */
const shareOfOwners = 0.5;
const lookMs = 20_000;
/** Who knows that a shard was made by a split saves its beginning (new-shards.ts); a request may be on its way so long. */
const longestSaveMs = 60_000;

export class GroupLoss {
  readonly #options: GroupLossOptions;
  /** Every checkpoint of the group that was ever seen, the latest of each shard: it may be all that is left. */
  readonly #seen = new Map<ShardId, Cursor>();
  /** On the monotonic clock: until then, others come first. */
  #othersUntilMs = Number.NEGATIVE_INFINITY;
  /** The oldest save that was ever seen, unix milliseconds. */
  #groupSinceMs: number | undefined;
  #memberSinceMs = Number.POSITIVE_INFINITY;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  #isRemembering = false;
  /** What they have confirmed is still to be saved. */
  readonly #owed = new Set<Checkpointed>();
  /** Dropped for want of an answer, and not answered since: what is confirmed of them nobody else may know. */
  #dropped: readonly Checkpointed[] = [];

  constructor(options: GroupLossOptions) {
    this.#options = options;
  }

  /** Others may be about to save what they have confirmed, from now on for so long. */
  othersFirst(ms = this.#options.othersMs()): void {
    this.#othersUntilMs = Math.max(this.#othersUntilMs, this.#options.clock.monotonic() + ms);
  }

  /**
   * How long a shard without a checkpoint is to wait for others; milliseconds, 0: it need not.
   * @param wasOurs this process has had a checkpoint of it
   * @param isLater it was made after the group had begun; who knows it may be about to say so (new-shards.ts)
   */
  waitMs(
    shard: ShardId,
    { wasOurs, isLater }: { readonly wasOurs: boolean; readonly isLater: boolean | 'perhaps' },
  ): number {
    const { othersMs, clock } = this.#options;
    // In a group that has been at work for a while, each shard has had its owner, and each owner saves at once.
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

  /** The checkpoints of the group. */
  saw(checkpoints: ReadonlyMap<ShardId, Pick<Checkpoint, 'cursor' | 'updatedAtMs'>>): void {
    for (const [shard, { cursor, updatedAtMs }] of checkpoints) {
      if (cursor === undefined) continue;
      this.#seen.set(shard, cursor);
      if (updatedAtMs > 0) this.#groupSinceMs = Math.min(this.#groupSinceMs ?? updatedAtMs, updatedAtMs);
    }
  }

  /** Since when the group is at work, at the latest; unix milliseconds, undefined: not known. */
  get groupSinceMs(): number | undefined {
    return this.#groupSinceMs;
  }

  /** The last checkpoint of the shard that was seen, whoever had saved it. */
  lastSeen(shard: ShardId): Cursor | undefined {
    return this.#seen.get(shard);
  }

  /**
   * The service says that the group is gone: finds it, or makes it again.
   * @throws as `ensureConsumerGroup`, and what saving a checkpoint throws: it is to be tried again
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
        `the consumer group was deleted, and its checkpoints with it. ${group.isNew ? 'It is created again' : 'Another consumer has created it again'}, and what this consumer has confirmed is saved; a shard that it did not hold is begun when the others had ${this.#options.othersMs() / 1000}s to do the same`,
      );
    }
    return group;
  }

  /**
   * Saves what could not be saved before. What cannot be saved now stays owed, and stops nobody.
   * @returns the shards whose checkpoints were gone
   * @throws ServiceError with code `consumer-group-not-exist`: it is to be made again first
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
      if (!signal.aborted) log.debug({ err: error }, 'what is confirmed is not saved yet; trying again');
      return [];
    }
  }

  /** Whether the checkpoints of the shards that are held are still there; first at once, then every 20 s. Never rejects. */
  async look(held: () => readonly Checkpointed[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    if (this.#isLooking || clock.monotonic() - this.#lookedAtMs < lookMs) return;
    await this.lookNow(held(), signal);
  }

  /** @param shards those that are looked at */
  async lookNow(shards: readonly Checkpointed[], signal: AbortSignal): Promise<void> {
    const { service, log, clock } = this.#options;
    this.#isLooking = true;
    this.#lookedAtMs = clock.monotonic();
    try {
      const listed = await service.listCheckpoints(signal);
      this.saw(listed);
      this.#mendPutBack(shards, listed);
      // Nobody else may be left to know them.
      const isNewGroup = this.#seen.size > 0 && ![...this.#seen.keys()].some((shard) => listed.has(shard));
      const gone = shards.filter((shard) => isGone(shard, listed));
      if (isNewGroup || gone.length > 0) void this.#remember(this.#options.ending);
      if (gone.length === 0) return;
      const restored = await this.#restore(gone, false, signal);
      if (restored.length === 0) return;
      this.othersFirst();
      const message = `the checkpoints of shards ${restored.join(', ')} were gone: somebody has deleted the consumer group, and another consumer has created it again. What this consumer has confirmed is saved`;
      log.error({ restored }, message);
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'checkpoints not looked at; trying again later');
    } finally {
      this.#isLooking = false;
    }
  }

  /** A save that was given up, because its shard was lost, may have arrived behind later ones: they are saved again. */
  #mendPutBack(shards: readonly Checkpointed[], listed: ReadonlyMap<ShardId, Checkpoint>): void {
    for (const shard of shards) if (this.#isPutBack(shard, listed)) shard.progress?.forgetCheckpoint();
  }

  #isPutBack(shard: Checkpointed, listed: ReadonlyMap<ShardId, Checkpoint>): boolean {
    const cursor = listed.get(shard.shard)?.cursor;
    return cursor !== undefined && this.#options.isPutBack(shard, cursor);
  }

  /**
   * Saves the checkpoints that were seen of shards which have none: at once, for this process may be all that is left to
   * know them, and again when those who hold the shards had time to save theirs. An owner that knows better saves over it.
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
      if (!signal.aborted) log.debug({ err: error }, 'the checkpoints that were seen are not saved');
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
    // At once: the longer it takes, the likelier somebody has saved it who knows better.
    await Promise.all(still.map(([shard, cursor]) => unowned.save(shard, cursor, othersMs() * shareOfOwners, signal)));
  }

  /** Whether it is a cursor of the shard: somebody may have set a checkpoint that is none. */
  async #takes(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<boolean> {
    const { service } = this.#options;
    try {
      await service.getCursorTime(shard, cursor, signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      // The service tells no time of the end, where nothing is yet.
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

/** The service does not take it, and will not: a checkpoint that was none. */
function isRejected(error: unknown): boolean {
  return error instanceof AppError && error.action === 'reject';
}
