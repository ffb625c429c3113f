/** Writes the mapped part of a format as the kernel reads it; see assembly/mapped.ts. */
import type { ColumnNames } from '../encode/text/columns.ts';
import { type CompiledRow, escapedKey } from '../encode/text/compiled-row.ts';
import { charactersEnd } from '../encode/text/cut-text.ts';
import { type CompiledEscape, compileEscape } from '../encode/text/output.ts';
import { validUtf8 } from '../encode/text/utf8.ts';
import { ADDRESS_TEXT_BYTES, addressIn } from '../format/parts/address.ts';
import { maxExpansion } from '../format/parts/escape-table.ts';
import type { HeadPart, Mapped, MappedField, ValueSource, ValueType } from '../format/parts/mapped.ts';
import { epochMs, isInteger } from '../format/parts/value-types.ts';
import { latin1 } from '../rules/field-selection.ts';
import { escapeBytes, escapesDigits, isShort } from './escape-bytes.ts';
import { FieldKind, HeadKind, ValueKind } from './interface/enumerations.ts';
import { NO_LIMIT, PORT_OF_IPV6, PORT_PLACE } from './interface/numbers.ts';
import { bytesOf, type RecordOf, wordsOf } from './interface/records.ts';
import { MAX_TYPED_BYTES } from './interface/sizes.ts';
import type { KernelMemory } from './memory.ts';
import { type Packed, writePacked } from './packed.ts';

const types: Readonly<Record<ValueType, number>> = ValueKind;
const NOTHING = new Uint8Array(0);
const noHead: RecordOf<'headPart'> = {
  kind: 0,
  table: 0,
  maxCharacters: 0,
  orElse: 0,
  orElseLength: 0,
  places: 0,
  placeCount: 0,
  reserved: 0,
};
const noField: RecordOf<'mappedField'> = {
  kind: 0,
  type: 0,
  maxCharacters: 0,
  places: 0,
  placeCount: 0,
  opening: 0,
  openingLength: 0,
  ipv6Opening: 0,
  ipv6OpeningLength: 0,
  label: 0,
  labelLength: 0,
  ipv6Label: 0,
  ipv6LabelLength: 0,
  reserved: 0,
};
/** Room for the digits of a time and of a TimeNs, and for some more. */
const MAX_NUMBERS_BYTES = 64;
const MAX_TIME_DIGITS = 16;

export interface MappedProgram {
  readonly head: number;
  readonly headCount: number;
  readonly fields: number;
  readonly fieldCount: number;
  /** The columns whose values are in the head. */
  readonly headColumns: number;
  readonly headColumnCount: number;
  /** Upper bound of the bytes of all constants. */
  readonly constants: number;
  /** Bytes that one byte of a column can become at most, in all places together. */
  readonly growth: number;
}

/** Whether the kernel can write this part: no paths into JSON; the log's time only in fields, uncut and unescaped. */
export function isMappedPossible({ head, fields }: Mapped, valueEscape: CompiledEscape): boolean {
  const isWhole = (value: ValueSource) => value.kind !== 'fields' || value.places.every(({ path }) => !path);
  const takesTime = ({ value, maxCharacters = MAX_TIME_DIGITS }: MappedField) =>
    value.kind !== 'log-time' || (maxCharacters >= MAX_TIME_DIGITS && !escapesDigits(valueEscape));
  return (
    fields.every((field) => isWhole(field.value) && takesTime(field)) &&
    head.every((part) => part.kind !== 'value' || isHeadPossible(part.value, part.escape.replacements, isWhole))
  );
}

function isHeadPossible(
  value: ValueSource,
  replacements: readonly Uint8Array[],
  isWhole: (value: ValueSource) => boolean,
): boolean {
  return value.kind !== 'log-time' && isWhole(value) && isShort({ replacements });
}

export function writeMappedProgram(
  memory: KernelMemory,
  mapped: Mapped,
  row: CompiledRow,
  columns: ColumnNames,
): MappedProgram {
  return writePacked(memory, (packed) => new Writer(packed, row, columns).mapped(mapped));
}

class Writer {
  readonly #packed: Packed;
  readonly #row: CompiledRow;
  readonly #columns: ColumnNames;
  #constants = MAX_NUMBERS_BYTES;
  /** Indexed by the column; see `MappedProgram.growth`. */
  readonly #growths: number[] = [];

  constructor(packed: Packed, row: CompiledRow, columns: ColumnNames) {
    this.#packed = packed;
    this.#row = row;
    this.#columns = columns;
  }

