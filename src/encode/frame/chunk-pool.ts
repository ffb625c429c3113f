/**
 * Buffers for chunks of frames, reused once a chunk has been written: in the steady state nothing large is allocated. A
 * buffer of more than the usual size (one huge log) is dropped after use. A chunk that fills little of its buffer is
 * copied to memory of its own: the queue of a slow receiver is bounded in bytes of chunks, and must not hold many times
 * that in buffers.
 */
import type { FrameChunk } from '../../core/bytes.ts';

/** Limit of idle buffers, so that a burst's memory does not stay for ever: 16 × 512 KiB. */
const DEFAULT_MAX_IDLE = 16;
const INITIAL_FRAME_ENDS = 512;
/** A chunk below this share of its buffer is copied. */
const SMALL_SHARE = 1 / 8;

/** A buffer, its two views, and (for datagrams) where its frames end. */
export interface ChunkBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  frameEnds: Uint32Array;
}

export interface ChunkPoolOptions {
  /** Size of a normal buffer. */
  readonly chunkBytes: number;
  readonly maxIdle?: number;
}

export class ChunkPool {
  readonly chunkBytes: number;
  readonly #maxIdle: number;
  readonly #idle: ChunkBuffer[] = [];

  constructor(options: ChunkPoolOptions) {
    this.chunkBytes = options.chunkBytes;
    this.#maxIdle = options.maxIdle ?? DEFAULT_MAX_IDLE;
  }

  /** Takes a buffer of `chunkBytes`, or of exactly `minBytes` where that is more. Its content is undefined. */
  acquire(minBytes = 0): ChunkBuffer {
    if (minBytes > this.chunkBytes) return createBuffer(minBytes);
    return this.#idle.pop() ?? createBuffer(this.chunkBytes);
  }

  /** Takes a buffer back; only a normal one is kept. */
  giveBack(buffer: ChunkBuffer): void {
    if (buffer.bytes.length === this.chunkBytes && this.#idle.length < this.#maxIdle) this.#idle.push(buffer);
  }

  /**
   * The first `byteLength` bytes of a buffer as a chunk; the first call of its `release()` gives the buffer back. A
   * small chunk is a copy, and its buffer is given back at once.
   */
  chunk(buffer: ChunkBuffer, byteLength: number, frameCount: number, withFrameEnds: boolean): FrameChunk {
    const isSmall = byteLength < buffer.bytes.length * SMALL_SHARE;
    if (isSmall) return this.#copy(buffer, byteLength, frameCount, withFrameEnds);
    let held: ChunkBuffer | undefined = buffer;
    return {
      bytes: buffer.bytes.subarray(0, byteLength),
      frameCount,
      frameEnds: withFrameEnds ? buffer.frameEnds : undefined,
      release: () => {
        if (held === undefined) return;
        this.giveBack(held);
        held = undefined;
      },
    };
  }

  #copy(buffer: ChunkBuffer, byteLength: number, frameCount: number, withFrameEnds: boolean): FrameChunk {
    const bytes = buffer.bytes.slice(0, byteLength);
    const frameEnds = withFrameEnds && { frameEnds: buffer.frameEnds.slice(0, frameCount) };
    this.giveBack(buffer);
    return { bytes, frameCount, ...frameEnds, release: () => undefined };
  }

  get idleCount(): number {
    return this.#idle.length;
  }
}

/** Stores where a frame ends; the array grows as needed and stays with its buffer. */
export function addFrameEnd(buffer: ChunkBuffer, index: number, end: number): void {
  if (index === buffer.frameEnds.length) {
    const grown = new Uint32Array(index * 2);
    grown.set(buffer.frameEnds);
    buffer.frameEnds = grown;
  }
  buffer.frameEnds[index] = end;
}

function createBuffer(byteLength: number): ChunkBuffer {
  // Memory of its own, not zeroed: every byte is written before it is handed on.
  const memory = Buffer.allocUnsafeSlow(byteLength).buffer;
  return {
    bytes: new Uint8Array(memory),
    view: new DataView(memory),
    frameEnds: new Uint32Array(INITIAL_FRAME_ENDS),
  };
}
