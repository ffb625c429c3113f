/**
 * Spans: where the keys and values of fields are in a batch's bytes. They are numbers in one array, reused for each
 * log, and not an object for each field.
 */
import type { ByteSource } from '../../core/byte-source.ts';
import type { FieldChoices } from '../../rules/field-selection.ts';

const NUMBERS_A_FIELD = 4;
const INITIAL_FIELDS = 64;

export class FieldSpans {
  /** For each field: the key's start and end, the value's start and end. */
  offsets = new Uint32Array(INITIAL_FIELDS * NUMBERS_A_FIELD);
  count = 0;
  /** Each field's new name, or undefined where it keeps its own; without selection undefined as a whole. */
  newNames: (ByteSource | undefined)[] | undefined;
  /** Sums over all fields; a new name counts instead of its key. */
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

  /**
   * Copies from other spans those of the fields that are written.
   * @param bytes the bytes that the spans are in
   * @param prefix the beginning of the flattened names
   */
  select({ offsets, count }: FieldSpans, choices: FieldChoices, bytes: Uint8Array, prefix: Uint8Array): void {
    this.clear();
    const newNames: (ByteSource | undefined)[] = [];
    this.newNames = newNames;
    for (let at = 0; at < count * NUMBERS_A_FIELD; at += NUMBERS_A_FIELD) {
      const keyStart = offsets[at]!;
      const keyEnd = offsets[at + 1]!;
      const choice = choices.of(prefix, bytes, keyStart, keyEnd);
      if (choice === 'drop') continue;
      this.add(keyStart, keyEnd, offsets[at + 2]!, offsets[at + 3]!);
      newNames.push(choice === 'keep' ? undefined : choice);
      if (choice !== 'keep') this.keyBytes += choice.bytes.length - (keyEnd - keyStart);
    }
  }

  #grow(): void {
    const grown = new Uint32Array(this.offsets.length * 2);
    grown.set(this.offsets);
    this.offsets = grown;
  }
}
