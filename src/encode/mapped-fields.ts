/** The part of a text that gives some fields a place of their own (format/mapped.ts), by the columns that it names. */
import { jsonAt } from '../format/json-path.ts';
import type { HeadPart, Mapped, MappedField, ValueSource, ValueType } from '../format/mapped.ts';
import { epochMs, ipVersion, isInteger } from '../format/value-types.ts';
import type { ColumnNames, Columns } from './columns.ts';
import { charactersEnd } from './cut-text.ts';
import { latin1 } from './field-selection.ts';
import type { FieldPlace } from './flat-log.ts';
import type { LogWalker } from './log-walker.ts';
import { byteSource, type CompiledEscape, compileEscape } from './output.ts';
import { plainRun, type Run } from './run.ts';
import { decodeUtf8, validUtf8 } from './utf8.ts';

const NANOSECONDS_A_SECOND = 1_000_000_000;
const NANOSECONDS_A_MILLISECOND = 1_000_000;

/** A field without what stands before it. */
export interface ListedField {
  /** With the sign, where a value follows. */
  readonly key: readonly Run[];
  readonly value: Run | undefined;
}

export interface MappedText {
  readonly head: readonly Run[];
  readonly fields: readonly ListedField[];
  /** Those that are not written again. */
  readonly taken: ReadonlySet<FieldPlace>;
}

/** A column, and a path in it where it holds JSON. */
interface Place {
  readonly column: number;
  readonly path: readonly string[] | undefined;
}

interface Value {
  readonly bytes: Uint8Array;
  /** The field that it is the whole of. */
  readonly place?: FieldPlace | undefined;
  /** With `ip`. */
  readonly version?: 4 | 6 | undefined;
}

export interface MappedFieldsParts {
  readonly mapped: Mapped;
  /** Is told which fields are asked for. */
  readonly names: ColumnNames;
  readonly valueEscape: CompiledEscape;
  readonly sign: Uint8Array;
  /** Bytes that are no UTF-8 become U+FFFD. */
  readonly repairs: boolean;
}

/** The same for all batches. */
export class CompiledMapped {
  readonly rest: boolean;
  readonly #head: readonly HeadPart[];
  readonly #fields: readonly MappedField[];
  readonly #places = new Map<ValueSource, readonly Place[]>();
  /** Of bytes that are the same in every log: a view costs more than writing what it shows. */
  readonly #constants = new Map<Uint8Array, Run>();
  readonly #valueEscape: CompiledEscape;
  readonly #sign: Run;
  readonly #repairs: boolean;

  constructor({ mapped, names, valueEscape, sign, repairs }: MappedFieldsParts) {
    this.rest = mapped.rest;
    this.#head = mapped.head;
    this.#fields = mapped.fields;
    this.#valueEscape = valueEscape;
    this.#sign = plainRun(sign);
    this.#repairs = repairs;
    const sources = [...mapped.fields, ...mapped.head].flatMap((part) => ('value' in part ? [part.value] : []));
    for (const source of sources) {
      if (source.kind !== 'fields') continue;
      this.#places.set(
        source,
        source.places.map(({ field, path }) => ({ column: names.add(field), path })),
      );
    }
  }

  /** @param severity of the message, 0..7 */
  textOf(columns: Columns, walker: LogWalker, severity: number): MappedText {
    const find = this.#finder(columns, walker);
    const head = this.#head.map((part) => this.#headRun(part, find, severity));
    const taken = new Set<FieldPlace>();
    const fields = this.#fields.flatMap((field) => this.#listed(field, find, taken));
    return { head, fields, taken };
  }

  #headRun(part: HeadPart, find: Find, severity: number): Run {
    if (part.kind === 'constant') return this.#constant(part.bytes);
    if (part.kind === 'severity') return this.#constant(part.texts[severity]!);
    const value = find(part.value, 'text', true);
    if (value === undefined) return this.#constant(part.orElse);
    return this.#cut(value.bytes, part.maxCharacters, compileEscape(part.escape));
  }

  #listed(field: MappedField, find: Find, taken: Set<FieldPlace>): ListedField[] {
    const value = find(field.value, field.as, field.ipv6 !== undefined);
    if (value === undefined) return [];
    if (value.place !== undefined) taken.add(value.place);
    const { key, label } = (value.version === 6 && field.ipv6) || field;
    const run = this.#cut(value.bytes, field.maxCharacters, this.#valueEscape);
    const written: ListedField = { key: [this.#constant(key), this.#sign], value: run };
    return label === undefined ? [written] : [written, { key: [this.#constant(label)], value: undefined }];
  }

  #constant(bytes: Uint8Array): Run {
    const known = this.#constants.get(bytes);
    if (known !== undefined) return known;
    const run = plainRun(bytes);
    this.#constants.set(bytes, run);
    return run;
  }

  #cut(value: Uint8Array, maxCharacters: number | undefined, escapeTable: CompiledEscape): Run {
    const bytes = this.#repairs ? validUtf8(value) : value;
    const end = maxCharacters === undefined ? bytes.length : charactersEnd(bytes, 0, bytes.length, maxCharacters);
    const { view } = byteSource(bytes);
    return { bytes, view, start: 0, end, escape: escapeTable };
  }

  /** For one log: what holds JSON is decoded once. */
  #finder(columns: Columns, walker: LogWalker): Find {
    const texts = new Map<number, string | undefined>();
    const textOf = (column: number): string | undefined => {
      if (!texts.has(column)) {
        const value = columns.value(column);
        texts.set(column, value && decodeUtf8(value));
      }
      return texts.get(column);
    };
    const at = ({ column, path }: Place): Value | undefined => {
      if (path === undefined) {
        const bytes = columns.value(column);
        return bytes && { bytes, place: columns.place(column) };
      }
      const json = textOf(column);
      const text = json === undefined ? undefined : jsonAt(json, path);
      return text === undefined ? undefined : { bytes: utf8(text) };
    };
    return (source, as, takesIpv6) => {
      if (source.kind === 'log-time') return { bytes: utf8(String(timeMs(walker))) };
      if (source.kind === 'constant') return typed({ bytes: source.bytes }, as, takesIpv6);
      for (const place of this.#places.get(source)!) {
        const value = at(place);
        const found = value && typed(value, as, takesIpv6);
        if (found) return found;
      }
      return undefined;
    };
  }
}

type Find = (source: ValueSource, as: ValueType, takesIpv6: boolean) => Value | undefined;

/** The value as the type wants it; undefined where it is empty, or not of the type. */
function typed(value: Value, as: ValueType, takesIpv6: boolean): Value | undefined {
  if (value.bytes.length === 0) return undefined;
  if (as === 'text') return value;
  if (value.bytes.length > MAX_TYPED_BYTES) return undefined;
  const text = latin1(value.bytes);
  switch (as) {
    case 'ip': {
      const version = ipVersion(text);
      return version === 4 || (version === 6 && takesIpv6) ? { ...value, version } : undefined;
    }
    case 'integer':
      return isInteger(text) ? value : undefined;
    case 'time': {
      const ms = epochMs(text);
      return ms === undefined ? undefined : { ...value, bytes: utf8(ms) };
    }
  }
}

/** An address, a number or a time is never longer. */
const MAX_TYPED_BYTES = 64;

function timeMs({ time, timeNs }: LogWalker): number {
  const isFraction = timeNs >= 0 && timeNs < NANOSECONDS_A_SECOND;
  return time * 1000 + (isFraction ? Math.floor(timeNs / NANOSECONDS_A_MILLISECOND) : 0);
}

function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}
