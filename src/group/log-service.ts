/**
 * The port through which the consumer-group core sees a log service. Nothing here names a vendor.
 *
 * Retries: `listShards`, `getCursor`, `getCursorTime`, `getCheckpoint` and `pull` come back only with a result,
 * with an AppError whose action is not `retry`, or when the signal aborts (they reject with its reason): they
 * retry transient errors for as long as it takes. `heartbeat`, `listCheckpoints` and `updateCheckpoint` try once:
 * their callers have a timer.
 */
import type { BatchBody } from '../encode/bytes.ts';

export type ShardId = number;

/** A position in a shard. Opaque: it can be told equal or not, and nothing else. */
export type Cursor = string;

export interface Shard {
  readonly id: ShardId;
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
  /** Where the body's memory can be used again: it may be, from then on. */
  release?(): void;
}

export interface PullOptions {
  /** 1..1000 */
  readonly maxLogGroups: number;
  /** Stop before this position. */
  readonly endCursor?: Cursor;
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

export interface LogService {
  listShards(signal: AbortSignal): Promise<readonly Shard[]>;
  getCursor(shard: ShardId, position: Position, signal: AbortSignal): Promise<Cursor>;
  /** Unix seconds at which the service received the data at this cursor. */
  getCursorTime(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<number>;
  /**
   * @throws ServiceError with code `invalid-cursor` (action `reject`): the data behind the cursor has expired;
   * with action `release-shard`: the shard is gone. CorruptBatchError: the answer is not worth reading.
   */
  pull(shard: ShardId, cursor: Cursor, options: PullOptions): Promise<PulledBatch>;
  /** Creates the group, or brings an existing one to these settings. */
  ensureConsumerGroup(settings: ConsumerGroupSettings, signal: AbortSignal): Promise<void>;
  /**
   * Joins, or stays in, the group.
   * @param held every shard that this consumer works on or still drains
   * @returns the shards that it is to hold
   * @throws ServiceError with code `consumer-group-not-exist` when somebody deleted the group
   */
  heartbeat(held: readonly ShardId[], signal: AbortSignal): Promise<readonly ShardId[]>;
  getCheckpoint(shard: ShardId, signal: AbortSignal): Promise<Checkpoint>;
  /** Of every shard that has one, in one request. */
  listCheckpoints(signal: AbortSignal): Promise<ReadonlyMap<ShardId, Checkpoint>>;
  /** @throws ServiceError with action `release-shard` when another consumer owns the shard now */
  updateCheckpoint(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<void>;
}
