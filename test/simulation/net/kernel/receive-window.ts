/** What a connection's end has received, and how much more it has room for. */
import { ByteQueue } from './byte-queue.ts';
import type { Segment } from './segment.ts';

export class ReceiveWindow {
  readonly #capacity: number;
  readonly #bytes = new ByteQueue();
  #expected = 0;
  /** Where the window ends that was announced: it never goes back. */
  #limit = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Not read by the process. */
  get length(): number {
    return this.#bytes.length;
  }

  /** The next number. */
  get expected(): number {
    return this.#expected;
  }

  /** How many bytes of a segment are new, and have room; 0 behind a gap. */
  fresh({ seq, bytes }: Segment): number {
    const skip = this.#expected - seq;
    return skip < 0 ? 0 : Math.max(0, Math.min(bytes - skip, this.#capacity - this.#bytes.length));
  }

  accept(segment: Segment, fresh: number): void {
    let skip = this.#expected - segment.seq;
    let left = fresh;
    for (const chunk of segment.data) {
      const part = chunk.subarray(skip, skip + left);
      skip = Math.max(0, skip - chunk.length);
      left -= part.length;
      this.#bytes.push(part);
    }
    this.#expected += fresh;
  }

  acceptFin(): void {
    this.#expected++;
  }

  take(mostBytes: number): Buffer {
    return this.#bytes.take(mostBytes);
  }

  /** It has grown so much that the peer should hear of it. */
  get hasGrown(): boolean {
    const left = this.#limit - this.#expected;
    return this.#capacity - this.#bytes.length >= 2 * left && 2 * left <= this.#capacity;
  }

  /** What is announced with a segment. A window that is hardly worth one is none. */
  announce(): number {
    const room = this.#capacity - this.#bytes.length;
    this.#limit = Math.max(this.#limit, this.#expected + (room * 16 < this.#capacity ? 0 : room));
    return this.#limit - this.#expected;
  }
}
