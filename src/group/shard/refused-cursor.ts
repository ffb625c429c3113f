/**
 * Decides what to do when the service refuses the cursor that a shard is to be pulled from. Three causes give the same
 * error: the data at the cursor has expired (retention), the text is no cursor of the shard (somebody has set the
 * checkpoint), or the error is wrong and goes away.
 *
 * So the pull is tried again; then the times are asked for at which the service received the data at the cursor and at
 * the shard's beginning. Only a cursor that is shown to lie before the beginning is given up, and the lost time is
 * logged. Otherwise the shard waits; where its position is a checkpoint, the checkpoint is read again each time.
 */
import { type Backoff, createBackoff } from '../../core/backoff.ts';
import type { AppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { Cursor, LogService, ShardId } from '../service/log-service.ts';

export interface RefusedCursorOptions {
  readonly shard: ShardId;
  readonly service: LogService;
  readonly log: Log;
  readonly clock: Clock;
}

/** The shard's position, and where it comes from. */
export interface RefusedPosition {
  readonly cursor: Cursor;
  /** The cursor is the checkpoint that the shard was started from. */
  readonly isCheckpoint: boolean;
  /** When the checkpoint was saved, unix milliseconds; undefined or 0: unknown. */
  readonly savedAtMs: number | undefined;
  /** The service has given the cursor to a consumer: it was once a cursor of the shard. */
  readonly wasServed: boolean;
}

/** What is known of a refused cursor; all times in unix seconds, by the service's clock. */
export interface Evidence {
  readonly cursor: Cursor;
  readonly begin: Cursor;
  /** When the service received the data at the cursor; undefined where it does not say. */
  readonly cursorSec: number | undefined;
  readonly beginSec: number | undefined;
  /** The shard's beginning is its end: nothing was received there, and its time says nothing. */
  readonly isEmpty: boolean;
  /** When the cursor was saved as a checkpoint; undefined where it was not. */
  readonly savedSec: number | undefined;
  /** The service has given the cursor to a consumer: it was once a cursor of the shard. */
  readonly wasServed: boolean;
  /** How often the cursor was refused, and over how long. */
  readonly refusals: number;
  readonly overMs: number;
}

export type Verdict =
  /** @param fromSec when the lost logs begin; undefined where that is not known */
  | { readonly is: 'expired'; readonly fromSec: number | undefined }
  /** The service knows the cursor, and refuses it nevertheless. */
  | { readonly is: 'known' }
  | { readonly is: 'unknown' };

/** A former cursor whose time is not known counts as expired after so many refusals over so long. */
const enoughRefusals = 4;
const enoughMs = 10_000;

/** Pure. */
export function judge(evidence: Evidence): Verdict {
  const { cursor, begin, cursorSec, beginSec, isEmpty, savedSec, wasServed, refusals, overMs } = evidence;
  if (cursor === begin) return { is: 'known' };
  if (cursorSec !== undefined && beginSec !== undefined) {
    return cursorSec < beginSec ? { is: 'expired', fromSec: cursorSec } : { is: 'known' };
  }
  if (cursorSec !== undefined) return { is: 'known' };
  // The shard's beginning was received after the checkpoint was saved: the data at the checkpoint has expired.
  if (!isEmpty && savedSec !== undefined && beginSec !== undefined && savedSec < beginSec)
    return { is: 'expired', fromSec: savedSec };
  const order = compareToBegin(cursor, begin);
  if (order === 'not before' || refusals < enoughRefusals || overMs < enoughMs) return { is: 'unknown' };
  return wasServed || order === 'before' ? { is: 'expired', fromSec: undefined } : { is: 'unknown' };
}

/**
 * Compares two cursors: in practice they are growing numbers in base64, which no document promises, so `before` alone
 * does not decide. A cursor that is no such number, or lies behind the beginning, has not expired.
 */
function compareToBegin(cursor: Cursor, begin: Cursor): 'before' | 'not before' | undefined {
  const beginsAt = positionIn(begin);
  if (beginsAt === undefined) return undefined;
  const at = positionIn(cursor);
  return at !== undefined && at < beginsAt ? 'before' : 'not before';
}

function positionIn(cursor: Cursor): bigint | undefined {
  const text = Buffer.from(cursor, 'base64').toString('latin1');
  return /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}

const pauses = { minMs: 500, maxMs: 30_000 };

export class RefusedCursor {
  readonly #options: RefusedCursorOptions;
  readonly #backoff: Backoff;
  #refused: { readonly cursor: Cursor; readonly sinceMs: number; refusals: number } | undefined;
  #verdict: Verdict['is'] | undefined;
  #isLogged = false;

  constructor(options: RefusedCursorOptions) {
    this.#options = options;
    this.#backoff = createBackoff(pauses, options.clock.random);
  }

  /**
   * Waits, asks the service, and logs what was found. Rejects with the signal's reason when it aborts.
   * @returns the cursor to go on from, when the data has expired; undefined: pull again
   */
  async refused(error: AppError, position: RefusedPosition, signal: AbortSignal): Promise<Cursor | undefined> {
    const { cursor, isCheckpoint, savedAtMs, wasServed } = position;
    const { shard, service, log, clock } = this.#options;
    if (this.#refused?.cursor !== cursor) this.#refused = { cursor, sinceMs: clock.monotonic(), refusals: 0 };
    const { sinceMs } = this.#refused;
    const refusals = ++this.#refused.refusals;
    this.#verdict = undefined;
    if (refusals === 1) {
      log.debug({ shard, cursor, err: error }, 'the service refused a cursor; asking again');
      await clock.sleep(this.#backoff.next(), { signal });
      return undefined;
    }
    const begin = await service.getCursor(shard, 'begin', signal);
    const beginSec = await this.#timeOf(begin, signal);
    const cursorSec = await this.#timeOf(cursor, signal);
    const isEmpty = begin === (await service.getCursor(shard, 'end', signal));
    const savedSec = savedAtMs ? savedAtMs / 1000 : undefined;
    const overMs = clock.monotonic() - sinceMs;
    const verdict = judge({ cursor, begin, cursorSec, beginSec, isEmpty, savedSec, wasServed, refusals, overMs });
    this.#verdict = verdict.is;
    if (verdict.is === 'expired') {
      this.#logLoss(cursor, verdict.fromSec, beginSec);
      this.#refused = undefined;
      return begin;
    }
    this.#logWait(error, cursor, isCheckpoint, verdict.is === 'known');
    await clock.sleep(this.#backoff.next(), { signal });
    return undefined;
  }

  /** The times were asked for too, and the service does not know the cursor. */
  get isUnknown(): boolean {
    return this.#verdict === 'unknown';
  }

  /** The service has accepted a cursor. */
  accepted(): void {
    if (!this.#refused && !this.#isLogged) return;
    const { shard, log } = this.#options;
    if (this.#isLogged) log.info({ shard }, `shard ${shard}: the service accepts the shard's position again`);
    this.#refused = undefined;
    this.#isLogged = false;
    this.#backoff.reset();
  }

  async #timeOf(cursor: Cursor, signal: AbortSignal): Promise<number | undefined> {
    const { service, shard } = this.#options;
    return service.getCursorTime(shard, cursor, signal).catch(() => {
      signal.throwIfAborted();
      return undefined;
    });
  }

  #logLoss(cursor: Cursor, fromSec: number | undefined, toSec: number | undefined): void {
    const { shard, log } = this.#options;
    const isMeasured = fromSec !== undefined && toSec !== undefined;
    const lost = isMeasured ? `${Math.round(toSec - fromSec)}s` : 'an unknown length of time';
    const facts = { shard, expiredCursor: cursor, lostFrom: isoTime(fromSec), lostTo: isoTime(toSec) };
    log.error(
      facts,
      `LOGS LOST: the service no longer has the data at shard ${shard}'s position (retention); the logs of ${lost} cannot be shipped. The shard goes on at the earliest log that still exists`,
    );
  }

  #logWait(error: AppError, cursor: Cursor, isCheckpoint: boolean, isKnown: boolean): void {
    if (this.#isLogged) return;
    this.#isLogged = true;
    const { shard, log } = this.#options;
    const what = isCheckpoint ? 'its checkpoint' : 'its position';
    const found = isKnown
      ? 'the service knows this cursor, and still has the data at it'
      : 'nothing shows that this cursor has expired, or that it belongs to this shard';
    const advice = isCheckpoint
      ? 'the checkpoint is read again before each try: if the refusals do not end, set the checkpoint to a cursor of this shard'
      : 'the pull is tried again until the service accepts the cursor';
    log.error(
      { shard, cursor: cursor.slice(0, 100), reason: error.message },
      `shard ${shard} waits: the service refuses ${what} "${cursor.slice(0, 100)}"; ${found}. Nothing is skipped, and the other shards go on; ${advice}`,
    );
  }
}

function isoTime(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
}
