/** Packs records and texts that point to one another close together in the kernel's memory. */
import type { KernelMemory } from './memory.ts';

const WORD_BYTES = 4;

/**
 * @param write called twice: records hold addresses, so the first call only measures
 * @returns the result of the second call
 */
export function writePacked<T>(memory: KernelMemory, write: (packed: Packed) => T): T {
  const sizing = new Packed(memory, undefined);
  write(sizing);
  return write(new Packed(memory, memory.allocate(sizing.byteLength)));
}

export class Packed {
  /** Bytes that were reserved. */
  byteLength = 0;
  readonly #memory: KernelMemory;
  /** Undefined: nothing is written, and addresses have no meaning. */
  readonly #base: number | undefined;

  constructor(memory: KernelMemory, base: number | undefined) {
    this.#memory = memory;
    this.#base = base;
  }

  get isWriting(): boolean {
    return this.#base !== undefined;
  }

  /** @returns the address of a new place, filled with 0 */
  reserve(byteLength: number): number {
    const at = (this.#base ?? 0) + this.byteLength;
    this.byteLength += WORD_BYTES * Math.ceil(byteLength / WORD_BYTES);
    return at;
  }

  /** Writes numbers of 32 bits. */
  words(numbers: readonly number[]): number {
    const at = this.reserve(numbers.length * WORD_BYTES);
    if (this.isWriting) this.#memory.words.set(numbers, at / WORD_BYTES);
    return at;
  }

  bytes(bytes: Uint8Array): number {
    const at = this.reserve(bytes.length);
    if (this.isWriting) this.#memory.bytes.set(bytes, at);
    return at;
  }
}
