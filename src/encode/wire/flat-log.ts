/** Lists a log's fields in the order of row-writer.ts, for writers that need all fields before they write the first. */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { type NameCache, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from '../../rules/field-selection.ts';
import { CacheByIndex } from './cache-by-index.ts';
import type { FieldSpans } from './field-spans.ts';
import type { LogWalker } from './log-walker.ts';

/** A field's place among all fields of its log, written or not, in their order: 0 is `__topic__`. */
export type FieldIndex = number;

export const TOPIC_INDEX = 0;
export const SOURCE_INDEX = 1;
export const TIME_NS_INDEX = 2;
/** The place of the first tag; the contents follow the tags. */
export const FIRST_TAG_INDEX = 3;

/** Gets a field: its name and place, and its value, which is from `start` to `end`. */
export type FieldVisitor<Name> = (name: Name, value: ByteSource, start: number, end: number, index: FieldIndex) => void;

export interface FlatField<Name> {
  readonly name: Name;
  /** The value's bytes, from `start` to `end`. */
  readonly value: ByteSource;
  readonly start: number;
  readonly end: number;
}

const NO_PREFIX = new Uint8Array(0);

/** What is known of names: of the service's fields, and of the log's own fields, which may have the same names. */
export interface FieldNames<Name extends object> {
  readonly service: NameCache<Name | 'drop'>;
  readonly contents: NameCache<Name | 'drop'>;
}

/** @typeParam Name what is known of a name that is written */
export class FlatLog<Name extends object> {
  readonly #names: NameCache<Name | 'drop'>;
  readonly #contentNames: CacheByIndex<Name | 'drop'>;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #topicName: Name | 'drop';
  readonly #sourceName: Name | 'drop';
  readonly #timeNsName: Name | 'drop';
  #tagNames: (Name | 'drop')[] = [];

  /** @param source the bytes that the walker walks over */
  constructor({ service, contents }: FieldNames<Name>, source: ByteSource, walker: LogWalker) {
    this.#names = service;
    this.#contentNames = new CacheByIndex((bytes, start, end) => contents.of(NO_PREFIX, bytes, start, end));
    this.#source = source;
    this.#walker = walker;
    const own = (name: Uint8Array): Name | 'drop' => service.of(NO_PREFIX, name, 0, name.length);
    this.#topicName = own(TOPIC_NAME);
    this.#sourceName = own(SOURCE_NAME);
    this.#timeNsName = own(TIME_NS_NAME);
  }

  beginGroup(): void {
    const { count } = this.#walker.tags;
    this.#tagNames = [];
    for (let tag = 0; tag < count; tag++) this.#tagNames.push(this.#nameOfTag(tag));
  }

  #nameOfTag(tag: number): Name | 'drop' {
    const { offsets } = this.#walker.tags;
    return this.#names.of(TAG_PREFIX, this.#source.bytes, offsets[tag * 4]!, offsets[tag * 4 + 1]!);
  }

  /**
   * Yields the fields of the walker's present log; `undefined` for a tag or content that is not selected. Call
   * `beginGroup` for each group, or never: then the names of tags are looked up here, one by one.
   */
  *entries(): Generator<FlatField<Name> | undefined, undefined> {
    const { topicStart, topicEnd, sourceStart, sourceEnd, timeNs, tags, contents } = this.#walker;
    const source = this.#source;
    if (this.#topicName !== 'drop') yield { name: this.#topicName, value: source, start: topicStart, end: topicEnd };
    if (this.#sourceName !== 'drop')
      yield { name: this.#sourceName, value: source, start: sourceStart, end: sourceEnd };
    if (timeNs > 0 && this.#timeNsName !== 'drop') {
      const value = byteSource(timeNsText(timeNs));
      yield { name: this.#timeNsName, value, start: 0, end: value.bytes.length };
    }
    for (let tag = 0; tag < tags.count; tag++) {
      const name = this.#tagNames[tag] ?? this.#nameOfTag(tag);
      yield name === 'drop' ? undefined : fieldOf(name, source, tags, tag);
    }
    const { offsets, count } = contents;
    for (let field = 0; field < count; field++) {
      const name = this.#contentNames.of(field, source.bytes, offsets[field * 4]!, offsets[field * 4 + 1]!);
      yield name === 'drop' ? undefined : fieldOf(name, source, contents, field);
    }
    return undefined;
  }

  /** Calls `visit` with each selected field of the walker's present log. */
  each(visit: FieldVisitor<Name>): void {
    const { topicStart, topicEnd, sourceStart, sourceEnd, timeNs, tags, contents } = this.#walker;
    const source = this.#source;
    if (this.#topicName !== 'drop') visit(this.#topicName, source, topicStart, topicEnd, TOPIC_INDEX);
    if (this.#sourceName !== 'drop') visit(this.#sourceName, source, sourceStart, sourceEnd, SOURCE_INDEX);
    if (timeNs > 0 && this.#timeNsName !== 'drop') {
      const text = byteSource(timeNsText(timeNs));
      visit(this.#timeNsName, text, 0, text.bytes.length, TIME_NS_INDEX);
    }
    for (let tag = 0; tag < tags.count; tag++) {
      const name = this.#tagNames[tag]!;
      const at = tag * 4;
      if (name !== 'drop') visit(name, source, tags.offsets[at + 2]!, tags.offsets[at + 3]!, FIRST_TAG_INDEX + tag);
    }
    const { offsets, count } = contents;
    for (let field = 0; field < count; field++) {
      const at = field * 4;
      const name = this.#contentNames.of(field, source.bytes, offsets[at]!, offsets[at + 1]!);
      const index = FIRST_TAG_INDEX + tags.count + field;
      if (name !== 'drop') visit(name, source, offsets[at + 2]!, offsets[at + 3]!, index);
    }
  }
}

function fieldOf<Name>(name: Name, value: ByteSource, { offsets }: FieldSpans, index: number): FlatField<Name> {
  return { name, value, start: offsets[index * 4 + 2]!, end: offsets[index * 4 + 3]! };
}

/** The value of `__time_ns_part__`. */
export function timeNsText(timeNs: number): Uint8Array {
  return new Uint8Array(Buffer.from(String(timeNs), 'latin1'));
}
