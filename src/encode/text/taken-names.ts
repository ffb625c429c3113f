/** The names that a log's fields have taken: no two fields get the same name. */
import { latin1 } from '../../rules/field-selection.ts';
import type { WrittenName, WrittenNames } from './written-names.ts';

export class TakenNames {
  readonly #names: WrittenNames;
  readonly #taken: { has(name: string): boolean; add(name: string): unknown };
  /** The last number tried for each natural name: a log may have one name any number of times. */
  readonly #tried = new Map<string, number>();

  /** @param taken the names that are already taken */
  constructor(
    names: WrittenNames,
    taken: { has(name: string): boolean; add(name: string): unknown } = new Set<string>(),
  ) {
    this.#names = names;
    this.#taken = taken;
  }

  /**
   * @param name latin1
   * @returns false where another field has the name
   */
  take(name: string): boolean {
    if (this.#taken.has(name)) return false;
    this.#taken.add(name);
    return true;
  }

  /** Another name for a field whose name is taken. */
  nameFor({ natural, attempt }: WrittenName): WrittenName {
    const key = latin1(natural);
    let name = this.#names.renamed(natural, (this.#tried.get(key) ?? attempt) + 1);
    while (!this.take(latin1(name.bytes))) name = this.#names.renamed(natural, name.attempt + 1);
    this.#tried.set(key, name.attempt);
    return name;
  }
}
