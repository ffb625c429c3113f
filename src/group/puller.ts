/** Pulls for one shard, within the budget of bytes that all shards share. */
import type { BatchBody } from '../encode/bytes.ts';
import { CorruptBatchError } from '../errors.ts';
import type { BudgetShare } from './byte-budget.ts';
import type { Cursor, LogService, ShardId } from './log-service.ts';
import { type LookAhead, noPlace, type Place } from './look-ahead.ts';
import { PullClaim } from './pull-claim.ts';
import type { PullSize } from './pull-size.ts';
import type { EndPosition } from './start-position.ts';

export interface Pull {
  /** Absent when there was no data. */
  readonly body: BatchBody | undefined;
  readonly logGroups: number;
  readonly nextCursor: Cursor;
  /** The cursor did not move: the end of the shard, for now. */
  readonly atEnd: boolean;
  /** The end of the shard for good, or the end that was asked for. */
  readonly isFinal: boolean;
  /** To be ended when the batch is begun. */
  readonly place: Place;
  /** Gives the bytes back to the budget, and the place. */
  release(): void;
}

export interface PullerOptions {
  readonly shard: ShardId;
  readonly service: LogService;
  readonly budget: BudgetShare;
  readonly lookAhead: LookAhead;
  readonly isReadOnly: () => boolean;
  readonly size: PullSize;
}

/** What a shard is expected to bring before it has brought anything. */
const firstEstimateBytes = 2 << 20;
const smallestEstimateBytes = 64 << 10;

export class Puller {
  readonly #options: PullerOptions;
  #estimateBytes = firstEstimateBytes;
  #wasAtEnd = false;

  constructor(options: PullerOptions) {
    this.#options = options;
  }

  /**
   * Rejects as `LogService.pull` does.
   * @param bound where the same pull ended before; undefined: as far as the service goes
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
        place: noPlace,
        release: () => undefined,
      };
    }
    const place = this.#wasAtEnd ? noPlace : await lookAhead.take(signal);
    const claim = new PullClaim(place, budget, this.#estimateBytes);
    try {
      await claim.hold(signal);
      const isWhole = bound === undefined;
      const pull = await this.#pull(cursor, { endCursor, isWhole, isFinal: end.isFinal }, claim, signal);
      this.#wasAtEnd = pull.atEnd;
      return pull;
    } catch (error) {
      claim.release();
      throw error;
    }
  }

  async #pull(
    cursor: Cursor,
    end: { readonly endCursor: Cursor | undefined; readonly isWhole: boolean; readonly isFinal: boolean },
    claim: PullClaim,
    signal: AbortSignal,
  ): Promise<Pull> {
    const { shard, service, isReadOnly, size } = this.#options;
    const { place } = claim;
    try {
      // Asked before the pull: data may still arrive between an empty pull and the shard's split.
      const wasReadOnly = isReadOnly();
      const pulled = await service.pull(shard, cursor, {
        maxLogGroups: size.maxLogGroups,
        ...(end.endCursor !== undefined && { endCursor: end.endCursor }),
        signal,
        onPause: () => claim.pause(signal),
      });
      const { body, nextCursor, logGroupCount } = pulled;
      const bytes = body ? body.bytes.length + body.rawSize : 0;
      if (body) this.#estimateBytes = Math.max(bytes, this.#estimateBytes / 2, smallestEstimateBytes);
      claim.correct(bytes);
      // What ends at a bound says nothing of what is behind it.
      const atEnd = nextCursor === cursor && end.isWhole;
      return {
        body,
        logGroups: logGroupCount,
        nextCursor,
        atEnd,
        isFinal: atEnd && (wasReadOnly || end.isFinal),
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
      return { body, logGroups: 0, nextCursor, atEnd: false, isFinal: false, place, release: () => claim.release() };
    }
  }
}
