/**
 * A batch that cannot be read: unpacked, parsed, or with as many log groups as the service says it holds.
 *
 * The damage may be the transport's, and over in a moment, or the service's, and there to stay. Nobody can tell, so the
 * shard waits: the batch is pulled again on connections of its own, with pauses that grow to a minute, for as long as it
 * takes. Each time a smaller piece is asked for, until the piece holds a single log group: what is readable in front of
 * the damage is delivered meanwhile. From the second time on a piece is read to its end before any of it is sent.
 *
 * Where it is wanted (`--on-corrupt-batch skip`), a piece that has stayed unreadable for the whole patience, and for
 * several pulls at its smallest, is put on record and skipped.
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
  readonly corruptPatienceMs: number | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** So often a piece is pulled at its smallest before it may be skipped. */
const triesAtSmallest = 4;
const pauses = { minMs: 1_000, maxMs: 60_000 };

/** The piece that is in the way. */
interface Piece {
  readonly cursor: Cursor;
  readonly sinceMs: number;
  /** At its smallest. */
  tries: number;
  isSmallest: boolean;
}

export class Unreadable {
  readonly #options: UnreadableOptions;
  readonly #size: PullSize;
  readonly #backoff: Backoff;
  #piece: Piece | undefined;
  /** When the shard first could not go on; until it is as it was. */
  #stalledAtMs: number | undefined;
  #isTold = false;

  constructor(options: UnreadableOptions, size: PullSize) {
    this.#options = options;
    this.#size = size;
    this.#backoff = createBackoff(pauses, options.clock.random);
  }

  /** The next pull is one that could not be read before. */
  get isAhead(): boolean {
    return this.#piece !== undefined;
  }

  get onDamage(): OnDamage {
    const piece = this.#piece;
    if (!piece) return 'send';
    const { corruptPatienceMs, clock } = this.#options;
    const hasWaited = corruptPatienceMs !== undefined && clock.monotonic() - piece.sinceMs >= corruptPatienceMs;
    return hasWaited && piece.isSmallest && piece.tries >= triesAtSmallest ? 'skip' : 'check';
  }

  /**
   * Waits before it is pulled again. Rejects with the signal's reason when it aborts.
   * @param logGroups of the batch, where the service said; 0: unknown
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
    this.#tell(error, cursor, isFirst);
    await clock.sleep(this.#backoff.next(), { signal });
  }

  /** A batch was delivered to its end, or skipped. */
  delivered(): void {
    if (this.#stalledAtMs === undefined) return;
    this.#piece = undefined;
    this.#backoff.reset();
    // What is narrowed is still among the damage, perhaps.
    if (this.#size.isNarrowed) return;
    const { shard, clock, log } = this.#options;
    const seconds = Math.round((clock.monotonic() - this.#stalledAtMs) / 1000);
    if (this.#isTold) log.info({ shard, seconds }, `shard ${shard}: its batches can be read again`);
    this.#stalledAtMs = undefined;
    this.#isTold = false;
  }

  #tell(error: AppError, cursor: Cursor, isFirst: boolean): void {
    const { shard, corruptPatienceMs, log } = this.#options;
    const facts = { shard, cursor, reason: error.message };
    if (isFirst) {
      log.warn(facts, 'a batch cannot be read; pulling it again');
      return;
    }
    if (this.#isTold) return;
    this.#isTold = true;
    const then =
      corruptPatienceMs === undefined
        ? 'it waits until the service sends it whole, and the other shards go on'
        : `what is unreadable for ${corruptPatienceMs / 1000}s is skipped, and the other shards go on`;
    log.error(
      facts,
      `shard ${shard} stands still: its next batch cannot be read, and is pulled again and again; ${then}`,
    );
  }
}

/** What a delivery could not read, and how many log groups the service said that it holds. */
export class DamagedBatch extends Error {
  readonly error: CorruptBatchError;
  readonly logGroups: number;

  constructor(error: CorruptBatchError, logGroups: number) {
    super(error.message, { cause: error });
    this.error = error;
    this.logGroups = logGroups;
  }
}
