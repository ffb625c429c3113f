/** Options of a shard consumer: callbacks and settings. */
import type { BatchBody } from '../../core/bytes.ts';
import type { AppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { Checkpointer } from '../checkpoint/checkpointer.ts';
import type { GroupRecovery } from '../checkpoint/group-recovery.ts';
import type { Ticket } from '../checkpoint/progress.ts';
import type { BudgetShare } from '../pull/byte-budget.ts';
import type { PullLimiter } from '../pull/pull-limiter.ts';
import type { Cursor, LogService, Position, ShardId } from '../service/log-service.ts';

/**
 * How to deliver a batch that may turn out to be damaged.
 * - `send`: the logs in front of the damage are sent before it is found; the delivery fails.
 * - `check`: the batch is read to its end before any of it is sent; the delivery fails, and nothing is sent.
 * - `skip`: the unreadable part goes to the dead-letter file, and the rest is delivered as if it were all.
 */
export type OnDamage = 'send' | 'check' | 'skip';

/**
 * Hands a batch to the sink, frame by frame. Resolves when the sink has taken all of it; what becomes of the batch is
 * reported by its ticket.
 * @param onDamage default `send`
 * @param onEncodingStarted called when encoding of the batch begins; perhaps several times, or never
 * @throws DeliveryLostError when the connection is lost, CorruptBatchError when the batch cannot be read, the
 * signal's reason when it aborts
 */
export type Deliver = (
  body: BatchBody,
  ticket: Ticket,
  signal: AbortSignal,
  onDamage?: OnDamage,
  onEncodingStarted?: () => void,
) => Promise<void>;

export interface ShardConsumerOptions {
  readonly shard: ShardId;
  readonly service: LogService;
  readonly deliver: Deliver;
  readonly budget: BudgetShare;
  readonly pullLimiter: PullLimiter;
  readonly checkpointer: Checkpointer;
  readonly from: Position;
  readonly until: 'end' | number | undefined;
  /** The shortest pause at the end of the shard, and between pulls that bring little. */
  readonly fetchIntervalMs: number;
  /** A pull is to be no larger than what is delivered within this time; undefined: as large as the service makes it. */
  readonly batchTargetMs: number | undefined;
  /** A batch that stays unreadable for so long is skipped; absent: never. */
  readonly skipUnreadableAfterMs: number | undefined;
  /** Whether the shard is known to get no more data. */
  readonly isReadOnly: () => boolean;
  /** Whether a split or a merge has created the shard after the group; see `StartOptions`. */
  readonly isNewShard: (groupSinceMs: number | undefined) => Promise<boolean | 'perhaps'>;
  readonly recovery: Pick<GroupRecovery, 'waitMs' | 'noteCheckpoints'>;
  /** The cursor that this process confirmed when it held the shard before, or saw as its checkpoint; or undefined. */
  readonly knownCheckpoint: () => Cursor | undefined;
  /** Where this process was when it left the shard before its start was saved; or undefined. Default: undefined. */
  readonly unsavedStart?: () => Cursor | undefined;
  /** Without a lease another consumer may own the shard: no more of its logs are sent. Default: always true. */
  readonly hasLease?: () => boolean;
  /** Asks the sinks to confirm what was delivered now, and not at the end of their interval. */
  readonly confirmSoon: () => void;
  /** The state has changed to finished or stopped. */
  readonly onEnded: () => void;
  /** An error that no shard can go on with. */
  readonly onFatal: (error: AppError) => void;
  readonly log: Log;
  readonly clock: Clock;
}
