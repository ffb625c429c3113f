/**
 * Buffers for chunks of frames, used again once a chunk has been written: the steady state allocates nothing of
 * size. A buffer that had to be larger than usual (one huge log) is dropped after use, not kept. A chunk that fills
 * little of its buffer is moved to memory of its own: what queues before a slow receiver is bounded in bytes of
 * chunks, and must not hold many times that in buffers.
 */
import type { FrameChunk } from '../../core/bytes.ts';

/** Keeps the memory of a burst from staying for ever: 16 × 512 KiB. */
const DEFAULT_MAX_IDLE = 16;
const INITIAL_FRAME_ENDS = 512;
/** A chunk below this share of its buffer is moved. */
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

  /** A buffer of a normal chunk's size, or of exactly `minBytes` where that is more. Its content is undefined. */
  acquire(minBytes = 0): ChunkBuffer {
    if (minBytes > this.chunkBytes) return createBuffer(minBytes);
    return this.#idle.pop() ?? createBuffer(this.chunkBytes);
  }

  /** Takes a buffer back that no chunk was made of. */
  giveBack(buffer: ChunkBuffer): void {
    if (buffer.bytes.length === this.chunkBytes && this.#idle.length < this.#maxIdle) this.#idle.push(buffer);
  }

  /**
   * The first `byteLength` bytes of a buffer as a chunk; its `release()` gives the buffer back, the first time it
   * is called and never again. A small one is a copy, and the buffer is given back at once.
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

/** Notes where a frame ends; the array grows as needed and stays with its buffer. */
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
