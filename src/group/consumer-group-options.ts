/** What a consumer group is given: the service, the ways out of it, and its settings. */
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
  /** What was delivered is wanted confirmed, without waiting for the sink's leisure. */
  readonly confirmSoon: () => void;
  readonly heartbeatIntervalMs: number;
  /** Of the group, where it is created; one that is there has its own. */
  readonly timeoutMs: number;
  readonly checkpointIntervalMs: number;
  readonly fetchIntervalMs: number;
  /** Pulls are as large as is delivered within this time; absent: as large as the service makes them. */
  readonly batchTargetMs?: number;
  /** For the bytes of its pulls. */
  readonly budget: BudgetShare;
  readonly inOrder: boolean;
  /** After so long, what stays unreadable is skipped (`deliver` puts it on record); absent: never. */
  readonly corruptPatienceMs?: number | undefined;
  /** A group that is there is brought to these settings at start; default: it keeps its own. */
  readonly updatesGroup?: boolean | undefined;
  /** Where to start in a shard without a checkpoint. */
  readonly from: Position;
  /** Where to stop: `end` (as it is at start), unix seconds, or never. */
  readonly until: 'end' | number | undefined;
  /** For a shard that is handed over to another consumer: it is listed until then. */
  readonly drainTimeoutMs: number;
  /** With `until`: every shard that is ours has come there. */
  readonly onUntilReached: () => void;
  readonly onFatal: (error: AppError) => void;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}
