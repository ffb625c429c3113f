/**
 * The names that fields are given by a selection, escaped, in the kernel's memory, where the kernel is told their
 * addresses:
 *
 *     u32  where the name begins
 *     u32  where it ends
 *     …    the name
 *
 * A batch may bring any number of names, so the region is bounded. When it is full, whoever holds addresses has to
 * forget them all, and ask again.
 */
import type { CompiledRow } from '../encode/compiled-row.ts';
import { escapedKey } from '../encode/compiled-row.ts';
import { type FieldSelection, flattenedName, TAG_PREFIX } from '../encode/field-selection.ts';
import type { KernelMemory } from './memory.ts';

/** What `chooseName` answers beside addresses; as in assembly/names.ts. */
export const KEPT = 0;
export const DROPPED = 1;

/** More than the fields of a chunk have names, most of the time. */
const CAPACITY_BYTES = 1 << 20;
const PLACE_BYTES = 8;
const NO_PREFIX = new Uint8Array(0);

export class NamesFullError extends RangeError {}

export class NewNames {
  readonly #memory: KernelMemory;
  readonly #row: CompiledRow;
  readonly #select: FieldSelection;
  readonly #at: number;
  #used = 0;
  /** By the new name: many fields may be given the same one. */
  readonly #addresses = new Map<string, number>();

  constructor(memory: KernelMemory, row: CompiledRow, select: FieldSelection) {
    this.#memory = memory;
    this.#row = row;
    this.#select = select;
    this.#at = memory.allocate(CAPACITY_BYTES);
  }

  /**
   * @param from, end where the key lies in the kernel's memory; a tag's without its prefix
   * @returns KEPT, DROPPED or an address
   * @throws NamesFullError
   */
  choose(from: number, end: number, isTag: boolean): number {
    const key = this.#memory.bytes.subarray(from, end);
    const choice = this.#select(flattenedName(isTag ? TAG_PREFIX : NO_PREFIX, key));
    if (choice === 'keep') return KEPT;
    if (choice === 'drop') return DROPPED;
    const id = Buffer.from(choice.buffer, choice.byteOffset, choice.length).toString('latin1');
    const known = this.#addresses.get(id);
    if (known !== undefined) return known;
    const address = this.#store(escapedKey(choice, this.#row.keyEscape));
    this.#addresses.set(id, address);
    return address;
  }

  /** Every address that was handed out is void. */
  forget(): void {
    this.#used = 0;
    this.#addresses.clear();
  }

  #store(name: Uint8Array): number {
    const { bytes, words } = this.#memory;
    const address = this.#at + this.#used;
    const neededBytes = PLACE_BYTES + 4 * Math.ceil(name.length / 4);
    if (this.#used + neededBytes > CAPACITY_BYTES) {
      throw new NamesFullError(`new names of fields take more than ${CAPACITY_BYTES} bytes`);
    }
    this.#used += neededBytes;
    words[address / 4] = address + PLACE_BYTES;
    words[address / 4 + 1] = address + PLACE_BYTES + name.length;
    bytes.set(name, address + PLACE_BYTES);
    return address;
  }
}
