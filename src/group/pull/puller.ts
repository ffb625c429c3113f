/** Pulls for one shard, within the budget of bytes that all shards share. */
import type { BatchBody } from '../../core/bytes.ts';
import { BudgetFullError, CorruptBatchError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { Cursor, LogService, PullFailure, ShardId } from '../service/log-service.ts';
import type { BudgetShare } from './byte-budget.ts';
import type { IdlePause } from './idle-pause.ts';
import { noSlot, type PullLimiter, type PullSlot } from './pull-limiter.ts';
import { PullPermit } from './pull-permit.ts';
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
  readonly slot: PullSlot;
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
  readonly pullLimiter: PullLimiter;
  readonly isReadOnly: () => boolean;
  readonly size: PullSize;
  readonly pacing: PullPacing;
  /** The next pull is one whose batch could not be read before. */
  readonly wasUnreadable: () => boolean;
  readonly log: Log;
  readonly clock: Clock;
}

export type PullPacing = Pick<IdlePause, 'beforePull' | 'pulled' | 'slowDown'>;

/** The expected size of a shard's first pull. */
const firstEstimateBytes = 2 << 20;
const smallestEstimateBytes = 64 << 10;

export class Puller {
  readonly #options: PullerOptions;
  #estimateBytes = firstEstimateBytes;
  #wasAtEnd = false;
  #isQuotaLogged = false;

  constructor(options: PullerOptions) {
    this.#options = options;
  }

  /**
   * Rejects as `LogService.pull` does.
   * @param bound where the same pull ended before; undefined: the service decides where it ends
   */
  async pull(cursor: Cursor, bound: Cursor | undefined, end: EndPosition, signal: AbortSignal): Promise<Pull> {
    const { budget, pullLimiter } = this.#options;
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
        slot: noSlot,
        release: () => undefined,
      };
    }
    // A lost batch is pulled again as soon as the quota allows.
    await this.#options.pacing.beforePull(signal, bound !== undefined);
    const slot = this.#wasAtEnd ? noSlot : await pullLimiter.acquire(signal);
    const permit = new PullPermit(slot, budget, this.#estimateBytes);
    try {
      await permit.reserve(signal);
      const bounds = { endCursor, isWhole: bound === undefined, isFinal: end.isFinal };
      const pull = await this.#pullWithRoom(cursor, bounds, permit, signal);
      this.#wasAtEnd = pull.atEnd;
      return pull;
    } catch (error) {
      permit.release();
      throw error;
    }
  }

  /** An answer larger than expected is pulled again when there is room for it. */
  async #pullWithRoom(cursor: Cursor, end: Bounds, permit: PullPermit, signal: AbortSignal): Promise<Pull> {
    for (;;) {
      try {
        return await this.#pull(cursor, end, permit, signal);
      } catch (error) {
        if (!(error instanceof BudgetFullError)) throw error;
        await permit.reserveLarger(error.bytes, signal);
      }
    }
  }

  async #pull(cursor: Cursor, end: Bounds, permit: PullPermit, signal: AbortSignal): Promise<Pull> {
    const { shard, service, isReadOnly, size, pacing, wasUnreadable, clock } = this.#options;
    const { slot } = permit;
    // Read before the pull: data may still arrive between an empty pull and the shard's split.
    const wasReadOnly = isReadOnly();
    const asked = size.maxLogGroups;
    let startMs = clock.monotonic();
    try {
      const pulled = await service.pull(shard, cursor, {
        maxLogGroups: asked,
        ...(end.endCursor !== undefined && { endCursor: end.endCursor }),
        isFresh: wasUnreadable(),
        onSize: (size) => permit.grow(size),
        signal,
        onPause: () => permit.pause(signal),
        onFailed: (failure) => {
          startMs = clock.monotonic();
          return this.#onFailed(failure);
        },
      });
      const { body, nextCursor, logGroupCount, isAll } = pulled;
      const bytes = body ? body.bytes.length + body.rawSize : 0;
      if (body) this.#estimateBytes = Math.max(bytes, this.#estimateBytes / 2, smallestEstimateBytes);
      permit.correct(bytes);
      const isFull = !end.isWhole || logGroupCount >= asked;
      if (nextCursor !== cursor) pacing.pulled({ logGroups: logGroupCount, bytes: body?.rawSize ?? 0, isFull, isAll });
      // A pull that ends at a bound says nothing of the data behind it.
      const atEnd = nextCursor === cursor && end.isWhole;
      return {
        body,
        logGroups: logGroupCount,
        nextCursor,
        atEnd,
        isFinal: atEnd && (wasReadOnly || end.isFinal),
        tookMs: clock.monotonic() - startMs,
        slot,
        release: () => {
          pulled.release?.();
          permit.release();
        },
      };
    } catch (error) {
      permit.releaseBytes();
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
        slot,
        release: () => permit.release(),
      };
    }
  }

  /** @returns how many log groups to ask for next */
  #onFailed({ error, isCut, logGroups }: PullFailure): number {
    const { shard, size, pacing, log } = this.#options;
    if (isCut) size.narrow(logGroups ?? 0);
    if (error.code === 'read-quota' && pacing.slowDown() && !this.#isQuotaLogged) {
      this.#isQuotaLogged = true;
      log.warn(
        { shard, reason: error.message },
        `the service's read quota of shard ${shard} is used up: pulling the shard less often for a while`,
      );
    }
    return size.maxLogGroups;
  }
}
