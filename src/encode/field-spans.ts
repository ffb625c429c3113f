/**
 * Where the keys and values of some fields lie in a batch: numbers in one array, used again for each log, instead
 * of an object a field.
 */
const NUMBERS_A_FIELD = 4;
const INITIAL_FIELDS = 64;

export class FieldSpans {
  /** For each field: the key's start and end, the value's start and end. */
  offsets = new Uint32Array(INITIAL_FIELDS * NUMBERS_A_FIELD);
  count = 0;
  /** Sums over all fields. */
  keyBytes = 0;
  valueBytes = 0;

  clear(): void {
    this.count = 0;
    this.keyBytes = 0;
    this.valueBytes = 0;
  }

  add(keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.count * NUMBERS_A_FIELD;
    if (at === this.offsets.length) this.#grow();
    const { offsets } = this;
    offsets[at] = keyStart;
    offsets[at + 1] = keyEnd;
    offsets[at + 2] = valueStart;
    offsets[at + 3] = valueEnd;
    this.count++;
    this.keyBytes += keyEnd - keyStart;
    this.valueBytes += valueEnd - valueStart;
  }

  #grow(): void {
    const grown = new Uint32Array(this.offsets.length * 2);
    grown.set(this.offsets);
    this.offsets = grown;
  }
}
