/**
 * The fields of a log that something asks for by name: rules, mapped fields, a header. Only these are looked up, and
 * where nothing asks there is no such pass.
 *
 * A field goes by its flattened name, as it was before selection and renaming. Of several with one name the first
 * counts, and none of the log's own under a name of the service's, in the order of row-writer.ts: `__topic__` and `__source__` are always there, perhaps empty, `__time_ns_part__`
 * where the log has a TimeNs other than 0.
 */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { latin1, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from '../../rules/field-selection.ts';
import { isServiceName } from '../../rules/service-names.ts';
import {
  FIRST_TAG_PLACE,
  type FieldPlace,
  SOURCE_PLACE,
  TIME_NS_PLACE,
  TOPIC_PLACE,
  timeNsText,
} from '../wire/flat-log.ts';
import { GuessedAnswers } from '../wire/guessed-answers.ts';
import type { LogWalker } from '../wire/log-walker.ts';

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
    // A log's own field does not stand for one of the service's.
    if (!isServiceName(name)) addTo(this.#contents, key, column);
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
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #contentColumns: GuessedAnswers<number | undefined>;
  /** What the group gives to each of its logs, and what a log has. */
  readonly #group: Slots;
  readonly #log: Slots;
  /** Views on values, of those that were asked for. */
  readonly #values: (Uint8Array | undefined)[];

  /** @param source what the walker walks over */
  constructor(names: ColumnNames, source: ByteSource, walker: LogWalker) {
    this.#names = names;
    this.#source = source;
    this.#walker = walker;
    this.#contentColumns = new GuessedAnswers((bytes, start, end) => names.columnOf('content', bytes, start, end));
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

  /** The same of a group with many tags. */
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
    group.add(this.#names.find(TOPIC_NAME), TOPIC_PLACE, this.#source, topicStart, topicEnd);
    group.add(this.#names.find(SOURCE_NAME), SOURCE_PLACE, this.#source, sourceStart, sourceEnd);
  }

  #lookAtTags(from: number, end: number): void {
    const { tags } = this.#walker;
    const group = this.#group;
    for (let tag = from; tag < end; tag++) {
      const at = tag * 4;
      const column = this.#names.columnOf('tag', this.#source.bytes, tags.offsets[at]!, tags.offsets[at + 1]!);
      group.add(column, FIRST_TAG_PLACE + tag, this.#source, tags.offsets[at + 2]!, tags.offsets[at + 3]!);
    }
  }

  #endGroup(): void {
    this.#log.copy(this.#group);
    this.#values.fill(undefined);
  }

  beginLog(): void {
    // What the group gives stays, whatever a log brings.
    if (this.#group.isFull) return;
    this.#beginLog();
    this.#lookAtContents(0, this.#walker.contents.count);
  }

  /** The same of a log with many contents. */
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
      log.add(timeNsColumn, TIME_NS_PLACE, text, 0, text.bytes.length);
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
      log.add(column, FIRST_TAG_PLACE + tags.count + field, this.#source, offsets[at + 2]!, offsets[at + 3]!);
    }
  }

  /** The value of a column; undefined where the log has no such field. A view on memory of the batch. */
  readonly value = (column: number): Uint8Array | undefined => {
    if (!this.has(column)) return undefined;
    const known = this.#values[column];
    if (known !== undefined) return known;
    const { sources, starts, ends } = this.#log;
    const value = sources[column]!.bytes.subarray(starts[column], ends[column]);
    this.#values[column] = value;
    return value;
  };

  /** Whether the log has such a field. */
  has(column: number): boolean {
    return this.#log.places[column] !== NO_PLACE;
  }

  /** Which of the log's fields that is. It has to have it, here and below. */
  place(column: number): FieldPlace {
    return this.#log.places[column]!;
  }

  /** Where the value is, without a view made. */
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

const NO_PLACE = -1;
/** Fields of a large group or log that are read before others have their turn: about a millisecond. */
const STEP_FIELDS = 4_096;

/** By column: a field's place, and where its value is. */
class Slots {
  readonly places: FieldPlace[];
  readonly sources: ByteSource[];
  readonly starts: number[];
  readonly ends: number[];
  #filled = 0;

  constructor(count: number, source: ByteSource) {
    this.places = Array.from({ length: count }, () => NO_PLACE);
    this.sources = this.places.map(() => source);
    this.starts = this.places.map(() => 0);
    this.ends = this.places.map(() => 0);
  }

  /** Every column has its field. */
  get isFull(): boolean {
    return this.#filled === this.places.length;
  }

  clear(): void {
    this.places.fill(NO_PLACE);
    this.#filled = 0;
  }

  /** The first that is added to a column stays. */
  add(column: number | undefined, place: FieldPlace, source: ByteSource, start: number, end: number): void {
    if (column === undefined || this.places[column] !== NO_PLACE) return;
    this.places[column] = place;
    this.sources[column] = source;
    this.starts[column] = start;
    this.ends[column] = end;
    this.#filled++;
  }

  copy({ places, sources, starts, ends }: Slots): void {
    for (let column = 0; column < places.length; column++) {
      const place = places[column]!;
      this.places[column] = place;
      if (place === NO_PLACE) continue;
      this.sources[column] = sources[column]!;
      this.starts[column] = starts[column]!;
      this.ends[column] = ends[column]!;
    }
  }
}
