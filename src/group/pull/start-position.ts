/** Where a shard is started, and where it ends. */
import { type Clock, systemClock } from '../../core/time/clock.ts';
import { abortable } from '../../core/time/deadline.ts';
import type { Checkpoint, Cursor, LogService, Position, ShardId } from '../service/log-service.ts';

export interface StartPosition {
  readonly cursor: Cursor;
  /** The checkpoint on the service; undefined where there was none. */
  readonly checkpointed: Cursor | undefined;
  /** When the checkpoint was saved, unix milliseconds. */
  readonly savedAtMs: number | undefined;
  /** The consumer that saved the checkpoint; empty: not known. */
  readonly savedBy: string;
  /** Whether a split or a merge has created the shard after the group; only where there is no checkpoint. */
  readonly isNewShard: boolean | 'perhaps';
  /** The cursor was a checkpoint that this process remembers, and the service no longer has. */
  readonly isRemembered?: boolean;
}

export interface StartOptions {
  readonly service: LogService;
  readonly shard: ShardId;
  /** Where to start in a shard without a checkpoint. */
  readonly from: Position;
  /**
   * Whether a split or a merge has created the shard after the group.
   * @param groupSinceMs when the oldest known checkpoint was saved, unix milliseconds
   */
  readonly isNewShard: (groupSinceMs: number | undefined) => Promise<boolean | 'perhaps'>;
}

/**
 * The checkpoint, or `from` where none was ever saved for the shard. A checkpoint that cannot be *read* is asked for
 * until it can be: the shard never falls back to its beginning or end. Without a checkpoint logs are left out or sent
 * again, so two different requests have to say that there is none.
 */
export async function findStart(options: StartOptions, signal: AbortSignal): Promise<StartPosition> {
  const { service, shard, from, isNewShard } = options;
  const checkpoint = await service.getCheckpoint(shard, signal);
  if (checkpoint.cursor !== undefined) return startAt(checkpoint, checkpoint.cursor);
  const listed = await service.listCheckpoints(signal).catch(() => {
    signal.throwIfAborted();
    return undefined; // the access key may not be allowed to list them
  });
  const again = listed ? listed.get(shard) : await service.getCheckpoint(shard, signal);
  if (again?.cursor !== undefined) return startAt(again, again.cursor);
  const saves = [...(listed?.values() ?? [])].map(({ updatedAtMs }) => updatedAtMs).filter((ms) => ms > 0);
  const groupSinceMs = saves.length > 0 ? Math.min(...saves) : undefined;
  const isChild = await abortable(isNewShard(groupSinceMs), signal);
  // All logs of such a shard are newer than what the group has read: to start at its end would leave them out.
  const position = from === 'end' && isChild === true ? 'begin' : from;
  const cursor = await service.getCursor(shard, position, signal);
  return { cursor, checkpointed: undefined, savedAtMs: undefined, savedBy: '', isNewShard: isChild };
}

function startAt({ updatedAtMs, consumer }: Checkpoint, cursor: Cursor): StartPosition {
  return { cursor, checkpointed: cursor, savedAtMs: updatedAtMs, savedBy: consumer, isNewShard: false };
}

/** The end of a run with `--until`, for one shard. */
export class EndPosition {
  readonly #service: LogService;
  readonly #shard: ShardId;
  readonly #until: 'end' | number | undefined;
  readonly #clock: Clock;
  #cursor: Cursor | undefined;
  #passed = false;
  /** `until` lay in the future when the shard was started: pulls may have passed it before its cursor was known. */
  #wasInFuture = false;

  /** @param until `end` (as it is when the shard is started), or unix seconds */
  constructor(service: LogService, shard: ShardId, until: 'end' | number | undefined, clock: Clock = systemClock) {
    this.#service = service;
    this.#shard = shard;
    this.#until = until;
    this.#clock = clock;
  }

  /** The end cursor is known: an empty pull has reached it. */
  get isFinal(): boolean {
    return this.#cursor !== undefined;
  }

  /** Drops the end cursor, which may have expired; the next pull asks for it again. */
  forget(): void {
    this.#cursor = undefined;
  }

  /** Whether `cursor` is at or past the end; and the cursor to stop a pull at, where it is known. */
  async at(cursor: Cursor, signal: AbortSignal): Promise<{ reached: boolean; endCursor?: Cursor }> {
    if (this.#until === undefined) return { reached: false };
    if (this.#cursor === undefined) await this.#resolve(this.#until, cursor, signal);
    if (this.#cursor === undefined) return { reached: false };
    if (this.#wasInFuture && !this.#passed) this.#passed = await this.#isPast(cursor, signal);
    if (this.#passed || cursor === this.#cursor) return { reached: true };
    return this.#wasInFuture ? { reached: false } : { reached: false, endCursor: this.#cursor };
  }

  async #resolve(until: 'end' | number, cursor: Cursor, signal: AbortSignal): Promise<void> {
    if (until !== 'end' && until * 1000 > this.#clock.now()) {
      this.#wasInFuture = true;
      return;
    }
    if (until !== 'end' && !this.#wasInFuture) {
      // The checkpoint may lie past `until`. The cursor at a shard's end has no time: it counts as not past.
      this.#passed = await this.#isPast(cursor, signal);
    }
    this.#cursor = await this.#service.getCursor(this.#shard, until, signal);
  }

  async #isPast(cursor: Cursor, signal: AbortSignal): Promise<boolean> {
    const cursorSec = await this.#service.getCursorTime(this.#shard, cursor, signal).catch(() => {
      signal.throwIfAborted();
      return 0;
    });
    return cursorSec >= Number(this.#until);
  }
}
