/** What a connection's end has to send: what is not acknowledged, what may be sent, and our FIN, which takes a number. */
import { ByteQueue } from './byte-queue.ts';

const mostSegmentBytes = 65_536;

export interface Part {
  readonly seq: number;
  readonly bytes: number;
  readonly fin: boolean;
}

export class SendWindow {
  readonly #capacity: number;
  readonly #bytes = new ByteQueue();
  #unacknowledged = 0;
  #next = 0;
  /** The end of all that was ever sent. */
  #sent = 0;
  /** Where the peer's window ends. */
  #limit = 0;
  #finSeq = Number.POSITIVE_INFINITY;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Written, and not acknowledged. */
  get length(): number {
    return this.#bytes.length;
  }

  get room(): number {
    return this.#capacity - this.#bytes.length;
  }

  /** As the kernel has it: a third of the buffer is free. */
  get hasRoom(): boolean {
    return this.room * 3 >= this.#capacity;
  }

  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  get next(): number {
    return this.#next;
  }

  get sent(): number {
    return this.#sent;
  }

  get limit(): number {
    return this.#limit;
  }

  get isInFlight(): boolean {
    return this.#unacknowledged < this.#sent;
  }

  get hasUnsent(): boolean {
    return this.#next < this.#end;
  }

  get isShut(): boolean {
    return this.#limit <= this.#next;
  }

  get hasFin(): boolean {
    return this.#finSeq < Number.POSITIVE_INFINITY;
  }

  /** Those that there is room for; they are copied. */
  write(chunks: readonly Uint8Array[], taken: number): void {
    const copy = Buffer.allocUnsafe(taken);
    let at = 0;
    for (const chunk of chunks) {
      copy.set(chunk.length <= taken - at ? chunk : chunk.subarray(0, taken - at), at);
      at += Math.min(chunk.length, taken - at);
    }
    this.#bytes.push(copy);
  }

  finish(): void {
    this.#finSeq = this.#end;
  }

  open(limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
  }

  /** @returns whether our FIN is acknowledged with it */
  acknowledge(ack: number): boolean {
    const isFin = ack > this.#finSeq;
    this.#bytes.drop(ack - this.#unacknowledged - (isFin ? 1 : 0));
    this.#unacknowledged = ack;
    this.#next = Math.max(this.#next, ack);
    return isFin;
  }

  /** What may be sent now, which is then. */
  take(): Part | undefined {
    const seq = this.#next;
    const bytes = Math.max(0, Math.min(this.#end, this.#limit, seq + mostSegmentBytes) - seq);
    const fin = seq + bytes === this.#finSeq;
    if (bytes === 0 && !fin) return undefined;
    this.#next = seq + bytes + (fin ? 1 : 0);
    this.#sent = Math.max(this.#sent, this.#next);
    return { seq, bytes, fin };
  }

  /** All that is not acknowledged is to be sent again. */
  rewind(): void {
    this.#next = this.#unacknowledged;
  }

  slices({ seq, bytes }: Part): Buffer[] {
    return bytes > 0 ? this.#bytes.slices(seq - this.#unacknowledged, bytes) : [];
  }

  clear(): void {
    this.#bytes.clear();
  }

  get #end(): number {
    return this.#unacknowledged + this.#bytes.length;
  }
}
