/**
 * The fields of a log that something asks for by name: rules, mapped fields, a header. Only these are looked up, and
 * where nothing asks there is no such pass.
 *
 * A field goes by its flattened name, as it was before selection and renaming. Of several with one name the first
 * counts, in the order of row-writer.ts: `__topic__` and `__source__` are always there, perhaps empty, `__time_ns_part__`
 * where the log has a TimeNs other than 0.
 */
import { latin1, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from './field-selection.ts';
import type { FieldSpans } from './field-spans.ts';
import { FIRST_TAG_PLACE, type FieldPlace, SOURCE_PLACE, TIME_NS_PLACE, TOPIC_PLACE, timeNsText } from './flat-log.ts';
import type { LogWalker } from './log-walker.ts';

/** Which names are asked for; each has a number, from 0. */
export class ColumnNames {
  readonly #columns = new Map<string, number>();
  /** By the length of the name, which spares most fields the making of a string. */
  readonly #contents: (Map<string, number> | undefined)[] = [];
  readonly #tags: (Map<string, number> | undefined)[] = [];

  get count(): number {
    return this.#columns.size;
  }

  /** @returns the column of a name, which is a new one where nobody has asked for it yet */
  add(name: Uint8Array): number {
    const key = latin1(name);
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    const column = this.#columns.size;
    this.#columns.set(key, column);
    addTo(this.#contents, key, column);
    const prefix = latin1(TAG_PREFIX);
    if (key.startsWith(prefix)) addTo(this.#tags, key.slice(prefix.length), column);
    return column;
  }

  /** @returns undefined where nobody asks for it */
  find(name: Uint8Array): number | undefined {
    return this.#columns.get(latin1(name));
  }

  /** @param kind of the key from `start` to `end`; a tag's is without its prefix */
  columnOf(kind: 'content' | 'tag', bytes: Uint8Array, start: number, end: number): number | undefined {
    const names = (kind === 'tag' ? this.#tags : this.#contents)[end - start];
    return names?.get(latin1(bytes.subarray(start, end)));
  }
}

function addTo(byLength: (Map<string, number> | undefined)[], key: string, column: number): void {
  byLength[key.length] = new Map([...(byLength[key.length] ?? []), [key, column]]);
}

/** The values of the walker's present log; for one batch. */
export class Columns {
  readonly #names: ColumnNames;
  readonly #bytes: Uint8Array;
  readonly #walker: LogWalker;
  /** What the group gives to each of its logs, and what a log has. */
  #group: Found[] = [];
  #log: (Found | undefined)[] = [];

  /** @param bytes what the walker walks over */
  constructor(names: ColumnNames, bytes: Uint8Array, walker: LogWalker) {
    this.#names = names;
    this.#bytes = bytes;
    this.#walker = walker;
  }

  beginGroup(): void {
    if (this.#names.count === 0) return;
    const { topicStart, topicEnd, sourceStart, sourceEnd, tags } = this.#walker;
    this.#group = [];
    this.#addOwn(this.#group, TOPIC_NAME, TOPIC_PLACE, this.#bytes.subarray(topicStart, topicEnd));
    this.#addOwn(this.#group, SOURCE_NAME, SOURCE_PLACE, this.#bytes.subarray(sourceStart, sourceEnd));
    this.#addAll(this.#group, 'tag', tags, FIRST_TAG_PLACE);
  }

  beginLog(): void {
    if (this.#names.count === 0) return;
    const { timeNs, tags, contents } = this.#walker;
    const found: Found[] = [];
    if (timeNs > 0) this.#addOwn(found, TIME_NS_NAME, TIME_NS_PLACE, timeNsText(timeNs));
    this.#addAll(found, 'content', contents, FIRST_TAG_PLACE + tags.count);
    this.#log = [];
    // From the last to the first, so that the first is what counts.
    for (const each of found.reverse()) this.#log[each.column] = each;
    for (const each of this.#group.toReversed()) this.#log[each.column] = each;
  }

  /** The value of a column; undefined where the log has no such field. A view on memory of the batch. */
  readonly value = (column: number): Uint8Array | undefined => this.#log[column]?.value;

  /** Which of the log's fields that is. */
  place(column: number): FieldPlace | undefined {
    return this.#log[column]?.place;
  }

  #addOwn(found: Found[], name: Uint8Array, place: FieldPlace, value: Uint8Array): void {
    const column = this.#names.find(name);
    if (column !== undefined) found.push({ column, place, value });
  }

  #addAll(found: Found[], kind: 'content' | 'tag', { offsets, count }: FieldSpans, firstPlace: FieldPlace): void {
    const bytes = this.#bytes;
    for (let field = 0; field < count; field++) {
      const at = field * 4;
      const column = this.#names.columnOf(kind, bytes, offsets[at]!, offsets[at + 1]!);
      if (column === undefined) continue;
      found.push({ column, place: firstPlace + field, value: bytes.subarray(offsets[at + 2]!, offsets[at + 3]!) });
    }
  }
}

interface Found {
  readonly column: number;
  readonly place: FieldPlace;
  readonly value: Uint8Array;
}
