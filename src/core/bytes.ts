/**
 * The two shapes in which bytes are handed on: what a pull brings, and what a sink is given.
 * Types only, so that whoever pulls and whoever writes can share them and know nothing else of each other.
 */
import type { CorruptBatchError } from './errors.ts';

export type Compression = 'none' | 'lz4' | 'zstd' | 'deflate';

/** The body of one PullLogs answer, as it came over the wire. */
export interface BatchBody {
  readonly bytes: Uint8Array;
  readonly compression: Compression;
  /** `x-log-bodyrawsize`: size of the LogGroupList in bytes, as the service claims it. Not to be trusted. */
  readonly rawSize: number;
  /** How many log groups it holds, as the service claims it: with fewer it is damaged. Absent: not known. */
  readonly logGroups?: number;
  /** The answer was not worth reading, for this reason: there are no bytes, and whoever asks for them throws it. */
  readonly refused?: CorruptBatchError;
}

/**
 * Whole frames, ready to be written: a chunk never begins or ends inside a frame.
 *
 * The bytes may live in a pooled buffer: they are valid until `release()`, which whoever holds the chunk
 * calls exactly once, when the write's callback has come (or the chunk is given up).
 */
export interface FrameChunk {
  readonly bytes: Uint8Array;
  readonly frameCount: number;
  /**
   * Datagrams only: the end offset of each frame in `bytes`, `frameCount` of them valid. A stream's frames
   * carry their own length.
   */
  readonly frameEnds?: Uint32Array | undefined;
  release(): void;
}
