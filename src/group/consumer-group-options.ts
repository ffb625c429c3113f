/** What a consumer group is given: the service, the ways out of it, and its settings. */
import type { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../time/clock.ts';
import type { BudgetShare } from './byte-budget.ts';
import type { LogService, Position } from './log-service.ts';
import type { Deliver } from './shard-consumer-options.ts';

export interface ConsumerGroupOptions {
  readonly service: LogService;
  /** The name that `service` sends its heartbeats under. */
  readonly consumerName: string;
  readonly deliver: Deliver;
  /** What was delivered is wanted confirmed, without waiting for the sink's leisure. */
  readonly confirmSoon: () => void;
  readonly heartbeatIntervalMs: number;
  /** The group's timeout. */
  readonly timeoutMs: number;
  readonly checkpointIntervalMs: number;
  readonly fetchIntervalMs: number;
  /** Pulls are as large as is delivered within this time; absent: as large as the service makes them. */
  readonly batchTargetMs?: number;
  /** For the bytes of its pulls. */
  readonly budget: BudgetShare;
  readonly inOrder: boolean;
  /** A batch that cannot be read is skipped (`deliver` puts it on record), instead of stopping its shard; default false. */
  readonly skipsCorrupt?: boolean;
  /** Where to start in a shard without a checkpoint. */
  readonly from: Position;
  /** Where to stop: `end` (as it is at start), unix seconds, or never. */
  readonly until: 'end' | number | undefined;
  /** For a shard that is handed over to another consumer; below the group's timeout. */
  readonly drainTimeoutMs: number;
  /** With `until`: every shard that is ours has come there. */
  readonly onUntilReached: () => void;
  readonly onFatal: (error: AppError) => void;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}
