/**
 * The interface through which the consumer group sees a log service. Nothing here names a vendor.
 *
 * Retries: `listShards`, `getCursor`, `getCursorTime`, `getCheckpoint` and `pull` retry transient errors for as long as
 * it takes. They settle only with a result, with an AppError whose action is not `retry`, or with the signal's reason
 * when it aborts. `heartbeat`, `listCheckpoints`, `updateCheckpoint` and the methods with "Tries once" below are tried
 * once: their callers have a timer.
 */
import type { BatchBody } from '../../core/bytes.ts';
import type { AppError } from '../../core/errors.ts';

export type ShardId = number;

/** A position in a shard. Opaque: two cursors can be compared for equality only. */
export type Cursor = string;

export interface Shard {
  readonly id: ShardId;
  /** When the shard was created, unix milliseconds; undefined where the service does not say. */
  readonly createdAtMs?: number | undefined;
  /** A read-only shard was split or merged: it gets no more data, and its end is final. */
  readonly status: 'readwrite' | 'readonly';
}

/** A position to start from; a number is the time at which the service *received* the data, in unix seconds. */
export type Position = 'begin' | 'end' | number;

export interface PulledBatch {
  /** Absent when there was no data, which does not mean the end of the shard: compare the cursors. */
  readonly body: BatchBody | undefined;
  /** Where to pull next. Equal to the requested cursor: the end of the shard for now. */
  readonly nextCursor: Cursor;
  readonly logGroupCount: number;
  /** Whether the shard has no data behind the batch; undefined where the service does not say. */
  readonly isAll?: boolean | undefined;
  /** The caller is done with the body: its memory may be used again. */
  release?(): void;
}

export interface PullFailure {
  readonly error: AppError;
  /** The pull took too long, or its answer broke off: a smaller one may succeed. */
  readonly isCut: boolean;
  /** The number of log groups that the answer's header gave; undefined without a header. */
  readonly logGroups?: number | undefined;
}

export interface PullOptions {
  /** 1..1000 */
  readonly maxLogGroups: number;
  /** Stop before this position. */
  readonly endCursor?: Cursor;
  /** Whether to pull over a new connection. */
  readonly isFresh?: boolean;
  /**
   * Called before the answer's body is read, with its size in memory: compressed and decompressed together.
   * @returns false: there is no room now; the pull rejects with BudgetFullError
   */
  readonly onSize?: (bytes: number) => boolean;
  /**
   * Called when an attempt has failed, before the next is made.
   * @returns how many log groups to ask for in the next
   */
  readonly onFailed?: (failure: PullFailure) => number;
  /**
   * Called when an attempt has failed, its request is over, and another is to follow after a pause: meanwhile other
   * pulls can use what this one holds. The returned function is called after the pause and awaited before the next
   * attempt, and not called when the pull is over by then. The pull rejects if it rejects.
   */
  readonly onPause?: () => () => Promise<void>;
  readonly signal: AbortSignal;
}

export interface Checkpoint {
  /** Undefined: no checkpoint was ever saved for this shard. */
  readonly cursor: Cursor | undefined;
  /** Unix milliseconds; 0 when nothing was saved. */
  readonly updatedAtMs: number;
  /** The consumer that saved the checkpoint. */
  readonly consumer: string;
}

export interface ConsumerGroupSettings {
  /** A consumer without a heartbeat for so long loses its shards. Sent in whole seconds. */
  readonly timeoutMs: number;
  /** The children of a split shard are granted only when the parent is consumed. */
  readonly inOrder: boolean;
}

/** A group as the service describes it. */
export interface FoundConsumerGroup {
  /** Undefined where the service does not say. */
  readonly timeoutMs: number | undefined;
  readonly inOrder: boolean | undefined;
  /** This call has created the group: it has no checkpoints yet. */
  readonly isNew: boolean;
}

/** At start, an error that an operator has to fix is thrown; while running it is retried. */
export type Phase = 'start' | 'running';

export interface LogService {
  listShards(signal: AbortSignal): Promise<readonly Shard[]>;
  getCursor(shard: ShardId, position: Position, signal: AbortSignal): Promise<Cursor>;
  /**
   * Unix seconds at which the service received the data at this cursor.
   * @throws ServiceError with action `reject` where the cursor has no time: at the end of a shard, or past the
   * retention
   */
  getCursorTime(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<number>;
  /**
   * @throws ServiceError with action `reject`: the service refuses this cursor, or this request; with action
   * `release-shard`: the shard does not exist. CorruptBatchError: the answer cannot be read.
   */
  pull(shard: ShardId, cursor: Cursor, options: PullOptions): Promise<PulledBatch>;
  /**
   * Finds the group, or creates it with these settings. An existing group keeps its own. At start it tries until it
   * works; while running, once.
   * @param wanted.mayUpdate sets an existing group to these settings; default false
   */
  ensureConsumerGroup(
    wanted: ConsumerGroupSettings & { readonly mayUpdate?: boolean },
    signal: AbortSignal,
    phase: Phase,
  ): Promise<FoundConsumerGroup>;
  /** Undefined where the group does not exist. Tries once. */
  findConsumerGroup(signal: AbortSignal): Promise<FoundConsumerGroup | undefined>;
  /**
   * Joins, or stays in, the group.
   * @param phase default `running`
   * @param held every shard that this consumer works on or still drains
   * @returns the shards that it is to hold
   * @throws ServiceError with code `consumer-group-not-exist` when somebody deleted the group
   */
  heartbeat(held: readonly ShardId[], signal: AbortSignal, phase?: Phase): Promise<readonly ShardId[]>;
  getCheckpoint(shard: ShardId, signal: AbortSignal): Promise<Checkpoint>;
  /** The checkpoints of all shards that have one, in one request. */
  listCheckpoints(signal: AbortSignal): Promise<ReadonlyMap<ShardId, Checkpoint>>;
  /** @throws ServiceError with action `release-shard` when the service says that another consumer owns the shard */
  updateCheckpoint(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<void>;
  /** Saves a checkpoint whoever owns the shard: only for one whose checkpoint went with a deleted group. Tries once. */
  restoreCheckpoint(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<void>;
}
