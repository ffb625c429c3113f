/** The fields that rules, a mapping or the header name, each with a number; see assembly/columns.ts. */
import { latin1 } from '../encode/field-selection.ts';

/** Of a field that nothing names. */
export const NO_COLUMN = 0xffff_ffff;
export const COLUMN_BYTES = 16;

export class Columns {
  /** By the flattened name in latin1. */
  readonly #numbers = new Map<string, number>();

  /** The same each time; a new one for a field that has none. */
  add(field: Uint8Array): number {
    const name = latin1(field);
    const number = this.#numbers.get(name) ?? this.#numbers.size;
    this.#numbers.set(name, number);
    return number;
  }

  find(field: Uint8Array): number {
    return this.#numbers.get(latin1(field)) ?? NO_COLUMN;
  }

  get count(): number {
    return this.#numbers.size;
  }
}
