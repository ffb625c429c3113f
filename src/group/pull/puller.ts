/** Pulls for one shard, within the budget of bytes that all shards share. */
import type { BatchBody } from '../../core/bytes.ts';
import { CorruptBatchError, NoRoomError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { Cursor, LogService, PullFailure, ShardId } from '../service/log-service.ts';
import type { BudgetShare } from './byte-budget.ts';
import type { IdlePause } from './idle-pause.ts';
import { type LookAhead, noPlace, type Place } from './look-ahead.ts';
import { PullClaim } from './pull-claim.ts';
import type { PullSize } from './pull-size.ts';
import type { EndPosition } from './start-position.ts';

export interface Pull {
  /** Absent when there was no data. */
  readonly body: BatchBody | undefined;
  readonly logGroups: number;
  readonly nextCursor: Cursor;
  /** The cursor did not move: the shard has no more data for now. */
  readonly atEnd: boolean;
  /** The shard ends here for good, or `--until` is reached. */
  readonly isFinal: boolean;
  /** How long the request took, in milliseconds. */
  readonly tookMs: number;
  /** To be ended when encoding of the batch begins. */
  readonly place: Place;
  /** Gives the bytes back to the budget, and the place. */
  release(): void;
}

/** Where a pull ends at the latest. */
interface Bounds {
  readonly endCursor: Cursor | undefined;
  /** The pull ends where the service ends it. */
  readonly isWhole: boolean;
  readonly isFinal: boolean;
}

export interface PullerOptions {
  readonly shard: ShardId;
  readonly service: LogService;
  readonly budget: BudgetShare;
  readonly lookAhead: LookAhead;
  readonly isReadOnly: () => boolean;
  readonly size: PullSize;
  readonly pace: Pace;
  /** The next pull is one whose batch could not be read before. */
  readonly isSuspect: () => boolean;
  readonly log: Log;
  readonly clock: Clock;
}

export type Pace = Pick<IdlePause, 'beforePull' | 'pulled' | 'slowDown'>;

/** The expected size of a shard's first pull. */
const firstEstimateBytes = 2 << 20;
const smallestEstimateBytes = 64 << 10;

export class Puller {
  readonly #options: PullerOptions;
  #estimateBytes = firstEstimateBytes;
  #wasAtEnd = false;
  #isQuotaTold = false;

  constructor(options: PullerOptions) {
    this.#options = options;
  }

  /**
   * Rejects as `LogService.pull` does.
   * @param bound where the same pull ended before; undefined: the service decides where it ends
   */
  async pull(cursor: Cursor, bound: Cursor | undefined, end: EndPosition, signal: AbortSignal): Promise<Pull> {
    const { budget, lookAhead } = this.#options;
    const { reached, endCursor: last } = await end.at(cursor, signal);
    const endCursor = bound ?? last;
    if (reached) {
      return {
        body: undefined,
        logGroups: 0,
        nextCursor: cursor,
        atEnd: true,
        isFinal: true,
        tookMs: 0,
        place: noPlace,
        release: () => undefined,
      };
    }
    // A lost batch is pulled again at once.
    if (bound === undefined) await this.#options.pace.beforePull(signal);
    const place = this.#wasAtEnd ? noPlace : await lookAhead.take(signal);
    const claim = new PullClaim(place, budget, this.#estimateBytes);
    try {
      await claim.hold(signal);
      const bounds = { endCursor, isWhole: bound === undefined, isFinal: end.isFinal };
      const pull = await this.#pullWithRoom(cursor, bounds, claim, signal);
      this.#wasAtEnd = pull.atEnd;
      return pull;
    } catch (error) {
      claim.release();
      throw error;
    }
  }

  /** An answer larger than expected is pulled again when there is room for it. */
  async #pullWithRoom(cursor: Cursor, end: Bounds, claim: PullClaim, signal: AbortSignal): Promise<Pull> {
    for (;;) {
      try {
        return await this.#pull(cursor, end, claim, signal);
      } catch (error) {
        if (!(error instanceof NoRoomError)) throw error;
        await claim.holdLarger(error.bytes, signal);
      }
    }
  }

  async #pull(cursor: Cursor, end: Bounds, claim: PullClaim, signal: AbortSignal): Promise<Pull> {
    const { shard, service, isReadOnly, size, pace, isSuspect, clock } = this.#options;
    const { place } = claim;
    // Read before the pull: data may still arrive between an empty pull and the shard's split.
    const wasReadOnly = isReadOnly();
    const asked = size.maxLogGroups;
    let startMs = clock.monotonic();
    try {
      const pulled = await service.pull(shard, cursor, {
        maxLogGroups: asked,
        ...(end.endCursor !== undefined && { endCursor: end.endCursor }),
        isFresh: isSuspect(),
        onSize: (size) => claim.grow(size),
        signal,
        onPause: () => claim.pause(signal),
        onFailed: (failure) => {
          startMs = clock.monotonic();
          return this.#onFailed(failure);
        },
      });
      const { body, nextCursor, logGroupCount, isAll } = pulled;
      const bytes = body ? body.bytes.length + body.rawSize : 0;
      if (body) this.#estimateBytes = Math.max(bytes, this.#estimateBytes / 2, smallestEstimateBytes);
      claim.correct(bytes);
      const isFull = !end.isWhole || logGroupCount >= asked;
      if (nextCursor !== cursor) pace.pulled({ logGroups: logGroupCount, bytes: body?.rawSize ?? 0, isFull, isAll });
      // A pull that ends at a bound says nothing of the data behind it.
      const atEnd = nextCursor === cursor && end.isWhole;
      return {
        body,
        logGroups: logGroupCount,
        nextCursor,
        atEnd,
        isFinal: atEnd && (wasReadOnly || end.isFinal),
        tookMs: clock.monotonic() - startMs,
        place,
        release: () => {
          pulled.release?.();
          claim.release();
        },
      };
    } catch (error) {
      claim.releaseBytes();
      const { nextCursor } = error instanceof CorruptBatchError ? error : {};
      if (!(error instanceof CorruptBatchError) || nextCursor === undefined) throw error;
      const body: BatchBody = { bytes: new Uint8Array(0), compression: 'none', rawSize: 0, refused: error };
      return {
        body,
        logGroups: 0,
        nextCursor,
        atEnd: false,
        isFinal: false,
        tookMs: clock.monotonic() - startMs,
        place,
        release: () => claim.release(),
      };
    }
  }

  /** @returns how many log groups to ask for next */
  #onFailed({ error, isCut, logGroups }: PullFailure): number {
    const { shard, size, pace, log } = this.#options;
    if (isCut) size.narrow(logGroups ?? 0);
    if (error.code === 'read-quota' && pace.slowDown() && !this.#isQuotaTold) {
      this.#isQuotaTold = true;
      log.warn(
        { shard, reason: error.message },
        `the service's read quota of shard ${shard} is used up: pulling the shard less often for a while`,
      );
    }
    return size.maxLogGroups;
  }
}
