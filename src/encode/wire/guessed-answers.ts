/**
 * Keeps the answers for names by place: most logs have the same names in the same order. A name is compared with the
 * last one in its place, and asked for only where it differs.
 */

/** Bounds of what is kept: places, and bytes of a name. */
const MAX_PLACES = 256;
const MAX_NAME_BYTES = 255;

export class GuessedAnswers<Answer> {
  readonly #ask: (bytes: Uint8Array, start: number, end: number) => Answer;
  readonly #names: Uint8Array[] = [];
  readonly #answers: Answer[] = [];

  /** @param ask a pure function: the answer for the name from `start` to `end` */
  constructor(ask: (bytes: Uint8Array, start: number, end: number) => Answer) {
    this.#ask = ask;
  }

  /** @param place the place in its log, from 0, of the name from `start` to `end` */
  of(place: number, bytes: Uint8Array, start: number, end: number): Answer {
    if (place < this.#names.length && isAt(this.#names[place]!, bytes, start, end)) return this.#answers[place]!;
    const answer = this.#ask(bytes, start, end);
    if (place < MAX_PLACES && end - start <= MAX_NAME_BYTES) this.#keep(place, bytes.slice(start, end), answer);
    return answer;
  }

  #keep(place: number, name: Uint8Array, answer: Answer): void {
    // Places that were passed over, as their names are too long, hold this name for now.
    for (let each = Math.min(place, this.#names.length); each < place; each++) {
      this.#names.push(name);
      this.#answers.push(answer);
    }
    this.#names[place] = name;
    this.#answers[place] = answer;
  }
}

function isAt(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) if (name[index] !== bytes[start + index]) return false;
  return true;
}
