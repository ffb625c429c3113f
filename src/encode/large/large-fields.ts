/**
 * Lists the fields of a large log as row-writer.ts and field-list-writer.ts write them: which of them, in which order,
 * and under which names. No field is kept, but for the names where they have to be unique.
 */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { NameAnswers, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from '../../rules/field-selection.ts';
import type { Columns } from '../text/columns.ts';
import type { CompiledMapped } from '../text/compiled-mapped.ts';
import type { CompiledRow } from '../text/compiled-row.ts';
import { LargeNames } from '../text/large-names.ts';
import { ListedFields } from '../text/listed-fields.ts';
import { MappedFields } from '../text/mapped-fields.ts';
import type { CompiledEscape } from '../text/output.ts';
import { plainRun, type Run } from '../text/run.ts';
import { isUtf8At, validUtf8 } from '../text/utf8.ts';
import type { WrittenName } from '../text/written-names.ts';
import type { FieldSpans } from '../wire/field-spans.ts';
import {
  FIRST_TAG_PLACE,
  type FieldNames,
  type FieldPlace,
  SOURCE_PLACE,
  TIME_NS_PLACE,
  TOPIC_PLACE,
  timeNsText,
} from '../wire/flat-log.ts';
import type { LogWalker } from '../wire/log-walker.ts';

export interface LargeField {
  /** What stands before the value: separator, name, sign. */
  readonly opening: readonly Run[];
  readonly value: Run | undefined;
}

/** Parts that are the same for all batches. */
export interface LargeFieldsParts {
  readonly compiled: CompiledRow;
  readonly mapped: CompiledMapped | undefined;
  readonly names: FieldNames<WrittenName>;
}

export function largeFieldsParts(compiled: CompiledRow, mapped: CompiledMapped | undefined): LargeFieldsParts {
  const { names } = compiled;
  const service = new NameAnswers((name) => names.ofService(name));
  return { compiled, mapped, names: { service, contents: new NameAnswers((name) => names.ofContent(name)) } };
}

/** Where a field's name and its value are. */
interface Place {
  readonly kind: 'service' | 'contents';
  readonly prefix: Uint8Array;
  readonly key: ByteSource;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: Run;
  readonly place: FieldPlace;
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
  readonly #head: readonly Run[];
  readonly #first: Run;
  readonly #separator: Run;
  readonly #sign: Run;
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
    this.#head = this.#mapped?.head ?? [plainRun(row.prefix)];
    this.#first = plainRun(row.firstSeparator);
    this.#separator = plainRun(row.separator);
    this.#sign = plainRun(row.keyValueSign);
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
    for (const place of this.#places()) {
      names.note(this.#nameOf(place));
      if (++looked % STEP_FIELDS === 0) yield;
    }
    this.#names = names;
  }

  /** Renamed fields (written-names.ts) of the present log. */
  get renamedFields(): number {
    return this.#names?.renamedFields ?? 0;
  }

  /** What stands before the fields. */
  get head(): readonly Run[] {
    return this.#head;
  }

  /** Yields the fields, from the first on in each call; `undefined` after a step. */
  *all(): Generator<LargeField | undefined, undefined> {
    const { keyEscape } = this.#parts.compiled;
    let between = this.#first;
    for (let index = 0; index < this.#listed.count; index++) {
      const { opening, hasValue, value } = this.#listed.at(index);
      yield { opening: [between, ...opening.pieces.map(asRun)], value: hasValue ? value : undefined };
      between = this.#separator;
    }
    if (this.#parts.mapped?.rest === false) return undefined;
    const names = this.#names?.names();
    let looked = 0;
    for (const place of this.#places()) {
      const natural = this.#nameOf(place);
      const name = names ? names.next(natural) : natural;
      if (name) {
        yield { opening: [between, { ...plainRun(name.bytes), escape: keyEscape }, this.#sign], value: place.value };
        between = this.#separator;
      }
      if (++looked % STEP_FIELDS === 0) yield undefined;
    }
    return undefined;
  }

  /** @returns undefined where the field is not written */
  #nameOf({ kind, prefix, key, keyStart, keyEnd, place }: Place): WrittenName | undefined {
    const name = this.#parts.names[kind].of(prefix, key.bytes, keyStart, keyEnd);
    return name === 'drop' || this.#mapped?.isTaken(place) === true ? undefined : name;
  }

  /** Yields all fields in their order, written or not. */
  *#places(): Generator<Place, undefined> {
    const { topicStart, topicEnd, sourceStart, sourceEnd, timeNs, tags, contents } = this.#walker;
    const source = this.#source;
    yield ownPlace(TOPIC_NAME, this.#value(source, topicStart, topicEnd), TOPIC_PLACE);
    yield ownPlace(SOURCE_NAME, this.#value(source, sourceStart, sourceEnd), SOURCE_PLACE);
    if (timeNs > 0) yield ownPlace(TIME_NS_NAME, this.#timeNsValue(timeNs), TIME_NS_PLACE);
    yield* this.#spans('service', tags, TAG_PREFIX, FIRST_TAG_PLACE);
    yield* this.#spans('contents', contents, NO_PREFIX, FIRST_TAG_PLACE + tags.count);
    return undefined;
  }

  *#spans(
    kind: Place['kind'],
    { offsets, count }: FieldSpans,
    prefix: Uint8Array,
    firstPlace: FieldPlace,
  ): Generator<Place, undefined> {
    const key = this.#source;
    for (let field = 0; field < count; field++) {
      const at = field * 4;
      const value = this.#value(key, offsets[at + 2]!, offsets[at + 3]!);
      yield { kind, prefix, key, keyStart: offsets[at]!, keyEnd: offsets[at + 1]!, value, place: firstPlace + field };
    }
    return undefined;
  }

  /** The digits of TimeNs: not escaped where row-writer.ts would write the log, which does not escape them either. */
  #timeNsValue(timeNs: number): Run {
    const digits = plainRun(timeNsText(timeNs));
    const isAsItComes = !this.#repairs && !this.#mapped && this.renamedFields === 0;
    return isAsItComes ? digits : { ...digits, escape: this.#parts.compiled.valueEscape };
  }

  #value({ bytes, view }: ByteSource, start: number, end: number): Run {
    return { bytes, view, start, end, escape: this.#parts.compiled.valueEscape };
  }

  /**
   * Divides a run into parts for one step each; no part begins or ends inside a UTF-8 character. In a value, invalid
   * UTF-8 becomes U+FFFD, where the row asks for it.
   */
  *partsOf(run: Run, isValue: boolean): Generator<Run, undefined> {
    let start = run.start;
    do {
      const end = partEnd(run, start);
      const part = { bytes: run.bytes, view: run.view, start, end, ...(run.escape && { escape: run.escape }) };
      yield isValue && this.#repairs && !isUtf8At(run, start, end) ? repaired(part) : part;
      start = end;
    } while (start < run.end);
    return undefined;
  }
}

/** Whether a run takes one step at most. */
export function isShort({ start, end }: Run): boolean {
  return end - start <= STEP_BYTES;
}

/**
 * The end of a part: before a byte that begins a character, or behind three continuation bytes, as a character has no
 * more of them.
 */
function partEnd({ bytes, end }: Run, start: number): number {
  const most = start + STEP_BYTES;
  if (most >= end) return end;
  for (let back = 0; back <= 3; back++) if ((bytes[most - back]! & 0xc0) !== 0x80) return most - back;
  return most;
}

function repaired(run: Run): Run {
  return { ...run, ...plainRun(validUtf8(run.bytes.subarray(run.start, run.end))) };
}

/** The place of topic, source or TimeNs. */
function ownPlace(name: Uint8Array, value: Run, place: FieldPlace): Place {
  return { kind: 'service', prefix: NO_PREFIX, key: byteSource(name), keyStart: 0, keyEnd: name.length, value, place };
}

function asRun(piece: {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly escape?: CompiledEscape;
}): Run {
  return { ...piece, view: byteSource(piece.bytes).view };
}
