/** Options of a consumer group: the service, callbacks and settings. */
import type { AppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time/clock.ts';
import type { BudgetShare } from './pull/byte-budget.ts';
import type { LogService, Position } from './service/log-service.ts';
import type { Deliver } from './shard/shard-consumer-options.ts';

export interface ConsumerGroupOptions {
  readonly service: LogService;
  /** The name that `service` sends its heartbeats under. */
  readonly consumerName: string;
  readonly deliver: Deliver;
  /** Asks the sinks to confirm what was delivered now, and not at the end of their interval. */
  readonly confirmSoon: () => void;
  readonly heartbeatIntervalMs: number;
  /** The group's timeout, if this process creates the group; an existing group keeps its own. */
  readonly timeoutMs: number;
  readonly checkpointIntervalMs: number;
  readonly fetchIntervalMs: number;
  /** A pull is to be no larger than what is delivered within this time; absent: as large as the service makes it. */
  readonly batchTargetMs?: number;
  /** Limits the bytes of pulls in flight. */
  readonly budget: BudgetShare;
  readonly inOrder: boolean;
  /** A batch unreadable for so long is skipped (`deliver` writes it to the dead-letter file); absent: never. */
  readonly skipUnreadableAfterMs?: number | undefined;
  /** Sets an existing group to these settings at start; default: it keeps its own. */
  readonly updatesGroup?: boolean | undefined;
  /** Where to start in a shard without a checkpoint. */
  readonly from: Position;
  /** Where to stop: `end` (as it is when a shard is started), unix seconds, or undefined: never. */
  readonly until: 'end' | number | undefined;
  /** How long the drain of a shard that goes to another consumer may take: heartbeats list it meanwhile. */
  readonly drainTimeoutMs: number;
  /** With `until`: all of our shards are read up to it. */
  readonly onUntilReached: () => void;
  readonly onFatal: (error: AppError) => void;
  readonly log: Log;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
}
