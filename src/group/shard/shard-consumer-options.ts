/** What a shard consumer is given: the ways out of it, and its settings. */
import type { BatchBody } from '../../core/bytes.ts';
import type { AppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { Checkpointer } from '../checkpoint/checkpointer.ts';
import type { GroupLoss } from '../checkpoint/group-loss.ts';
import type { Ticket } from '../checkpoint/progress.ts';
import type { BudgetShare } from '../pull/byte-budget.ts';
import type { LookAhead } from '../pull/look-ahead.ts';
import type { Cursor, LogService, Position, ShardId } from '../service/log-service.ts';

/**
 * The way to deliver a batch that may turn out to be damaged.
 * - `send`: what is in front of the damage has been sent by then; the delivery fails.
 * - `check`: nothing of it has been sent, for it is read to its end before; the delivery fails.
 * - `skip`: what cannot be read is put on record, and the rest is delivered as if it were all.
 */
export type OnDamage = 'send' | 'check' | 'skip';

/**
 * Hands a batch to the sink, frame by frame. Resolves when the sink has taken all of it (what became of it is
 * reported by the ticket).
 * @param onDamage default `send`
 * @param onBegun told when it no longer waits for others to be encoded; perhaps several times, or never
 * @throws DeliveryLostError when the connection is lost, CorruptBatchError when the batch cannot be read, the
 * signal's reason when it aborts
 */
export type Deliver = (
  body: BatchBody,
  ticket: Ticket,
  signal: AbortSignal,
  onDamage?: OnDamage,
  onBegun?: () => void,
) => Promise<void>;

export interface ShardConsumerOptions {
  readonly shard: ShardId;
  readonly service: LogService;
  readonly deliver: Deliver;
  readonly budget: BudgetShare;
  readonly lookAhead: LookAhead;
  readonly checkpointer: Checkpointer;
  readonly from: Position;
  readonly until: 'end' | number | undefined;
  /** The pause after the end of the shard was reached. */
  readonly fetchIntervalMs: number;
  /** Pulls are as large as is delivered within this time; absent: as large as the service makes them. */
  readonly batchTargetMs: number | undefined;
  /** After so long, what stays unreadable is skipped; absent: never. */
  readonly corruptPatienceMs: number | undefined;
  /** Whether the shard is known to get no more data. */
  readonly isReadOnly: () => boolean;
  /** Whether it was made by a split or a merge after the group had begun; see `StartOptions`. */
  readonly isLater: (groupSinceMs: number | undefined) => Promise<boolean | 'perhaps'>;
  readonly loss: Pick<GroupLoss, 'waitMs' | 'saw'>;
  /** What this process had confirmed of the shard when it held it, or saw saved for it; undefined: neither. */
  readonly formerly: () => Cursor | undefined;
  /** Without a lease another consumer may own the shard: nothing more of it is sent. Default: it is there. */
  readonly hasLease?: () => boolean;
  /** What was delivered is wanted confirmed, without waiting for the sink's leisure. */
  readonly confirmSoon: () => void;
  /** The state has changed to finished or stopped. */
  readonly onSettled: () => void;
  /** An error that no shard can go on with. */
  readonly onFatal: (error: AppError) => void;
  readonly log: Log;
  readonly clock: Clock;
}
