/**
 * Notices that another process runs under this consumer's name. The service cannot tell the two apart: both get all
 * shards of that consumer, and send everything twice. But both save checkpoints, and each knows its own: a foreign
 * checkpoint is one under our name, of a shard that we hold, that we never tried to save.
 *
 * One foreign checkpoint is no proof: a predecessor's last save may arrive after our start, or an operator may have set
 * it. So:
 *
 *   held      the first look at a shard only notes when its checkpoint was saved. For the group's timeout after that
 *             the shard is not judged: a predecessor, and all of its requests, are gone by then.
 *   watched   a foreign checkpoint, saved later than the noted one, makes the shard suspect.
 *   suspect   a second foreign checkpoint, other than the first and saved later, within the hour: reported.
 *
 * A cursor that we tried to save is ours, whether the save was answered or not, also from before the shard was lost and
 * won back. Times are the service's, and compared only with each other. Two processes that always save the same cursors
 * (of a shard that gets a burst an hour) are not noticed by that shard.
 *
 * Costs one request a heartbeat for all shards, and none when we saved nothing since the last.
 */
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time/clock.ts';
import type { Checkpoint, Cursor, LogService, ShardId } from './service/log-service.ts';

/** A held shard; another object after the shard was lost and won back. */
export interface HeldShard {
  readonly shard: ShardId;
}

export interface NamesakeWatchOptions {
  readonly service: Pick<LogService, 'listCheckpoints'>;
  readonly consumerName: string;
  /** How long after its first look a shard is not judged: the group's timeout. */
  readonly judgeAfterMs: number;
  /** Called with each list of checkpoints. */
  readonly onListed?: (checkpoints: ReadonlyMap<ShardId, Checkpoint>) => void;
  readonly log: Log;
  readonly clock: Pick<Clock, 'monotonic'>;
}

interface Watched {
  readonly sinceMs: number;
  /** When the checkpoint of the first look was saved, by the service's clock. */
  readonly savedAtMs: number;
  suspicion: { readonly cursor: Cursor; readonly savedAtMs: number; readonly seenAtMs: number } | undefined;
}

const reportIntervalMs = 5 * 60_000;
const suspicionMs = 60 * 60_000;
/** At the shortest checkpoint interval (100 ms) the saves of 100 s: no older request is still on its way. */
const ownCursorsPerShard = 1_000;

export class NamesakeWatch {
  readonly #options: NamesakeWatchOptions;
  readonly #own = new Map<ShardId, Set<Cursor>>();
  readonly #watched = new WeakMap<HeldShard, Watched>();
  #savedSinceLook = false;
  #looking = false;
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: NamesakeWatchOptions) {
    this.#options = options;
  }

  /** A save is about to be sent; whether it succeeds does not matter. */
  saving(shard: ShardId, cursor: Cursor): void {
    const own = this.#own.get(shard) ?? new Set();
    this.#own.set(shard, own);
    own.delete(cursor); // the latest is last
    own.add(cursor);
    for (const oldest of own) {
      if (own.size <= ownCursorsPerShard) break;
      own.delete(oldest);
    }
    this.#savedSinceLook = true;
  }

  /** Whether we tried to save `cursor` of the shard, and `other` after it. */
  savedBefore(shard: ShardId, cursor: Cursor, other: Cursor): boolean {
    const own = [...(this.#own.get(shard) ?? [])];
    const at = own.indexOf(cursor);
    return at >= 0 && at < own.indexOf(other);
  }

  /**
   * Looks at the group's checkpoints, if anything was saved since the last look. Never rejects.
   * @param held the shards that are held at the time of the call, without those that are being drained
   */
  async look(held: () => readonly HeldShard[], signal: AbortSignal): Promise<void> {
    if (!this.#savedSinceLook || this.#looking) return;
    this.#looking = true;
    this.#savedSinceLook = false;
    try {
      const before = held();
      const checkpoints = await this.#options.service.listCheckpoints(signal);
      this.#options.onListed?.(checkpoints);
      const still = new Set(held());
      const shards = before
        .filter((each) => still.has(each) && this.#isSavedByAnother(each, checkpoints.get(each.shard)))
        .map((each) => each.shard);
      if (shards.length > 0) this.#report(shards);
    } catch (error) {
      if (!signal.aborted) this.#options.log.debug({ err: error }, 'checkpoints not listed; trying again later');
    } finally {
      this.#looking = false;
    }
  }

  #isSavedByAnother(held: HeldShard, checkpoint: Checkpoint | undefined): boolean {
    if (checkpoint?.cursor === undefined) return false;
    const { cursor, updatedAtMs: savedAtMs, consumer } = checkpoint;
    const nowMs = this.#options.clock.monotonic();
    const watched = this.#watched.get(held);
    if (!watched) {
      this.#watched.set(held, { sinceMs: nowMs, savedAtMs, suspicion: undefined });
      return false;
    }
    if (nowMs - watched.sinceMs < this.#options.judgeAfterMs || savedAtMs <= watched.savedAtMs) return false;
    if (consumer !== this.#options.consumerName || this.#own.get(held.shard)?.has(cursor)) return false;
    const { suspicion } = watched;
    if (suspicion && (cursor === suspicion.cursor || savedAtMs <= suspicion.savedAtMs)) return false;
    watched.suspicion = { cursor, savedAtMs, seenAtMs: nowMs };
    return suspicion !== undefined && nowMs - suspicion.seenAtMs < suspicionMs;
  }

  #report(shards: readonly ShardId[]): void {
    if (this.#options.clock.monotonic() - this.#reportedAtMs < reportIntervalMs) return;
    this.#reportedAtMs = this.#options.clock.monotonic();
    const { consumerName, log } = this.#options;
    const places = shards.length === 1 ? `shard ${shards[0]}` : `shards ${shards.join(', ')}`;
    log.error(
      { consumer: consumerName, shards },
      `another process uses the consumer name "${consumerName}" too: checkpoints of ${places} were saved by another process under this name, or by hand. Two under one name get the same shards and send everything twice: give each process its own --consumer-name`,
    );
  }
}
