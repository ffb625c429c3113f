/**
 * Types of the bytes that are handed on: the body of a pull, and a chunk of frames for a sink. Types only, so that the
 * pull and the sink side share nothing else.
 */
import type { CorruptBatchError } from './errors.ts';

export type Compression = 'none' | 'lz4' | 'zstd' | 'deflate';

/** The body of one PullLogs answer, as received. */
export interface BatchBody {
  readonly bytes: Uint8Array;
  readonly compression: Compression;
  /** Size of the LogGroupList in bytes, as the service claims (`x-log-bodyrawsize`). Not to be trusted. */
  readonly rawSize: number;
  /** Number of log groups, as the service claims: a body with fewer is damaged. Absent: not known. */
  readonly logGroups?: number;
  /** The body was not read because of this error: `bytes` is empty, and reading the batch throws the error. */
  readonly refused?: CorruptBatchError;
}

/**
 * Whole frames, ready to be written: a chunk never begins or ends inside a frame.
 *
 * The bytes may be in a pooled buffer: they are valid until `release()`, which the holder of the chunk calls exactly
 * once, after the write's callback (or when it drops the chunk).
 */
export interface FrameChunk {
  readonly bytes: Uint8Array;
  readonly frameCount: number;
  /** Datagrams only: the end offset of each frame in `bytes`; the first `frameCount` are valid. */
  readonly frameEnds?: Uint32Array | undefined;
  release(): void;
}
