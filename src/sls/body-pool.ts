/**
 * Memory for the bodies of pulls, used again when a batch is done with. Made anew for each, they would be garbage of
 * half a gigabyte a second that waits for its turn among the objects that live long: with many shards, collecting it
 * costs half as much as everything else together.
 */
export interface PooledBody {
  readonly bytes: Buffer;
  /** The bytes are somebody else's from then on. Without effect the second time. */
  release(): void;
}

/** Smaller ones are made anew. */
const minBytes = 64 * 1024;
/** What is kept while nobody needs it. */
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

  /** The last one that was given back: the likeliest to be in the processor's cache. */
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
