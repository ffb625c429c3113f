/** Where a shard is taken up, and where it ends. */
import type { Log } from '../log.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import type { Cursor, LogService, Position, ShardId } from './log-service.ts';

export interface StartPosition {
  readonly cursor: Cursor;
  /** The checkpoint on the server; undefined where there was none. */
  readonly checkpointed: Cursor | undefined;
  /** When it was saved, unix milliseconds. */
  readonly savedAtMs: number | undefined;
}

/**
 * The checkpoint, or `from` where nothing was ever saved for the shard. A checkpoint that cannot be *read* is
 * retried for ever by the service: it never falls back to the beginning or the end.
 */
export async function findStart(
  service: LogService,
  shard: ShardId,
  from: Position,
  signal: AbortSignal,
): Promise<StartPosition> {
  const checkpoint = await service.getCheckpoint(shard, signal);
  const { cursor } = checkpoint;
  if (cursor !== undefined) return { cursor, checkpointed: cursor, savedAtMs: checkpoint.updatedAtMs };
  return { cursor: await service.getCursor(shard, from, signal), checkpointed: undefined, savedAtMs: undefined };
}

/**
 * The data behind a cursor has expired: what comes after it that still exists begins here. Says loudly how much
 * time was lost, as far as that can be told.
 * @param lastReceivedSec when the service had received what was pulled last, undefined where that is unknown
 */
export async function skipExpired(
  service: LogService,
  shard: ShardId,
  expired: Cursor,
  lastReceivedSec: number | undefined,
  log: Log,
  signal: AbortSignal,
): Promise<Cursor> {
  const begin = await service.getCursor(shard, 'begin', signal);
  const beginSec = await service.getCursorTime(shard, begin, signal).catch(() => undefined);
  // Of a shard that lags, the last pull says nothing of when the service had received what it brought.
  const isKnown = beginSec !== undefined && lastReceivedSec !== undefined && beginSec > lastReceivedSec;
  const lost = isKnown ? `${beginSec - lastReceivedSec}s` : 'an unknown length of time';
  log.error(
    {
      shard,
      expiredCursor: expired,
      lostFrom: isKnown ? new Date(lastReceivedSec * 1000).toISOString() : undefined,
      lostTo: beginSec === undefined ? undefined : new Date(beginSec * 1000).toISOString(),
    },
    `LOGS LOST: the service no longer has the data at shard ${shard}'s position (retention); ${lost} of logs can not be shipped. Going on at the earliest that still exists`,
  );
  return begin;
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
