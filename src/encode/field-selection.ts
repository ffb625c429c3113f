/**
 * Which of a log's fields are written, and under which names. Both encoders ask for each name once, or once in a
 * while, and keep the answer.
 *
 * A field goes by its flattened name, unescaped: `__topic__`, `__source__`, `__time_ns_part__`, `__tag__:<key>` or
 * `<key>`. What is renamed gets the new name as a whole: a tag loses its `__tag__:`.
 */
import { type ByteSource, byteSource } from './output.ts';

/** `keep`, `drop`, or the new name, unescaped: it is escaped as a key. */
export type FieldChoice = 'keep' | 'drop' | Uint8Array;

/** A pure function of the name; whatever it returns is not changed afterwards. */
export type FieldSelection = (name: Uint8Array) => FieldChoice;

export const TOPIC_NAME = ascii('__topic__');
export const SOURCE_NAME = ascii('__source__');
export const TIME_NS_NAME = ascii('__time_ns_part__');
export const TAG_PREFIX = ascii('__tag__:');

/** A batch may have any number of names: what is kept is bounded. */
const MAX_KEPT_NAMES = 4096;
/** One that is longer is asked for each time. */
const MAX_KEPT_NAME_BYTES = 255;

/** Answers that are kept. */
export class FieldChoices {
  readonly #select: FieldSelection;
  readonly #kept = new Map<string, 'keep' | 'drop' | ByteSource>();

  constructor(select: FieldSelection) {
    this.#select = select;
  }

  /** @param prefix what the flattened name begins with, before the bytes from `start` to `end` */
  choose(prefix: Uint8Array, bytes: Uint8Array, start: number, end: number): 'keep' | 'drop' | ByteSource {
    const name = flattenedName(prefix, bytes.subarray(start, end));
    if (name.length > MAX_KEPT_NAME_BYTES) return this.#ask(name);
    const key = Buffer.from(name.buffer).toString('latin1');
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const choice = this.#ask(name);
    if (this.#kept.size === MAX_KEPT_NAMES) this.#kept.clear();
    this.#kept.set(key, choice);
    return choice;
  }

  #ask(name: Uint8Array): 'keep' | 'drop' | ByteSource {
    const choice = this.#select(name);
    return typeof choice === 'string' ? choice : byteSource(choice);
  }
}

/** @returns memory of its own */
export function flattenedName(prefix: Uint8Array, key: Uint8Array): Uint8Array {
  const name = new Uint8Array(prefix.length + key.length);
  name.set(prefix);
  name.set(key, prefix.length);
  return name;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
