/**
 * Columns: the fields of a log that rules, mapped fields or leads read by name. Only these are looked up; without any
 * there is no pass for it.
 *
 * A field is known by its flattened name, before selection and renaming. Of several fields with one name the first in
 * the order of row-writer.ts counts; a log's own field never counts under a name of the service's. `__topic__` and
 * `__source__` always exist, perhaps empty, `__time_ns_part__` where the log has a TimeNs other than 0.
 */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { latin1, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from '../../rules/field-selection.ts';
import { isServiceName } from '../../rules/service-names.ts';
import { CacheByIndex } from '../wire/cache-by-index.ts';
import {
  FIRST_TAG_INDEX,
  type FieldIndex,
  SOURCE_INDEX,
  TIME_NS_INDEX,
  TOPIC_INDEX,
  timeNsText,
} from '../wire/flat-log.ts';
import type { LogWalker } from '../wire/log-walker.ts';

/** The names that are looked up; each has a number from 0, its column. */
export class ColumnNames {
  readonly #columns = new Map<string, number>();
  /** Columns by the length of the name: so most fields need no string to be made. */
  readonly #contents: (Map<string, number> | undefined)[] = [];
  readonly #tags: (Map<string, number> | undefined)[] = [];

  get count(): number {
    return this.#columns.size;
  }

  /** @returns the column of a name; a new column for a new name */
  add(name: Uint8Array): number {
    const key = latin1(name);
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    const column = this.#columns.size;
    this.#columns.set(key, column);
    // A log's own field never counts under a name of the service's.
    if (!isServiceName(name)) addTo(this.#contents, key, column);
    const prefix = latin1(TAG_PREFIX);
    if (key.startsWith(prefix)) addTo(this.#tags, key.slice(prefix.length), column);
    return column;
  }

  /** @returns undefined where the name has no column */
  find(name: Uint8Array): number | undefined {
    return this.#columns.get(latin1(name));
  }

  /** @param kind whether the key from `start` to `end` is a content's or a tag's, which is without its prefix */
  columnOf(kind: 'content' | 'tag', bytes: Uint8Array, start: number, end: number): number | undefined {
    const names = (kind === 'tag' ? this.#tags : this.#contents)[end - start];
    return names?.get(latin1(bytes.subarray(start, end)));
  }
}

function addTo(byLength: (Map<string, number> | undefined)[], key: string, column: number): void {
  byLength[key.length] = new Map([...(byLength[key.length] ?? []), [key, column]]);
}

/** The values of the columns in the walker's present log; for one batch. */
export class Columns {
  readonly #names: ColumnNames;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #contentColumns: CacheByIndex<number | undefined>;
  /** The values from the group, and those of the log. */
  readonly #group: Slots;
  readonly #log: Slots;
  /** Views of the values that were read. */
  readonly #values: (Uint8Array | undefined)[];

  /** @param source the bytes that the walker walks over */
  constructor(names: ColumnNames, source: ByteSource, walker: LogWalker) {
    this.#names = names;
    this.#source = source;
    this.#walker = walker;
    this.#contentColumns = new CacheByIndex((bytes, start, end) => names.columnOf('content', bytes, start, end));
    this.#group = new Slots(names.count, source);
    this.#log = new Slots(names.count, source);
    this.#values = Array.from({ length: names.count }, () => undefined);
  }

  beginGroup(): void {
    if (this.#names.count === 0) return;
    this.#beginGroup();
    this.#lookAtTags(0, this.#walker.tags.count);
    this.#endGroup();
  }

  /** Begins a group with many tags, in steps. */
  *beginLargeGroup(): Generator<undefined, void> {
    if (this.#names.count === 0) return;
    this.#beginGroup();
    const { count } = this.#walker.tags;
    for (let from = 0; from < count; from += STEP_FIELDS) {
      this.#lookAtTags(from, Math.min(from + STEP_FIELDS, count));
      yield;
    }
    this.#endGroup();
  }

  #beginGroup(): void {
    const { topicStart, topicEnd, sourceStart, sourceEnd } = this.#walker;
    const group = this.#group;
    group.clear();
    group.add(this.#names.find(TOPIC_NAME), TOPIC_INDEX, this.#source, topicStart, topicEnd);
    group.add(this.#names.find(SOURCE_NAME), SOURCE_INDEX, this.#source, sourceStart, sourceEnd);
  }

  #lookAtTags(from: number, end: number): void {
    const { tags } = this.#walker;
    const group = this.#group;
    for (let tag = from; tag < end; tag++) {
      const at = tag * 4;
      const column = this.#names.columnOf('tag', this.#source.bytes, tags.offsets[at]!, tags.offsets[at + 1]!);
      group.add(column, FIRST_TAG_INDEX + tag, this.#source, tags.offsets[at + 2]!, tags.offsets[at + 3]!);
    }
  }

  #endGroup(): void {
    this.#log.copy(this.#group);
    this.#values.fill(undefined);
  }

  beginLog(): void {
    // Each column has a value from the group, which counts before any of the log's.
    if (this.#group.isFull) return;
    this.#beginLog();
    this.#lookAtContents(0, this.#walker.contents.count);
  }

  /** Begins a log with many contents, in steps. */
  *beginLargeLog(): Generator<undefined, void> {
    if (this.#group.isFull) return;
    this.#beginLog();
    const { count } = this.#walker.contents;
    for (let from = 0; from < count; from += STEP_FIELDS) {
      this.#lookAtContents(from, Math.min(from + STEP_FIELDS, count));
      yield;
    }
  }

  #beginLog(): void {
    const { timeNs } = this.#walker;
    const log = this.#log;
    log.copy(this.#group);
    this.#values.fill(undefined);
    const timeNsColumn = timeNs > 0 ? this.#names.find(TIME_NS_NAME) : undefined;
    if (timeNsColumn !== undefined) {
      const text = byteSource(timeNsText(timeNs));
      log.add(timeNsColumn, TIME_NS_INDEX, text, 0, text.bytes.length);
    }
  }

  #lookAtContents(from: number, end: number): void {
    const { tags, contents } = this.#walker;
    const { bytes } = this.#source;
    const { offsets } = contents;
    const log = this.#log;
    for (let field = from; field < end; field++) {
      const at = field * 4;
      const column = this.#contentColumns.of(field, bytes, offsets[at]!, offsets[at + 1]!);
      if (column === undefined) continue;
      log.add(column, FIRST_TAG_INDEX + tags.count + field, this.#source, offsets[at + 2]!, offsets[at + 3]!);
    }
  }

  /** The value of a column; undefined where the log has no such field. A view of the batch's memory. */
  readonly value = (column: number): Uint8Array | undefined => {
    if (!this.has(column)) return undefined;
    const known = this.#values[column];
    if (known !== undefined) return known;
    const { sources, starts, ends } = this.#log;
    const value = sources[column]!.bytes.subarray(starts[column], ends[column]);
    this.#values[column] = value;
    return value;
  };

  /** Whether the log has the column's field. */
  has(column: number): boolean {
    return this.#log.fieldIndexes[column] !== NO_INDEX;
  }

  /** The place of a column's field. The log has to have the field, here and below. */
  fieldIndex(column: number): FieldIndex {
    return this.#log.fieldIndexes[column]!;
  }

  /** The bytes that a column's value is in, without a view made. */
  source(column: number): ByteSource {
    return this.#log.sources[column]!;
  }

  start(column: number): number {
    return this.#log.starts[column]!;
  }

  end(column: number): number {
    return this.#log.ends[column]!;
  }
}

const NO_INDEX = -1;
/** Fields of a large group or log in one step: about a millisecond. */
const STEP_FIELDS = 4_096;

/** For each column: the place of its field, and where the value is. */
class Slots {
  readonly fieldIndexes: FieldIndex[];
  readonly sources: ByteSource[];
  readonly starts: number[];
  readonly ends: number[];
  #filled = 0;

  constructor(count: number, source: ByteSource) {
    this.fieldIndexes = Array.from({ length: count }, () => NO_INDEX);
    this.sources = this.fieldIndexes.map(() => source);
    this.starts = this.fieldIndexes.map(() => 0);
    this.ends = this.fieldIndexes.map(() => 0);
  }

  /** Whether every column has a value. */
  get isFull(): boolean {
    return this.#filled === this.fieldIndexes.length;
  }

  clear(): void {
    this.fieldIndexes.fill(NO_INDEX);
    this.#filled = 0;
  }

  /** A column keeps the first field that is added. */
  add(column: number | undefined, fieldIndex: FieldIndex, source: ByteSource, start: number, end: number): void {
    if (column === undefined || this.fieldIndexes[column] !== NO_INDEX) return;
    this.fieldIndexes[column] = fieldIndex;
    this.sources[column] = source;
    this.starts[column] = start;
    this.ends[column] = end;
    this.#filled++;
  }

  copy({ fieldIndexes, sources, starts, ends }: Slots): void {
    for (let column = 0; column < fieldIndexes.length; column++) {
      const fieldIndex = fieldIndexes[column]!;
      this.fieldIndexes[column] = fieldIndex;
      if (fieldIndex === NO_INDEX) continue;
      this.sources[column] = sources[column]!;
      this.starts[column] = starts[column]!;
      this.ends[column] = ends[column]!;
    }
  }
}
