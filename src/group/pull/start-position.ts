/** Where a shard is taken up, and where it ends. */
import { type Clock, systemClock } from '../../core/time/clock.ts';
import { abortable } from '../../core/time/deadline.ts';
import type { Checkpoint, Cursor, LogService, Position, ShardId } from '../service/log-service.ts';

export interface StartPosition {
  readonly cursor: Cursor;
  /** The checkpoint on the server; undefined where there was none. */
  readonly checkpointed: Cursor | undefined;
  /** When it was saved, unix milliseconds. */
  readonly savedAtMs: number | undefined;
  /** The consumer that saved it; empty: nobody says so. */
  readonly savedBy: string;
  /** Whether a split or a merge has made it after the group had begun; only where there is no checkpoint. */
  readonly isLater: boolean | 'perhaps';
  /** The cursor is no checkpoint any more, but was one, as far as this process remembers. */
  readonly isRemembered?: boolean;
}

export interface StartOptions {
  readonly service: LogService;
  readonly shard: ShardId;
  /** Where to start in a shard without a checkpoint. */
  readonly from: Position;
  /**
   * Whether a split or a merge has made the shard after the group had begun. @param groupSinceMs the oldest save that is
   * known, unix milliseconds
   */
  readonly isLater: (groupSinceMs: number | undefined) => Promise<boolean | 'perhaps'>;
}

/**
 * The checkpoint, or `from` where nothing was ever saved for the shard. A checkpoint that cannot be *read* is
 * retried for ever by the service: it never falls back to the beginning or the end. That there is none decides what is
 * never sent, or sent again: so two different questions have to say so.
 */
export async function findStart(options: StartOptions, signal: AbortSignal): Promise<StartPosition> {
  const { service, shard, from, isLater } = options;
  const checkpoint = await service.getCheckpoint(shard, signal);
  if (checkpoint.cursor !== undefined) return startAt(checkpoint, checkpoint.cursor);
  const listed = await service.listCheckpoints(signal).catch(() => {
    signal.throwIfAborted();
    return undefined; // not everybody may list them
  });
  const again = listed ? listed.get(shard) : await service.getCheckpoint(shard, signal);
  if (again?.cursor !== undefined) return startAt(again, again.cursor);
  const saves = [...(listed?.values() ?? [])].map(({ updatedAtMs }) => updatedAtMs).filter((ms) => ms > 0);
  const groupSinceMs = saves.length > 0 ? Math.min(...saves) : undefined;
  const isChild = await abortable(isLater(groupSinceMs), signal);
  // All that it holds came after what the group has read: its end would leave that out.
  const position = from === 'end' && isChild === true ? 'begin' : from;
  const cursor = await service.getCursor(shard, position, signal);
  return { cursor, checkpointed: undefined, savedAtMs: undefined, savedBy: '', isLater: isChild };
}

function startAt({ updatedAtMs, consumer }: Checkpoint, cursor: Cursor): StartPosition {
  return { cursor, checkpointed: cursor, savedAtMs: updatedAtMs, savedBy: consumer, isLater: false };
}

/** The end of a run with `--until`, for one shard. */
export class EndPosition {
  readonly #service: LogService;
  readonly #shard: ShardId;
  readonly #until: 'end' | number | undefined;
  readonly #clock: Clock;
  #cursor: Cursor | undefined;
  #passed = false;
  /** The time was still to come when the shard was started: pulls may have gone past it before it was known. */
  #wasInFuture = false;

  /** @param until `end` (as it is when the shard is taken up), or unix seconds */
  constructor(service: LogService, shard: ShardId, until: 'end' | number | undefined, clock: Clock = systemClock) {
    this.#service = service;
    this.#shard = shard;
    this.#until = until;
    this.#clock = clock;
  }

  /** The end is known: an empty pull has reached it. */
  get isFinal(): boolean {
    return this.#cursor !== undefined;
  }

  /** What it was found to be may have expired; found anew with the next pull. */
  forget(): void {
    this.#cursor = undefined;
  }

  /** Whether `cursor` is at the end or past it, and the cursor to stop a pull at, where there is one. */
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
      // A checkpoint may lie past the end that is asked for now. The cursor at a shard's end has no time: not past.
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
