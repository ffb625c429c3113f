/**
 * New shards: those that a split or a merge creates while the group runs. With `--from end` a new shard must not be
 * started at its end, as all its logs are newer than what the group has read. Its consumer may have started after the
 * split, and cannot tell a new shard from an old one: it waits. So a consumer of a parent shard that has seen the
 * split, or had to read the parent to its end, saves the beginning of the new shards as their checkpoint, where they
 * have none.
 */
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import { abortable, createDeadline } from '../../core/time/deadline.ts';
import type { Cursor, LogService, ShardId } from '../service/log-service.ts';
import type { ShardList } from '../service/shard-list.ts';
import type { UnownedSaves } from './unowned-saves.ts';

/** A save that takes longer is aborted, and made again at the next heartbeat. */
const saveWithinMs = 10_000;
/** Time to save before the process leaves. */
const leavingMs = 2_000;

export interface NewShardsOptions {
  readonly service: Pick<LogService, 'getCheckpoint' | 'getCursor'>;
  readonly unowned: Pick<UnownedSaves, 'save'>;
  readonly shards: Pick<ShardList, 'ids' | 'createdSinceStart' | 'possibleParents' | 'hasEnded' | 'refresh'>;
  /**
   * A checkpoint of the shard that this process has seen or saved. If it is gone, it is restored (group-recovery.ts), and the
   * shard's beginning must not be saved over it.
   */
  readonly knownCheckpoint: (shard: ShardId) => Cursor | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** The shards of this consumer, as they are when they are asked for. */
export interface ShardsAtHand {
  readonly started: readonly ShardId[];
  readonly known: readonly ShardId[];
  readonly readToTheirEnd: readonly ShardId[];
}

export class NewShards {
  readonly #options: NewShardsOptions;
  /** New shards that have a checkpoint. A held shard without one is asked again: it may move to another consumer. */
  readonly #done = new Set<ShardId>();
  #saving: Promise<void> | undefined;

  constructor(options: NewShardsOptions) {
    this.#options = options;
  }

  /**
   * Saves the beginning of the new shards that have no checkpoint. Never rejects.
   * @param held the shards that this consumer works on
   * @param known the held shards, and all that this consumer has left
   * @param inside the known shards that were split or merged before this consumer came, and that it had to read to
   * their end
   */
  async save(
    held: readonly ShardId[],
    known: readonly ShardId[],
    inside: readonly ShardId[],
    signal: AbortSignal,
  ): Promise<void> {
    const { shards, knownCheckpoint } = this.#options;
    const made = known.some((shard) => shards.hasEnded(shard)) ? shards.createdSinceStart : [];
    const isOfInside = (shard: ShardId) => shards.possibleParents(shard).some((parent) => inside.includes(parent));
    const madeBefore = inside.length === 0 ? [] : shards.ids.filter(isOfInside);
    const isOpen = (shard: ShardId) => !this.#done.has(shard) && knownCheckpoint(shard) === undefined;
    const open = [...new Set([...made, ...madeBefore])].filter(isOpen);
    if (this.#saving || open.length === 0) return;
    this.#saving = this.#saveBeginnings(open, held, signal);
    await this.#saving;
    this.#saving = undefined;
  }

  /**
   * Nobody may know of a split any more that this process has seen and the next has not: the parent's checkpoint may be
   * its end by now. Also the shards that are granted and not begun are left without a checkpoint. Never rejects.
   * @param endings signals that end the wait early
   */
  async saveBeforeLeaving(held: ShardsAtHand, endings: readonly AbortSignal[]): Promise<void> {
    if (held.known.length === 0) return;
    const { shards, clock, log } = this.#options;
    const { signal, dispose } = createDeadline(endings, leavingMs, clock);
    try {
      await abortable(shards.refresh(), signal);
      await abortable(this.#saving ?? Promise.resolve(), signal);
      await this.save(held.started, held.known, held.readToTheirEnd, signal);
    } catch (error) {
      log.debug({ err: error }, 'the checkpoints of new shards are not saved');
    } finally {
      dispose();
    }
  }

  async #saveBeginnings(open: readonly ShardId[], held: readonly ShardId[], signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    try {
      await Promise.all(open.map((shard) => this.#saveBegin(shard, held.includes(shard), signal)));
    } catch (error) {
      if (!signal.aborted)
        log.debug({ err: error }, 'the checkpoints of new shards are not saved yet; trying again later');
    }
  }

  async #saveBegin(shard: ShardId, isHeld: boolean, signal: AbortSignal): Promise<void> {
    const { service, unowned, knownCheckpoint } = this.#options;
    const begin = await service.getCursor(shard, 'begin', signal);
    // The checkpoint is read last: the shard's owner may have saved one meanwhile.
    const { cursor } = await service.getCheckpoint(shard, signal);
    if (cursor === undefined && (isHeld || knownCheckpoint(shard) !== undefined)) return;
    if (cursor === undefined && (await unowned.save(shard, begin, saveWithinMs, signal)) === 'aborted') return;
    this.#done.add(shard);
  }
}