  mapped({ head, fields }: Mapped): MappedProgram {
    const { row, trail, topic, source, timeNs } = this.#row;
    const headWords = mergeConstants(head).flatMap((part) => this.#headPart(part));
    const headColumns = this.#growths.flatMap((_, column) => [column]);
    const fieldWords = fields.flatMap((field) => this.#field(field));
    const opening = Math.max(row.firstSeparator.length, row.separator.length) + row.keyValueSign.length;
    for (const own of [topic, source, timeNs]) this.#constants += opening + (own?.key.length ?? 0);
    this.#constants += row.firstSeparator.length + trail.length + row.suffix.length;
    return {
      head: this.#packed.words(headWords),
      headCount: (headWords.length * 4) / bytesOf('headPart'),
      fields: this.#packed.words(fieldWords),
      fieldCount: (fieldWords.length * 4) / bytesOf('mappedField'),
      headColumns: this.#packed.words(headColumns),
      headColumnCount: headColumns.length,
      constants: this.#constants,
      growth: Math.max(0, ...this.#growths.filter((growth) => growth !== undefined)),
    };
  }

  #headPart(part: HeadPart): number[] {
    if (part.kind === 'severity') {
      const texts = this.#packed.words(part.texts.flatMap((text) => Object.values(this.#text('text', text))));
      return wordsOf('headPart', { ...noHead, kind: HeadKind.severity, table: texts });
    }
    if (part.kind === 'constant') return this.#constantHead(part.bytes);
    const { value, escape: table, maxCharacters, orElse } = part;
    if (value.kind !== 'fields') {
      const bytes = value.kind === 'constant' ? value.bytes : NOTHING;
      return this.#constantHead(bytes.length === 0 ? orElse : this.#cut(bytes, maxCharacters, compileEscape(table)));
    }
    const address = this.#packed.bytes(escapeBytes(table));
    return wordsOf('headPart', {
      kind: HeadKind.value,
      table: address,
      maxCharacters: Math.min(maxCharacters, NO_LIMIT),
      ...this.#text('orElse', orElse),
      ...this.#places(value, maxExpansion(table)),
      reserved: 0,
    });
  }

  #constantHead(bytes: Uint8Array): number[] {
    // A value without places is missing, and its `orElse` is written.
    return wordsOf('headPart', { ...noHead, kind: HeadKind.value, ...this.#text('orElse', bytes) });
  }

  #field(field: MappedField): number[] {
    const { value, as, maxCharacters = NO_LIMIT, key, label, ipv6 } = field;
    const { separator, keyValueSign } = this.#row.row;
    const opening = (name: Uint8Array) => Buffer.concat([separator, name, keyValueSign]);
    const labelText = (text: Uint8Array | undefined) => (text ? Buffer.concat([separator, text]) : NOTHING);
    this.#constants += Math.max(separator.length, this.#row.row.firstSeparator.length) + MAX_NUMBERS_BYTES;
    if (value.kind === 'constant') {
      const constant = constantValue(value.bytes, as, ipv6 !== undefined);
      if (constant === undefined) return [];
      const form = constant.isIpv6 && ipv6 ? ipv6 : field;
      const text = this.#cut(constant.bytes, field.maxCharacters, this.#row.valueEscape);
      return wordsOf('mappedField', {
        ...noField,
        kind: FieldKind.constant,
        type: types.text,
        maxCharacters: NO_LIMIT,
        ...this.#text('opening', Buffer.concat([opening(form.key), text])),
        ...this.#text('label', labelText(form.label)),
      });
    }
    const isLogTime = value.kind === 'log-time';
    return wordsOf('mappedField', {
      ...noField,
      kind: isLogTime ? FieldKind.logTime : FieldKind.fields,
      type: types[as],
      maxCharacters: Math.min(maxCharacters, NO_LIMIT),
      ...(!isLogTime && this.#places(value, this.#row.valueExpansion)),
      ...this.#text('opening', opening(key)),
      ...(ipv6 && this.#text('ipv6Opening', opening(ipv6.key))),
      ...this.#text('label', labelText(label)),
      ...this.#text('ipv6Label', labelText(ipv6?.label)),
    });
  }

  #places(
    value: ValueSource & { kind: 'fields' },
    expansion: number,
  ): { readonly places: number; readonly placeCount: number } {
    const places = value.places.map(({ field, port }) => {
      const column = this.#columns.add(field);
      this.#growths[column] = (this.#growths[column] ?? 0) + expansion;
      return port === undefined ? column : column + PORT_PLACE + (port.ofIpv6 ? PORT_OF_IPV6 : 0);
    });
    return { places: this.#packed.words(places), placeCount: places.length };
  }

  #cut(value: Uint8Array, maxCharacters: number | undefined, table: CompiledEscape): Uint8Array {
    const bytes = this.#row.row.invalidUtf8 === 'replace' ? validUtf8(value) : value;
    const end = maxCharacters === undefined ? bytes.length : charactersEnd(bytes, 0, bytes.length, maxCharacters);
    return escapedKey(bytes.subarray(0, end), table);
  }

  /** @returns address and length of the text, as a record has them under this name */
  #text<Name extends string>(name: Name, text: Uint8Array): Record<Name | `${Name}Length`, number> {
    this.#constants += text.length;
    const numbers = { [name]: this.#packed.bytes(text), [`${name}Length`]: text.length };
    return numbers as Record<Name | `${Name}Length`, number>;
  }
}

function mergeConstants(head: readonly HeadPart[]): HeadPart[] {
  const merged: HeadPart[] = [];
  for (const part of head) {
    const last = merged.at(-1);
    if (part.kind !== 'constant' || last?.kind !== 'constant') merged.push(part);
    else merged[merged.length - 1] = { kind: 'constant', bytes: Buffer.concat([last.bytes, part.bytes]) };
  }
  return merged;
}

/** A constant in the form of its type; undefined where it is not of the type. */
function constantValue(
  bytes: Uint8Array,
  as: ValueType,
  takesIpv6: boolean,
): { readonly bytes: Uint8Array; readonly isIpv6: boolean } | undefined {
  const text = latin1(bytes);
  if (text === '') return undefined;
  switch (as) {
    case 'text':
      return { bytes, isIpv6: false };
    case 'integer':
      return isInteger(text) ? { bytes, isIpv6: false } : undefined;
    case 'ip': {
      const address = addressIn(text.slice(0, ADDRESS_TEXT_BYTES));
      if (address === undefined || (address.version === 6 && !takesIpv6)) return undefined;
      const written =
        address.text === undefined ? bytes.subarray(address.start, address.end) : Buffer.from(address.text);
      return { bytes: written, isIpv6: address.version === 6 };
    }
    case 'time': {
      const ms = text.length > MAX_TYPED_BYTES ? undefined : epochMs(text);
      return ms === undefined ? undefined : { bytes: new Uint8Array(Buffer.from(ms)), isIpv6: false };
    }
  }
}
