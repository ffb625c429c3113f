/**
 * The byte path's interface: the body of a pull in, chunks of frames out. Pure: no I/O, no clock, no logger.
 *
 * Two implementations: the reference (plain TypeScript, what everybody reads and the tests trust) and, later,
 * the kernel (WebAssembly), held to the reference byte for byte.
 */
import type { BatchBody, FrameChunk } from './bytes.ts';
import type { BatchOrigin } from './identity.ts';

export interface BatchEncoder {
  /**
   * Unpacks a body and prepares to encode it.
   * @param origin where it was pulled from; needed where messages carry an identity, and only there
   * @throws CorruptBatchError when the body cannot be unpacked or its size is a lie. Damage further in is
   * found while encoding, by `next()`.
   */
  begin(body: BatchBody, origin?: BatchOrigin): EncodedBatch;
}

/** One batch on its way through the encoder. Several may be open at once, one a shard. */
export interface EncodedBatch {
  /**
   * Encodes the next slice: some hundred KiB, so that the event loop is free again within about 10 ms.
   * @returns undefined when the batch is at its end
   * @throws CorruptBatchError when the bytes are not a LogGroupList
   */
  next(): FrameChunk | undefined;
  /** What has been encoded up to now. */
  readonly counts: BatchCounts;
  /** Gives back what the batch holds; to be called once, also after an error. */
  close(): void;
}

export interface BatchCounts {
  /** Logs that are encoded to their end. */
  logs: number;
  /** Bytes of the unpacked LogGroupList. */
  rawBytes: number;
  /** Bytes of frames, framing included. */
  frameBytes: number;
  /** Logs whose message was over the limit, and was cut: the rest is not sent. */
  truncated: number;
  /** Logs whose message was over the limit, and goes on in further messages. */
  split: number;
}
