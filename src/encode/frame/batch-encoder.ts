/**
 * The interface of an encoder: the body of a pull in, chunks of frames out. Pure: no I/O, no clock, no logger.
 *
 * Two encoders implement this interface: the reference (plain TypeScript, easy to read, and what tests trust) and the
 * kernel (WebAssembly), which has to write the same bytes.
 */
import type { BatchBody, FrameChunk } from '../../core/bytes.ts';
import type { BatchOrigin } from '../wire/batch-origin.ts';

export interface BatchEncoder {
  /** Which encoder this is: some formats are left to the reference. */
  readonly kind: 'kernel' | 'reference';
  /** Names of the rules' filters, in the order of `BatchCounts.droppedBy`. Absent: there are no rules. */
  readonly filterNames?: readonly string[];
  /**
   * Unpacks a body and prepares to encode it.
   * @param origin where the body was pulled from; needed only where messages carry an identity
   * @throws CorruptBatchError: the body cannot be unpacked, its size is wrong, or groups are missing. `next()` throws
   * it for damage further in.
   */
  begin(body: BatchBody, origin?: BatchOrigin): EncodedBatch;
}

/** One batch that is being encoded. Several may be open at once, one for each shard. */
export interface EncodedBatch {
  /**
   * Encodes the next slice: some hundred KiB, so that the event loop can run within about 10 ms. A rejected log ends
   * its slice, and so do many dropped logs: the chunk may then have no frames.
   * @returns undefined when the batch is at its end
   * @throws CorruptBatchError when the bytes are not a LogGroupList
   */
  next(): FrameChunk | undefined;
  /** The logs that were rejected since the last call, in their order; call it after each `next()`. */
  takeRejected(): readonly RejectedLog[];
  /** Counts of what has been encoded up to now. */
  readonly counts: BatchCounts;
  /** Gives back what the batch holds; call it once, also after an error. */
  close(): void;
}

/** A log that is not sent, but handed to the caller. */
export interface RejectedLog {
  /** The log's place in the batch, as in an identity. */
  readonly index: number;
  readonly reason: RejectReason;
  /** A LogGroupList with only this log and its group's own fields (see log-cutter.ts); the caller may keep it. */
  readonly logGroupList: Uint8Array;
  /** What the format threw. Do not log it as it is: it may quote the log. */
  readonly error?: unknown;
}

/**
 * - `oversize`: the message would be over the limit.
 * - `format`: the format, which is code, threw an error, or made no text.
 * - `poison`: the receiver breaks the connection over the message; no encoder finds that.
 * - `refused`: the receiver says that it does not take the message; no encoder finds that.
 */
export type RejectReason = 'oversize' | 'format' | 'poison' | 'refused';

export interface BatchCounts {
  /** Logs that are encoded to their end, without rejected ones. */
  logs: number;
  /** Bytes of the unpacked LogGroupList. */
  rawBytes: number;
  /** Bytes of frames, framing included. */
  frameBytes: number;
  /** Logs whose message was over the limit, and was cut: the rest is not sent. */
  truncated: number;
  /** Logs whose message was over the limit, and was split into several. */
  split: number;
  /** Logs that were rejected. */
  deadLettered: number;
  /** Renamed fields: their names were taken by one of the service's fields, or by another field (written-names.ts). */
  renamedFields: number;
  /** Logs that a filter dropped; they are not among the logs of other counts, but have their index. */
  dropped: number;
  /** Dropped logs by filter, in the order of `Rules.filters`. */
  droppedBy: readonly number[];
}

/** @param filters the number of filters */
export function noCounts(rawBytes: number, filters: number): BatchCounts & { readonly droppedBy: number[] } {
  const droppedBy = Array.from({ length: filters }, () => 0);
  const logs = { logs: 0, truncated: 0, split: 0, deadLettered: 0, dropped: 0 };
  return { ...logs, rawBytes, frameBytes: 0, renamedFields: 0, droppedBy };
}
