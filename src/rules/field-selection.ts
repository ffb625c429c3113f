/**
 * Which of a log's fields are written, and under which names. Both encoders cache the choice for each name.
 *
 * A field is known by its flattened name, unescaped: `__topic__`, `__source__`, `__time_ns_part__`, `__tag__:<key>` or
 * `<key>`. A new name replaces the whole flattened name: a renamed tag loses its `__tag__:`.
 */
import { type ByteSource, byteSource } from '../core/byte-source.ts';

/** `keep`, `drop`, or the new name, unescaped. */
export type FieldChoice = 'keep' | 'drop' | Uint8Array;

/** A pure function of the name; a returned name must not be changed afterwards. */
export type FieldSelection = (name: Uint8Array) => FieldChoice;

export const TOPIC_NAME = ascii('__topic__');
export const SOURCE_NAME = ascii('__source__');
export const TIME_NS_NAME = ascii('__time_ns_part__');
export const TAG_PREFIX = ascii('__tag__:');

/** Names in the cache at most: batches may have any number. */
const MAX_KEPT_NAMES = 4096;
/** Longer names are not cached. */
const MAX_KEPT_NAME_BYTES = 255;

/** Caches the answers of a pure function of names. */
export class NameCache<Answer> {
  readonly #ask: (name: Uint8Array) => Answer;
  readonly #kept = new Map<string, Answer>();

  /** @param ask may keep the name */
  constructor(ask: (name: Uint8Array) => Answer) {
    this.#ask = ask;
  }

  /** @param prefix the beginning of the flattened name, before the bytes from `start` to `end` */
  of(prefix: Uint8Array, bytes: Uint8Array, start: number, end: number): Answer {
    const name = flattenedName(prefix, bytes.subarray(start, end));
    if (name.length > MAX_KEPT_NAME_BYTES) return this.#ask(name);
    const key = latin1(name);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const answer = this.#ask(name);
    if (this.#kept.size === MAX_KEPT_NAMES) this.#kept.clear();
    this.#kept.set(key, answer);
    return answer;
  }
}

export type FieldChoices = NameCache<'keep' | 'drop' | ByteSource>;

export function fieldChoices(select: FieldSelection): FieldChoices {
  return new NameCache((name) => {
    const choice = select(name);
    return typeof choice === 'string' ? choice : byteSource(choice);
  });
}

/** Text with one character a byte, for comparison and as the key of a map. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
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
