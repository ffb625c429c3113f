/**
 * A log as a list of fields, in the order of row-writer.ts: for whatever has to look at all of them before the first is
 * written. An object a field, unlike the walker's places.
 */
import {
  type FieldSelection,
  latin1,
  NameAnswers,
  SOURCE_NAME,
  TAG_PREFIX,
  TIME_NS_NAME,
  TOPIC_NAME,
} from './field-selection.ts';
import type { FieldSpans } from './field-spans.ts';
import type { LogWalker } from './log-walker.ts';
import { type ByteSource, byteSource } from './output.ts';

/** Which of a log's fields one is, in their order, those included that are not written: 0 is `__topic__`. */
export type FieldPlace = number;

export const TOPIC_PLACE = 0;
export const SOURCE_PLACE = 1;
export const TIME_NS_PLACE = 2;
/** Of the first tag; the contents follow the tags. */
export const FIRST_TAG_PLACE = 3;

export interface FlatField {
  readonly name: WrittenName;
  /** Where the value is: from `start` to `end`. */
  readonly value: ByteSource;
  readonly start: number;
  readonly end: number;
  readonly place: FieldPlace;
}

/** As it is written, but not escaped. */
export interface WrittenName extends ByteSource {
  /** One character a byte. */
  readonly latin1: string;
}

const NO_PREFIX = new Uint8Array(0);

export class FlatLog {
  readonly #names: NameAnswers<WrittenName | 'drop'>;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  #groupFields: FlatField[] = [];
  #tags: FlatField[] = [];

  /** @param source the bytes that the walker walks over */
  constructor(names: NameAnswers<WrittenName | 'drop'>, source: ByteSource, walker: LogWalker) {
    this.#names = names;
    this.#source = source;
    this.#walker = walker;
  }

  beginGroup(): void {
    const { topicStart, topicEnd, sourceStart, sourceEnd, tags } = this.#walker;
    const source = this.#source;
    this.#groupFields = [
      ...this.#own(TOPIC_NAME, source, topicStart, topicEnd, TOPIC_PLACE),
      ...this.#own(SOURCE_NAME, source, sourceStart, sourceEnd, SOURCE_PLACE),
    ];
    this.#tags = [];
    this.#addAll(this.#tags, tags, TAG_PREFIX, FIRST_TAG_PLACE);
  }

  /** The fields of the walker's present log that are selected. */
  fields(): FlatField[] {
    const { timeNs, tags, contents } = this.#walker;
    const fields = [...this.#groupFields];
    if (timeNs > 0) {
      const text = timeNsText(timeNs);
      fields.push(...this.#own(TIME_NS_NAME, byteSource(text), 0, text.length, TIME_NS_PLACE));
    }
    fields.push(...this.#tags);
    this.#addAll(fields, contents, NO_PREFIX, FIRST_TAG_PLACE + tags.count);
    return fields;
  }

  #own(flattened: Uint8Array, value: ByteSource, start: number, end: number, place: FieldPlace): FlatField[] {
    const name = this.#names.of(NO_PREFIX, flattened, 0, flattened.length);
    return name === 'drop' ? [] : [{ name, value, start, end, place }];
  }

  #addAll(fields: FlatField[], { offsets, count }: FieldSpans, prefix: Uint8Array, firstPlace: FieldPlace): void {
    const value = this.#source;
    for (let field = 0; field < count; field++) {
      const at = field * 4;
      const name = this.#names.of(prefix, value.bytes, offsets[at]!, offsets[at + 1]!);
      if (name === 'drop') continue;
      fields.push({ name, value, start: offsets[at + 2]!, end: offsets[at + 3]!, place: firstPlace + field });
    }
  }
}

/** `__time_ns_part__` of a log that has one. */
export function timeNsText(timeNs: number): Uint8Array {
  return Uint8Array.from(Buffer.from(String(timeNs), 'latin1'));
}

export function writtenNames(select: FieldSelection | undefined): NameAnswers<WrittenName | 'drop'> {
  return new NameAnswers((name) => {
    const choice = select?.(name) ?? 'keep';
    if (choice === 'drop') return choice;
    const written = choice === 'keep' ? name : choice;
    return { ...byteSource(written), latin1: latin1(written) };
  });
}
