/**
 * A batch that cannot be read: it cannot be decompressed or parsed, or its number of log groups is not what the service
 * says.
 *
 * The damage may come from the transport, and be over in a moment, or from the service, and stay. This process cannot
 * tell, so the shard waits: the batch is pulled again on new connections, with pauses that grow to a minute, for as
 * long as it takes. Each time fewer log groups are asked for, down to one: those in front of the damage are delivered
 * meanwhile. From the second time on a batch is read to its end before any of it is sent.
 *
 * With `--on-corrupt-batch skip`, a batch that has stayed unreadable for the whole patience, and for several pulls at
 * its smallest, goes to the dead-letter file and is skipped.
 */
import { type Backoff, createBackoff } from '../../core/backoff.ts';
import type { AppError, CorruptBatchError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { PullSize } from '../pull/pull-size.ts';
import type { Cursor, ShardId } from '../service/log-service.ts';
import type { OnDamage } from './shard-consumer-options.ts';

export interface UnreadableOptions {
  readonly shard: ShardId;
  /** Absent: nothing is ever skipped. */
  readonly skipUnreadableAfterMs: number | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** How often the smallest piece is pulled before it may be skipped. */
const triesAtSmallest = 4;
const pauses = { minMs: 1_000, maxMs: 60_000 };

/** The unreadable batch at the shard's position. */
interface Piece {
  readonly cursor: Cursor;
  readonly sinceMs: number;
  /** Failed pulls of the smallest piece: a single log group. */
  tries: number;
  isSmallest: boolean;
}

export class Unreadable {
  readonly #options: UnreadableOptions;
  readonly #size: PullSize;
  readonly #backoff: Backoff;
  #piece: Piece | undefined;
  /** When the shard stalled; undefined once it goes on with full-size pulls. */
  #stalledAtMs: number | undefined;
  #isLogged = false;

  constructor(options: UnreadableOptions, size: PullSize) {
    this.#options = options;
    this.#size = size;
    this.#backoff = createBackoff(pauses, options.clock.random);
  }

  /** The next pull is one whose batch could not be read before. */
  get isAhead(): boolean {
    return this.#piece !== undefined;
  }

  get onDamage(): OnDamage {
    const piece = this.#piece;
    if (!piece) return 'send';
    const { skipUnreadableAfterMs, clock } = this.#options;
    const hasWaited = skipUnreadableAfterMs !== undefined && clock.monotonic() - piece.sinceMs >= skipUnreadableAfterMs;
    return hasWaited && piece.isSmallest && piece.tries >= triesAtSmallest ? 'skip' : 'check';
  }

  /**
   * Waits before the batch is pulled again. Rejects with the signal's reason when it aborts.
   * @param logGroups number of log groups in the batch as the service gave it; 0: unknown
   */
  async failed(error: AppError, cursor: Cursor, logGroups: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    const isFirst = this.#stalledAtMs === undefined;
    this.#stalledAtMs ??= nowMs;
    if (this.#piece?.cursor !== cursor) this.#piece = { cursor, sinceMs: nowMs, tries: 0, isSmallest: false };
    const piece = this.#piece;
    piece.isSmallest = logGroups === 1 || this.#size.maxLogGroups === 1;
    if (piece.isSmallest) piece.tries++;
    else this.#size.narrow(logGroups);
    this.#logUnreadable(error, cursor, isFirst);
    await clock.sleep(this.#backoff.next(), { signal });
  }

  /** A batch was delivered to its end, or skipped. */
  delivered(): void {
    if (this.#stalledAtMs === undefined) return;
    this.#piece = undefined;
    this.#backoff.reset();
    // While pulls are still narrowed, there may be more damage ahead.
    if (this.#size.isNarrowed) return;
    const { shard, clock, log } = this.#options;
    const seconds = Math.round((clock.monotonic() - this.#stalledAtMs) / 1000);
    if (this.#isLogged) log.info({ shard, seconds }, `shard ${shard}: its batches can be read again`);
    this.#stalledAtMs = undefined;
    this.#isLogged = false;
  }

  #logUnreadable(error: AppError, cursor: Cursor, isFirst: boolean): void {
    const { shard, skipUnreadableAfterMs, log } = this.#options;
    const facts = { shard, cursor, reason: error.message };
    if (isFirst) {
      log.warn(facts, 'a batch cannot be read; pulling it again');
      return;
    }
    if (this.#isLogged) return;
    this.#isLogged = true;
    const then =
      skipUnreadableAfterMs === undefined
        ? 'the shard waits until the service sends the batch whole, and the other shards go on'
        : `a piece that stays unreadable for ${skipUnreadableAfterMs / 1000}s is skipped, and the other shards go on`;
    log.error(
      facts,
      `shard ${shard} stands still: its next batch cannot be read, and is pulled again and again; ${then}`,
    );
  }
}

/** Thrown for a batch that cannot be read; `logGroups` is the number that the service gave. */
export class DamagedBatch extends Error {
  readonly error: CorruptBatchError;
  readonly logGroups: number;

  constructor(error: CorruptBatchError, logGroups: number) {
    super(error.message, { cause: error });
    this.error = error;
    this.logGroups = logGroups;
  }
}
