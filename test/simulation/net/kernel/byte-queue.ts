/**
 * Bytes in the order in which they came, as the buffers that brought them: nothing is copied but where somebody reads
 * across the border of two.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
  /** Of the first chunk, those that are gone. */
  #offset = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Up to so many bytes, which are gone then. */
  take(most: number): Buffer {
    const length = Math.min(most, this.#length);
    const parts = this.slices(0, length);
    this.drop(length);
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, length);
  }

  /** The bytes from `start` on, which stay. */
  slices(start: number, length: number): Buffer[] {
    const parts: Buffer[] = [];
    let at = start + this.#offset;
    let left = length;
    for (const chunk of this.#chunks) {
      if (left === 0) break;
      if (at >= chunk.length) {
        at -= chunk.length;
        continue;
      }
      const part = at === 0 && left >= chunk.length ? chunk : chunk.subarray(at, at + left);
      parts.push(part);
      left -= part.length;
      at = 0;
    }
    return parts;
  }

  drop(length: number): void {
    this.#length -= length;
    let at = length + this.#offset;
    let gone = 0;
    while (gone < this.#chunks.length && at >= (this.#chunks[gone] as Buffer).length) {
      at -= (this.#chunks[gone] as Buffer).length;
      gone++;
    }
    if (gone > 0) this.#chunks.splice(0, gone);
    this.#offset = at;
  }

  clear(): void {
    this.#chunks = [];
    this.#offset = 0;
    this.#length = 0;
  }
}
