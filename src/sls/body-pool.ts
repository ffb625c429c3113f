/**
 * Buffers for the bodies of pulls, reused when a batch is done. Allocated anew for each pull, they would be half a
 * gigabyte of garbage a second, which is collected only with long-lived objects: with many shards, this costs half as
 * much as all else together.
 */
export interface PooledBody {
  readonly bytes: Buffer;
  /** Gives the buffer back: its bytes may be overwritten from then on. Without effect the second time. */
  release(): void;
}

/** Smaller buffers are allocated anew. */
const minBytes = 64 * 1024;
/** Bytes of unused buffers that are kept at most. */
const maxIdleBytes = 16 * 1024 * 1024;

export class BodyPool {
  readonly #idle: Buffer[] = [];
  #idleBytes = 0;

  /** @returns memory whose content is undefined */
  take(byteLength: number): PooledBody {
    if (byteLength < minBytes) return { bytes: Buffer.allocUnsafe(byteLength), release: () => undefined };
    const memory = this.#find(byteLength) ?? Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(byteLength)));
    let isHeld = true;
    return {
      bytes: memory.subarray(0, byteLength),
      release: () => {
        if (isHeld) this.#give(memory);
        isHeld = false;
      },
    };
  }

  /** The buffer that was given back last: the likeliest to be in the processor's cache. */
  #find(byteLength: number): Buffer | undefined {
    const index = this.#idle.findLastIndex((memory) => memory.length >= byteLength);
    const [found] = index < 0 ? [] : this.#idle.splice(index, 1);
    this.#idleBytes -= found?.length ?? 0;
    return found;
  }

  #give(memory: Buffer): void {
    if (this.#idleBytes + memory.length > maxIdleBytes) return;
    this.#idle.push(memory);
    this.#idleBytes += memory.length;
  }
}
