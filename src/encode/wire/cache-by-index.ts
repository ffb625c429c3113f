/**
 * Keeps the answers for names by place: most logs have the same names in the same order. A name is compared with the
 * last one in its place, and asked for only where it differs.
 */

/** Bounds of what is kept: places, and bytes of a name. */
const MAX_INDEXES = 256;
const MAX_NAME_BYTES = 255;

export class CacheByIndex<Answer> {
  readonly #ask: (bytes: Uint8Array, start: number, end: number) => Answer;
  readonly #names: Uint8Array[] = [];
  readonly #values: Answer[] = [];

  /** @param ask a pure function: the answer for the name from `start` to `end` */
  constructor(ask: (bytes: Uint8Array, start: number, end: number) => Answer) {
    this.#ask = ask;
  }

  /** @param index the place in its log, from 0, of the name from `start` to `end` */
  of(index: number, bytes: Uint8Array, start: number, end: number): Answer {
    if (index < this.#names.length && isAt(this.#names[index]!, bytes, start, end)) return this.#values[index]!;
    const answer = this.#ask(bytes, start, end);
    if (index < MAX_INDEXES && end - start <= MAX_NAME_BYTES) this.#keep(index, bytes.slice(start, end), answer);
    return answer;
  }

  #keep(index: number, name: Uint8Array, answer: Answer): void {
    // Places that were passed over, as their names are too long, hold this name for now.
    for (let each = Math.min(index, this.#names.length); each < index; each++) {
      this.#names.push(name);
      this.#values.push(answer);
    }
    this.#names[index] = name;
    this.#values[index] = answer;
  }
}

function isAt(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) if (name[index] !== bytes[start + index]) return false;
  return true;
}
