/**
 * The byte path's interface: the body of a pull in, chunks of frames out. Pure: no I/O, no clock, no logger.
 *
 * Two implementations: the reference (plain TypeScript, what everybody reads and the tests trust) and the kernel
 * (WebAssembly), held to the reference byte for byte.
 */
import type { BatchBody, FrameChunk } from '../../core/bytes.ts';
import type { BatchOrigin } from '../wire/batch-origin.ts';

export interface BatchEncoder {
  /** Which of the two it is: there are formats that the kernel leaves to the reference. */
  readonly kind: 'kernel' | 'reference';
  /** Of its rules, in their order: what `BatchCounts.droppedBy` counts. Absent: it has none. */
  readonly filterNames?: readonly string[];
  /**
   * Unpacks a body and prepares to encode it.
   * @param origin where it was pulled from; needed where messages carry an identity, and only there
   * @throws CorruptBatchError when the body cannot be unpacked, its size is a lie, or groups are missing. Damage further in is
   * found while encoding, by `next()`.
   */
  begin(body: BatchBody, origin?: BatchOrigin): EncodedBatch;
}

/** One batch on its way through the encoder. Several may be open at once, one a shard. */
export interface EncodedBatch {
  /**
   * Encodes the next slice: some hundred KiB, so that the event loop is free again within about 10 ms. A rejected
   * log ends its slice, which may then be a chunk without a single frame, and so do many dropped ones.
   * @returns undefined when the batch is at its end
   * @throws CorruptBatchError when the bytes are not a LogGroupList
   */
  next(): FrameChunk | undefined;
  /** The logs that were rejected since the last call, in their order; to be asked for after each `next()`. */
  takeRejected(): readonly RejectedLog[];
  /** What has been encoded up to now. */
  readonly counts: BatchCounts;
  /** Gives back what the batch holds; to be called once, also after an error. */
  close(): void;
}

/** A log that no message was made of. */
export interface RejectedLog {
  /** Its place in the batch, as an identity would have it. */
  readonly index: number;
  readonly reason: RejectReason;
  /** A LogGroupList with nothing but this log and what its group says of it (see log-cutter.ts); the caller's to keep. */
  readonly logGroupList: Uint8Array;
  /** What the format threw. It may quote the log: not to be logged as it is. */
  readonly error?: unknown;
}

/**
 * - `oversize`: its message would be over the limit.
 * - `format`: the format, which is code, threw an error over it, or made no text of it.
 * - `poison`: the receiver breaks the connection over its message. No encoder says that.
 */
export type RejectReason = 'oversize' | 'format' | 'poison';

export interface BatchCounts {
  /** Logs that are encoded to their end; rejected ones are not among them. */
  logs: number;
  /** Bytes of the unpacked LogGroupList. */
  rawBytes: number;
  /** Bytes of frames, framing included. */
  frameBytes: number;
  /** Logs whose message was over the limit, and was cut: the rest is not sent. */
  truncated: number;
  /** Logs whose message was over the limit, and goes on in further messages. */
  split: number;
  /** Logs that were rejected. */
  deadLettered: number;
  /** Fields that were written under names of their own, since the service's or another field has theirs. */
  renamedFields: number;
  /** Logs that a filter did not keep: they are not among the others, but have their index. */
  dropped: number;
  /** The same by filter, in the order of `Rules.filters`. */
  droppedBy: readonly number[];
}

/** @param filters how many there are */
export function noCounts(rawBytes: number, filters: number): BatchCounts & { readonly droppedBy: number[] } {
  const droppedBy = Array.from({ length: filters }, () => 0);
  const logs = { logs: 0, truncated: 0, split: 0, deadLettered: 0, dropped: 0 };
  return { ...logs, rawBytes, frameBytes: 0, renamedFields: 0, droppedBy };
}
