/** The walker's present log as a `LogView`, for formats that are code: nothing is decoded before it is read. */
import type { ByteSource } from '../../core/byte-source.ts';
import type { LogView } from '../../format/parts/log-view.ts';
import { latin1, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from '../../rules/field-selection.ts';
import { isServiceName } from '../../rules/service-names.ts';
import type { FieldSpans } from '../wire/field-spans.ts';
import { type FieldNames, FlatLog, timeNsText } from '../wire/flat-log.ts';
import type { LogWalker } from '../wire/log-walker.ts';
import { LargeNames } from './large-names.ts';
import { TakenNames } from './taken-names.ts';
import { decodeUtf8 } from './utf8.ts';
import type { WrittenName, WrittenNames } from './written-names.ts';

/** Bounded, as the code may ask for any number of names. */
const MAX_KEPT_NAMES = 1024;
/** A TimeNs from here on is no fraction of a second: `timeNs` is then absent. */
const NANOSECONDS_A_SECOND = 1_000_000_000;

export class BatchLogView implements LogView {
  facility = 0;
  severity = 0;
  /** Renamed fields (written-names.ts) of the present log. */
  renamedFields = 0;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #written: WrittenNames;
  readonly #log: FlatLog<WrittenName>;
  readonly #asked = new Map<string, Asked>();

  /** @param source the bytes that the walker walks over */
  constructor(written: WrittenNames, names: FieldNames<WrittenName>, source: ByteSource, walker: LogWalker) {
    this.#written = written;
    this.#source = source;
    this.#walker = walker;
    this.#log = new FlatLog(names, source, walker);
  }

  beginGroup(): void {
    this.#log.beginGroup();
  }

  beginLog(facility: number, severity: number): void {
    this.facility = facility;
    this.severity = severity;
    this.renamedFields = 0;
  }

  get time(): number {
    return this.#walker.time;
  }

  get timeNs(): number | undefined {
    const { timeNs } = this.#walker;
    return timeNs < 0 || timeNs >= NANOSECONDS_A_SECOND ? undefined : timeNs;
  }

  get(name: string): string | undefined {
    const value = this.bytes(name);
    return value && decodeUtf8(value);
  }

  bytes(name: string): Uint8Array | undefined {
    const { bytes } = this.#source;
    const walker = this.#walker;
    const { bytes: asked, isService } = this.#askedFor(name);
    if (equals(asked, TOPIC_NAME)) return bytes.subarray(walker.topicStart, walker.topicEnd);
    if (equals(asked, SOURCE_NAME)) return bytes.subarray(walker.sourceStart, walker.sourceEnd);
    if (equals(asked, TIME_NS_NAME) && walker.timeNs > 0) return timeNsText(walker.timeNs);
    const isTag = equals(asked.subarray(0, TAG_PREFIX.length), TAG_PREFIX);
    const tag = isTag ? this.#find(walker.tags, asked.subarray(TAG_PREFIX.length)) : undefined;
    return tag ?? (isService ? undefined : this.#find(walker.contents, asked));
  }

  *fields(): Generator<readonly [name: string, value: string]> {
    const fields = this.#listed();
    this.renamedFields = fields.filter(({ name }) => name.attempt > 0).length;
    for (const { name, value } of fields) yield [decodeUtf8(name.bytes), decodeUtf8(value)];
  }

  /** Yields the fields in steps; `undefined` in a step that gives none. */
  *fieldsInSteps(): Generator<readonly [name: string, value: string] | undefined, undefined> {
    const taken = new LargeNames(this.#written);
    this.renamedFields = 0;
    for (const field of this.#log.entries()) {
      taken.note(field?.name);
      yield undefined;
    }
    this.renamedFields = taken.renamedFields;
    const names = taken.names();
    for (const field of this.#log.entries()) {
      const name = names.next(field?.name);
      yield field && name && [decodeUtf8(name.bytes), decodeUtf8(field.value.bytes.subarray(field.start, field.end))];
    }
    return undefined;
  }

  /** The selected fields, no two under one name. */
  #listed(): ViewedField[] {
    const fields: ViewedField[] = [];
    const taken = new TakenNames(this.#written);
    const later: ViewedField[] = [];
    this.#log.each((name, { bytes }, start, end) => {
      const field = { name, value: bytes.subarray(start, end) };
      fields.push(field);
      if (!taken.take(latin1(name.bytes))) later.push(field);
    });
    for (const field of later) field.name = taken.nameFor(field.name);
    return fields;
  }

  #askedFor(name: string): Asked {
    const known = this.#asked.get(name);
    if (known !== undefined) return known;
    if (this.#asked.size === MAX_KEPT_NAMES) this.#asked.clear();
    const bytes = Buffer.from(name, 'utf8');
    const asked = { bytes, isService: isServiceName(bytes) };
    this.#asked.set(name, asked);
    return asked;
  }

  /** The value of the first field with this key. */
  #find({ offsets, count }: FieldSpans, key: Uint8Array): Uint8Array | undefined {
    const { bytes } = this.#source;
    for (let at = 0; at < count * 4; at += 4) {
      const start = offsets[at]!;
      if (offsets[at + 1]! - start !== key.length) continue;
      let same = 0;
      while (same < key.length && bytes[start + same] === key[same]) same++;
      if (same === key.length) return bytes.subarray(offsets[at + 2]!, offsets[at + 3]!);
    }
    return undefined;
  }
}

/** A name that the code has asked for. */
interface Asked {
  readonly bytes: Uint8Array;
  /** The name is one of the service's: a log's own field never counts. */
  readonly isService: boolean;
}

interface ViewedField {
  name: WrittenName;
  readonly value: Uint8Array;
}

function equals(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
