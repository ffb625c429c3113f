/**
 * Lists the fields of a large log as row-writer.ts and field-list-writer.ts write them: which of them, in which order,
 * and under which names. No field is kept, but for the names where they have to be unique.
 */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { NameCache, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from '../../rules/field-selection.ts';
import type { Columns } from '../text/columns.ts';
import type { CompiledMapped } from '../text/compiled-mapped.ts';
import type { CompiledRow } from '../text/compiled-row.ts';
import { LargeNames } from '../text/large-names.ts';
import { ListedFields } from '../text/listed-fields.ts';
import { MappedFields } from '../text/mapped-fields.ts';
import type { CompiledEscape } from '../text/output.ts';
import { plainSegment, type Segment } from '../text/segment.ts';
import { isUtf8At, validUtf8 } from '../text/utf8.ts';
import type { WrittenName } from '../text/written-names.ts';
import type { FieldSpans } from '../wire/field-spans.ts';
import {
  FIRST_TAG_INDEX,
  type FieldIndex,
  type FieldNames,
  SOURCE_INDEX,
  TIME_NS_INDEX,
  TOPIC_INDEX,
  timeNsText,
} from '../wire/flat-log.ts';
import type { LogWalker } from '../wire/log-walker.ts';

export interface LargeField {
  /** What stands before the value: separator, name, sign. */
  readonly opening: readonly Segment[];
  readonly value: Segment | undefined;
}

/** Parts that are the same for all batches. */
export interface LargeFieldsParts {
  readonly compiled: CompiledRow;
  readonly mapped: CompiledMapped | undefined;
  readonly names: FieldNames<WrittenName>;
}

export function largeFieldsParts(compiled: CompiledRow, mapped: CompiledMapped | undefined): LargeFieldsParts {
  const { names } = compiled;
  const service = new NameCache((name) => names.ofService(name));
  return { compiled, mapped, names: { service, contents: new NameCache((name) => names.ofContent(name)) } };
}

/** Where a field's name and its value are. */
interface FieldLocation {
  readonly kind: 'service' | 'contents';
  readonly prefix: Uint8Array;
  readonly key: ByteSource;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: Segment;
  readonly fieldIndex: FieldIndex;
}

/** Fields in one step: about a millisecond. */
const STEP_FIELDS = 256;
/** Bytes of a run in one step. */
const STEP_BYTES = 64 * 1024;
const NO_PREFIX = new Uint8Array(0);

/** Lists the fields of one batch's large logs. */
export class LargeFields {
  readonly #parts: LargeFieldsParts;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #mapped: MappedFields | undefined;
  readonly #listed: ListedFields;
  readonly #head: readonly Segment[];
  readonly #first: Segment;
  readonly #separator: Segment;
  readonly #sign: Segment;
  readonly #repairs: boolean;
  /** Unique names for the present log's fields; undefined where fields keep their names. */
  #names: LargeNames | undefined;

  constructor(parts: LargeFieldsParts, source: ByteSource, walker: LogWalker, columns: Columns) {
    const { compiled, mapped } = parts;
    const { row } = compiled;
    this.#parts = parts;
    this.#source = source;
    this.#walker = walker;
    this.#repairs = row.invalidUtf8 === 'replace';
    this.#mapped = mapped && new MappedFields({ compiled: mapped, columns, walker, repairs: this.#repairs });
    this.#listed = new ListedFields(compiled.valueEscape);
    this.#head = this.#mapped?.head ?? [plainSegment(row.prefix)];
    this.#first = plainSegment(row.firstSeparator);
    this.#separator = plainSegment(row.separator);
    this.#sign = plainSegment(row.keyValueSign);
  }

  /** Goes to the walker's present log, and notes its names. */
  *begin(severity: number): Generator<undefined, void> {
    this.#listed.clear();
    this.#mapped?.begin(severity, this.#listed);
    this.#names = undefined;
    const { compiled, mapped } = this.#parts;
    if (compiled.row.keepsNames || mapped?.rest === false) return;
    const names = new LargeNames(compiled.names);
    let looked = 0;
    for (const location of this.#locations()) {
      names.note(this.#nameOf(location));
      if (++looked % STEP_FIELDS === 0) yield;
    }
    this.#names = names;
  }

  /** Renamed fields (written-names.ts) of the present log. */
  get renamedFields(): number {
    return this.#names?.renamedFields ?? 0;
  }

  /** What stands before the fields. */
  get head(): readonly Segment[] {
    return this.#head;
  }

  /** Yields the fields, from the first on in each call; `undefined` after a step. */
  *all(): Generator<LargeField | undefined, undefined> {
    const { keyEscape } = this.#parts.compiled;
    let between = this.#first;
    for (let index = 0; index < this.#listed.count; index++) {
      const { opening, hasValue, value } = this.#listed.at(index);
      yield { opening: [between, ...opening.pieces.map(asSegment)], value: hasValue ? value : undefined };
      between = this.#separator;
    }
    if (this.#parts.mapped?.rest === false) return undefined;
    const names = this.#names?.names();
    let looked = 0;
    for (const location of this.#locations()) {
      const natural = this.#nameOf(location);
      const name = names ? names.next(natural) : natural;
      if (name) {
        yield {
          opening: [between, { ...plainSegment(name.bytes), escape: keyEscape }, this.#sign],
          value: location.value,
        };
        between = this.#separator;
      }
      if (++looked % STEP_FIELDS === 0) yield undefined;
    }
    return undefined;
  }

  /** @returns undefined where the field is not written */
  #nameOf({ kind, prefix, key, keyStart, keyEnd, fieldIndex }: FieldLocation): WrittenName | undefined {
    const name = this.#parts.names[kind].of(prefix, key.bytes, keyStart, keyEnd);
    return name === 'drop' || this.#mapped?.isTaken(fieldIndex) === true ? undefined : name;
  }

  /** Yields all fields in their order, written or not. */
  *#locations(): Generator<FieldLocation, undefined> {
    const { topicStart, topicEnd, sourceStart, sourceEnd, timeNs, tags, contents } = this.#walker;
    const source = this.#source;
    yield ownLocation(TOPIC_NAME, this.#value(source, topicStart, topicEnd), TOPIC_INDEX);
    yield ownLocation(SOURCE_NAME, this.#value(source, sourceStart, sourceEnd), SOURCE_INDEX);
    if (timeNs > 0) yield ownLocation(TIME_NS_NAME, this.#timeNsValue(timeNs), TIME_NS_INDEX);
    yield* this.#spans('service', tags, TAG_PREFIX, FIRST_TAG_INDEX);
    yield* this.#spans('contents', contents, NO_PREFIX, FIRST_TAG_INDEX + tags.count);
    return undefined;
  }

  *#spans(
    kind: FieldLocation['kind'],
    { offsets, count }: FieldSpans,
    prefix: Uint8Array,
    firstIndex: FieldIndex,
  ): Generator<FieldLocation, undefined> {
    const key = this.#source;
    for (let field = 0; field < count; field++) {
      const at = field * 4;
      const value = this.#value(key, offsets[at + 2]!, offsets[at + 3]!);
      yield {
        kind,
        prefix,
        key,
        keyStart: offsets[at]!,
        keyEnd: offsets[at + 1]!,
        value,
        fieldIndex: firstIndex + field,
      };
    }
    return undefined;
  }

  /** The digits of TimeNs: not escaped where row-writer.ts would write the log, which does not escape them either. */
  #timeNsValue(timeNs: number): Segment {
    const digits = plainSegment(timeNsText(timeNs));
    const isAsItComes = !this.#repairs && !this.#mapped && this.renamedFields === 0;
    return isAsItComes ? digits : { ...digits, escape: this.#parts.compiled.valueEscape };
  }

  #value({ bytes, view }: ByteSource, start: number, end: number): Segment {
    return { bytes, view, start, end, escape: this.#parts.compiled.valueEscape };
  }

  /**
   * Divides a run into parts for one step each; no part begins or ends inside a UTF-8 character. In a value, invalid
   * UTF-8 becomes U+FFFD, where the row asks for it.
   */
  *partsOf(segment: Segment, isValue: boolean): Generator<Segment, undefined> {
    let start = segment.start;
    do {
      const end = partEnd(segment, start);
      const part = {
        bytes: segment.bytes,
        view: segment.view,
        start,
        end,
        ...(segment.escape && { escape: segment.escape }),
      };
      yield isValue && this.#repairs && !isUtf8At(segment, start, end) ? repaired(part) : part;
      start = end;
    } while (start < segment.end);
    return undefined;
  }
}

/** Whether a run takes one step at most. */
export function isShort({ start, end }: Segment): boolean {
  return end - start <= STEP_BYTES;
}

/**
 * The end of a part: before a byte that begins a character, or behind three continuation bytes, as a character has no
 * more of them.
 */
function partEnd({ bytes, end }: Segment, start: number): number {
  const most = start + STEP_BYTES;
  if (most >= end) return end;
  for (let back = 0; back <= 3; back++) if ((bytes[most - back]! & 0xc0) !== 0x80) return most - back;
  return most;
}

function repaired(segment: Segment): Segment {
  return { ...segment, ...plainSegment(validUtf8(segment.bytes.subarray(segment.start, segment.end))) };
}

/** The place of topic, source or TimeNs. */
function ownLocation(name: Uint8Array, value: Segment, fieldIndex: FieldIndex): FieldLocation {
  return {
    kind: 'service',
    prefix: NO_PREFIX,
    key: byteSource(name),
    keyStart: 0,
    keyEnd: name.length,
    value,
    fieldIndex,
  };
}

function asSegment(piece: {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly escape?: CompiledEscape;
}): Segment {
  return { ...piece, view: byteSource(piece.bytes).view };
}
