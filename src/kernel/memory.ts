/**
 * Hands out the kernel's memory in regions. The memory never shrinks, so slots that are given back are handed out
 * again; pages that were never touched cost nothing.
 */
import { PADDING } from './interface/sizes.ts';

/** 2 GiB less a page: addresses have 31 bits. */
const MAX_BYTES = 2 ** 31 - 2 ** 16;
const PAGE_BYTES = 2 ** 16;
const ALIGNMENT = 64;
/** Keeps addresses from being 0 or 1, which have other meanings. */
const FIRST_ADDRESS = 1024;
const MIN_SLOT_BYTES = 2 ** 16;

export interface Slot {
  readonly at: number;
  readonly capacity: number;
}

export class KernelMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #free: Slot[] = [];
  #end = FIRST_ADDRESS;
  /** Views of all memory, replaced when it grows: never keep them. */
  bytes: Uint8Array;
  words: Uint32Array;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
  }

  /**
   * Allocates a region for good, filled with 0.
   * @throws RangeError when there is no memory left
   */
  allocate(byteLength: number): number {
    const at = this.#end;
    const end = Math.ceil((at + byteLength + PADDING) / ALIGNMENT) * ALIGNMENT;
    if (end > MAX_BYTES) throw new RangeError(`the kernel's memory cannot hold ${byteLength} bytes more`);
    if (end > this.bytes.length) {
      this.#memory.grow(Math.ceil((end - this.bytes.length) / PAGE_BYTES));
      this.bytes = new Uint8Array(this.#memory.buffer);
      this.words = new Uint32Array(this.#memory.buffer);
    }
    this.#end = end;
    return at;
  }

  /** Allocates a region for good that holds a copy. */
  store(bytes: Uint8Array): number {
    const at = this.allocate(bytes.length);
    this.bytes.set(bytes, at);
    return at;
  }

  /**
   * Takes a region of at least so many bytes, to be given back; its content is undefined.
   * @throws RangeError when there is no memory left
   */
  take(byteLength: number): Slot {
    let best: Slot | undefined;
    // Among equal slots, the one given back last is the likeliest to be in the processor's cache.
    for (const slot of this.#free) {
      if (slot.capacity >= byteLength && slot.capacity <= (best?.capacity ?? slot.capacity)) best = slot;
    }
    if (best === undefined) {
      const capacity = Math.max(MIN_SLOT_BYTES, 2 ** Math.ceil(Math.log2(byteLength)));
      return { at: this.allocate(capacity), capacity };
    }
    this.#free.splice(this.#free.indexOf(best), 1);
    return best;
  }

  give(slot: Slot): void {
    this.#free.push(slot);
  }
}
