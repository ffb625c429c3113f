/**
 * What is known of names, by where they stand: logs bring the same names in the same order, most of the time. A name is
 * compared with the one that stood there before; only another one is asked for.
 */

/** What is kept is bounded: so many places, and names of so many bytes. */
const MAX_PLACES = 256;
const MAX_NAME_BYTES = 255;

export class GuessedAnswers<Answer> {
  readonly #ask: (bytes: Uint8Array, start: number, end: number) => Answer;
  readonly #names: Uint8Array[] = [];
  readonly #answers: Answer[] = [];

  /** @param ask what is known of the name from `start` to `end`: a pure function */
  constructor(ask: (bytes: Uint8Array, start: number, end: number) => Answer) {
    this.#ask = ask;
  }

  /** @param place of the name from `start` to `end`, from 0 */
  of(place: number, bytes: Uint8Array, start: number, end: number): Answer {
    if (place < this.#names.length && isAt(this.#names[place]!, bytes, start, end)) return this.#answers[place]!;
    const answer = this.#ask(bytes, start, end);
    if (place < MAX_PLACES && end - start <= MAX_NAME_BYTES) this.#keep(place, bytes.slice(start, end), answer);
    return answer;
  }

  #keep(place: number, name: Uint8Array, answer: Answer): void {
    // Places that were passed over, their names too long, hold this one until they are asked for.
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
