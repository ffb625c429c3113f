/**
 * The port through which the consumer-group core sees a log service. Nothing here names a vendor.
 *
 * Retries: `listShards`, `getCursor`, `getCursorTime`, `getCheckpoint` and `pull` come back only with a result,
 * with an AppError whose action is not `retry`, or when the signal aborts (they reject with its reason): they
 * retry transient errors for as long as it takes. `heartbeat`, `listCheckpoints`, `updateCheckpoint` and what has
 * "tries once" below are tried once: their callers have a timer.
 */
import type { BatchBody } from '../../core/bytes.ts';
import type { AppError } from '../../core/errors.ts';

export type ShardId = number;

/** A position in a shard. Opaque: it can be told equal or not, and nothing else. */
export type Cursor = string;

export interface Shard {
  readonly id: ShardId;
  /** Unix milliseconds; undefined where the service does not say. */
  readonly createdAtMs?: number | undefined;
  /** A read-only shard was split or merged: it gets no more data, and its end is final. */
  readonly status: 'readwrite' | 'readonly';
}

/** A place to start from; a time is when the service *received* the data, in unix seconds. */
export type Position = 'begin' | 'end' | number;

export interface PulledBatch {
  /** Absent when there was no data. That does not mean the end of the shard: compare the cursors. */
  readonly body: BatchBody | undefined;
  /** Where to pull next. Equal to the requested cursor: the end of the shard for now. */
  readonly nextCursor: Cursor;
  readonly logGroupCount: number;
  /** Whether there was nothing behind it; undefined where the service does not say. */
  readonly isAll?: boolean | undefined;
  /** Where the body's memory can be used again: it may be, from then on. */
  release?(): void;
}

export interface PullFailure {
  readonly error: AppError;
  /** It took too long, or its answer had begun and did not come to its end: a smaller one may. */
  readonly isCut: boolean;
  /** How many log groups its answer said that it holds; undefined where it did not come to that. */
  readonly logGroups?: number | undefined;
}

export interface PullOptions {
  /** 1..1000 */
  readonly maxLogGroups: number;
  /** Stop before this position. */
  readonly endCursor?: Cursor;
  /** On a connection that nothing has used before. */
  readonly isFresh?: boolean;
  /**
   * Told how much memory the answer takes, packed and unpacked, before its body is read.
   * @returns false: not now; the pull rejects with NoRoomError
   */
  readonly onSize?: (bytes: number) => boolean;
  /**
   * Told of an attempt that has failed, before another is made.
   * @returns how many log groups to ask for then
   */
  readonly onFailed?: (failure: PullFailure) => number;
  /**
   * Called when an attempt has failed, nothing of it is out any more, and another is to follow after a pause: what the
   * pull holds can be of use elsewhere. What it returns is called after the pause and awaited before the next attempt,
   * and not called when the pull is over by then. The pull rejects as that does.
   */
  readonly onPause?: () => () => Promise<void>;
  readonly signal: AbortSignal;
}

export interface Checkpoint {
  /** Undefined: nothing was ever saved for this shard. */
  readonly cursor: Cursor | undefined;
  /** Unix milliseconds; 0 when nothing was saved. */
  readonly updatedAtMs: number;
  /** The consumer that saved it. */
  readonly consumer: string;
}

export interface ConsumerGroupSettings {
  /** A consumer unheard of for so long loses its shards. Whole seconds on the wire. */
  readonly timeoutMs: number;
  /** Hold back the children of a split shard until the parent is consumed. */
  readonly inOrder: boolean;
}

/** A group as the service describes it. */
export interface FoundConsumerGroup {
  /** Undefined where the service does not say. */
  readonly timeoutMs: number | undefined;
  readonly inOrder: boolean | undefined;
  /** It was made by this call: it has no checkpoints yet. */
  readonly isNew: boolean;
}

/** At start, what an operator has to set right ends a call; while running nothing does. */
export type Phase = 'start' | 'running';

export interface LogService {
  listShards(signal: AbortSignal): Promise<readonly Shard[]>;
  getCursor(shard: ShardId, position: Position, signal: AbortSignal): Promise<Cursor>;
  /**
   * Unix seconds at which the service received the data at this cursor.
   * @throws ServiceError with action `reject` where it has no time to tell: at the end of a shard, or behind the retention
   */
  getCursorTime(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<number>;
  /**
   * @throws ServiceError with action `reject`: the service does not take this cursor, or this request;
   * with action `release-shard`: the shard is gone. CorruptBatchError: the answer is not worth reading.
   */
  pull(shard: ShardId, cursor: Cursor, options: PullOptions): Promise<PulledBatch>;
  /**
   * Finds the group, or creates it with these settings. One that is there keeps its own.
   * At start it tries until it works; while running, once.
   * @param wanted.mayUpdate default false; brings one that is there to these settings
   */
  ensureConsumerGroup(
    wanted: ConsumerGroupSettings & { readonly mayUpdate?: boolean },
    signal: AbortSignal,
    phase: Phase,
  ): Promise<FoundConsumerGroup>;
  /** Undefined where there is none. Tries once. */
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
  /** Of every shard that has one, in one request. */
  listCheckpoints(signal: AbortSignal): Promise<ReadonlyMap<ShardId, Checkpoint>>;
  /** @throws ServiceError with action `release-shard` when the service says that another consumer owns the shard */
  updateCheckpoint(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<void>;
  /** Whoever owns the shard: only for one that has no checkpoint any more, because its group was deleted. Tries once. */
  restoreCheckpoint(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<void>;
}
