/**
 * Shards that a split or a merge has made while the group is at work. With `--from end` such a shard is not to be begun at
 * its end, for what it holds came after what the group has read. Who takes it up may have started after the split, and
 * cannot tell it from one that was always there. So whoever has held what was split, and has seen it happen, or had to
 * read it to its end, saves the beginning of the new shards as their checkpoint, where they have none; and who cannot tell waits for that.
 */
import type { Log } from '../../core/log.ts';
import type { LogService, ShardId } from '../service/log-service.ts';
import type { ShardList } from '../service/shard-list.ts';
import type { UnownedSaves } from './unowned-saves.ts';

/** A save that takes longer is given up, and made again at the next heartbeat. */
const saveWithinMs = 10_000;

export interface NewShardsOptions {
  readonly service: Pick<LogService, 'getCheckpoint' | 'getCursor'>;
  readonly unowned: Pick<UnownedSaves, 'save'>;
  readonly shards: Pick<ShardList, 'ids' | 'made' | 'mayBeMadeOf' | 'hasEnded'>;
  readonly log: Log;
}

export class NewShards {
  readonly #options: NewShardsOptions;
  /** They have a checkpoint. One that is held has none yet, perhaps, and may be given to somebody else without. */
  readonly #done = new Set<ShardId>();
  #isSaving = false;

  constructor(options: NewShardsOptions) {
    this.#options = options;
  }

  /**
   * Saves the beginning of those that have no checkpoint. Never rejects.
   * @param held the shards that this consumer works on
   * @param known those, and all that it has left
   * @param inside of those the ones that were split or merged before it came, and that it had to read to their end
   */
  async save(
    held: readonly ShardId[],
    known: readonly ShardId[],
    inside: readonly ShardId[],
    signal: AbortSignal,
  ): Promise<void> {
    const { shards, log } = this.#options;
    const made = known.some((shard) => shards.hasEnded(shard)) ? shards.made : [];
    const isOfInside = (shard: ShardId) => shards.mayBeMadeOf(shard).some((parent) => inside.includes(parent));
    const madeBefore = inside.length === 0 ? [] : shards.ids.filter(isOfInside);
    const open = [...new Set([...made, ...madeBefore])].filter((shard) => !this.#done.has(shard));
    if (this.#isSaving || open.length === 0) return;
    this.#isSaving = true;
    try {
      await Promise.all(open.map((shard) => this.#saveBegin(shard, held.includes(shard), signal)));
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'the beginning of new shards is not saved; trying again later');
    } finally {
      this.#isSaving = false;
    }
  }

  async #saveBegin(shard: ShardId, isHeld: boolean, signal: AbortSignal): Promise<void> {
    const { service, unowned } = this.#options;
    const begin = await service.getCursor(shard, 'begin', signal);
    // Asked last: its owner may have begun meanwhile.
    const { cursor } = await service.getCheckpoint(shard, signal);
    if (cursor === undefined && isHeld) return;
    if (cursor === undefined && (await unowned.save(shard, begin, saveWithinMs, signal)) === 'given-up') return;
    this.#done.add(shard);
  }
}
