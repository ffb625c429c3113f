/**
 * Unique names for a large log's fields, the same as those of taken-names.ts, but without keeping the fields: each
 * field is shown to `note` first, and then, from the first on, to `names`, as often as the log is written.
 */
import { latin1 } from '../../rules/field-selection.ts';
import { TakenNames } from './taken-names.ts';
import type { WrittenName, WrittenNames } from './written-names.ts';

const INITIAL_FIELDS = 4_096;

/** A set of names in 256 parts: one set of a million names stops everything for long when it grows. */
class NameSet {
  readonly #sets = Array.from({ length: 256 }, () => new Set<string>());

  has(name: string): boolean {
    return this.#of(name).has(name);
  }

  add(name: string): void {
    this.#of(name).add(name);
  }

  #of(name: string): Set<string> {
    let sum = name.length;
    for (let at = Math.max(0, name.length - 8); at < name.length; at++) sum = (sum * 31 + name.charCodeAt(at)) | 0;
    return this.#sets[sum & 0xff]!;
  }
}

export class LargeNames {
  /** Renamed fields (written-names.ts). */
  renamedFields = 0;
  readonly #names: WrittenNames;
  readonly #natural = new NameSet();
  /** For each written field, by its number: 1 where a field before it has the same name. */
  #isLater = new Uint8Array(INITIAL_FIELDS);
  #count = 0;

  constructor(names: WrittenNames) {
    this.#names = names;
  }

  /** @param name undefined: the field is not written */
  note(name: WrittenName | undefined): void {
    if (name === undefined) return;
    const key = latin1(name.bytes);
    const isLater = this.#natural.has(key);
    if (isLater) this.#noteLater(this.#count);
    else this.#natural.add(key);
    if (isLater || name.attempt > 0) this.renamedFields++;
    this.#count++;
  }

  /** Gives the fields' names, from the first field on; the fields are those that were noted, in their order. */
  names(): { next(name: WrittenName | undefined): WrittenName | undefined } {
    const natural = this.#natural;
    const own = new NameSet();
    const taken = new TakenNames(this.#names, {
      has: (name) => natural.has(name) || own.has(name),
      add: (name) => own.add(name),
    });
    let field = 0;
    return { next: (name) => (name && this.#isLater[field++] === 1 ? taken.nameFor(name) : name) };
  }

  #noteLater(field: number): void {
    if (field >= this.#isLater.length) {
      const larger = new Uint8Array(2 * field);
      larger.set(this.#isLater);
      this.#isLater = larger;
    }
    this.#isLater[field] = 1;
  }
}
