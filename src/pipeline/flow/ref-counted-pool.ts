/** Things that several users have together: made for the first of them, and over with the last. */
import { isDeepStrictEqual } from 'node:util';

interface Entry<T> {
  readonly compared: unknown;
  readonly value: T;
  users: number;
}

export class RefCountedPool<K, T> {
  readonly #create: (key: K) => T;
  readonly #comparedOf: (key: K) => unknown;
  readonly #entries: Entry<T>[] = [];

  /**
   * @param create its errors are thrown by `take`
   * @param comparedOf what of a key is compared
   */
  constructor(create: (key: K) => T, comparedOf: (key: K) => unknown = (key) => key) {
    this.#create = create;
    this.#comparedOf = comparedOf;
  }

  get all(): readonly T[] {
    return this.#entries.map(({ value }) => value);
  }

  /** The one whose key has the same content. To be released once for each call. */
  take(key: K): T {
    const compared = this.#comparedOf(key);
    let entry = this.#entries.find((each) => isDeepStrictEqual(each.compared, compared));
    if (!entry) {
      entry = { compared, value: this.#create(key), users: 0 };
      this.#entries.push(entry);
    }
    entry.users++;
    return entry.value;
  }

  /** @returns whether that was the last user: whatever has to be closed is to be closed now */
  release(value: T): boolean {
    const at = this.#entries.findIndex((each) => each.value === value);
    const entry = this.#entries[at];
    if (!entry) return false;
    entry.users--;
    if (entry.users === 0) this.#entries.splice(at, 1);
    return entry.users === 0;
  }
}
