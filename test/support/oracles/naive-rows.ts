/**
 * What a row of data says a text is, written down a second time: lists of characters in, a list of characters out.
 * Strings are latin1: one character is one byte.
 */
import type { EscapeTable } from '../../../src/format/parts/escape-table.ts';
import type { FormatRow } from '../../../src/format/parts/format-row.ts';
import type { FieldSelection } from '../../../src/rules/field-selection.ts';
import { naiveWrittenNames } from './naive-names.ts';

export type NaiveField = readonly [name: string, value: string];

/** Fields, of which so many are the service's. */
export interface NaiveFields {
  readonly fields: readonly NaiveField[];
  readonly serviceCount: number;
}

/** A text that may be cut: each piece whole or not at all. */
export interface NaiveText {
  readonly head: readonly string[];
  readonly fields: readonly { readonly opening: string; readonly value: readonly string[] }[];
  readonly trail: string;
  readonly suffix: string;
}

/** The fields as they are written, not escaped. */
export function naiveNames(
  row: FormatRow,
  { fields, serviceCount }: NaiveFields,
  select?: FieldSelection,
): NaiveField[] {
  const repaired = (text: string) =>
    row.invalidUtf8 === 'replace' ? toLatin1(Buffer.from(text, 'latin1').toString('utf8')) : text;
  const natural = (name: string): string | undefined => {
    const choice = select?.(bytes(name)) ?? 'keep';
    if (choice === 'drop') return undefined;
    const chosen = choice === 'keep' ? bytes(name) : choice;
    return repaired(fromBytes(row.spell ? row.spell(chosen) : chosen));
  };
  const named = fields.map(([name], index) => ({ name, isService: index < serviceCount }));
  const written = naiveWrittenNames(named, { ...row, natural });
  return fields.flatMap(([, value], index): NaiveField[] => {
    const name = written[index];
    return name === undefined ? [] : [[name, repaired(value)]];
  });
}

export function naiveRowText(row: FormatRow, fields: NaiveFields, select?: FieldSelection): NaiveText {
  const written = naiveNames(row, fields, select);
  return {
    head: [...fromBytes(row.prefix)],
    fields: written.map(([name, value], index) => ({
      opening:
        fromBytes(index === 0 ? row.firstSeparator : row.separator) +
        naiveCharactersOf(name, row.keyEscape).join('') +
        fromBytes(row.keyValueSign),
      value: naiveCharactersOf(value, row.valueEscape),
    })),
    trail: written.length > 0 ? fromBytes(row.trail ?? new Uint8Array(0)) : '',
    suffix: fromBytes(row.suffix),
  };
}

export function naiveWhole({ head, fields, trail, suffix }: NaiveText): string {
  return head.join('') + fields.map(({ opening, value }) => opening + value.join('')).join('') + trail + suffix;
}

/** As much as fits, ended by trail and suffix: cut in a value, or before a field. */
export function naiveCut(text: NaiveText, trailText: string, maxBytes: number): string {
  const { head, fields, suffix } = text;
  let cut = '';
  for (const character of head) {
    if (cut.length + character.length + suffix.length > maxBytes) return cut + suffix;
    cut += character;
  }
  let hasFields = false;
  cutting: for (const { opening, value } of fields) {
    const fits = (more: string) => cut.length + more.length + trailText.length + suffix.length <= maxBytes;
    if (!fits(opening)) break;
    cut += opening;
    hasFields = true;
    for (const character of value) {
      if (!fits(character)) break cutting;
      cut += character;
    }
  }
  return cut + (hasFields ? trailText : '') + suffix;
}

const utf8Character = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\s\S]/g;

/** What must not be taken apart: UTF-8 characters and what becomes of an escaped byte. */
export function naiveCharactersOf(text: string, table: EscapeTable): string[] {
  const replacement = (character: string) => {
    const escapeClass = table.classes[character.charCodeAt(0)]!;
    return escapeClass === 0 ? undefined : fromBytes(table.replacements[escapeClass]!);
  };
  return (text.match(utf8Character) ?? []).flatMap((character) => {
    const escaped = [...character].map((byte) => replacement(byte));
    if (escaped.every((byte) => byte === undefined)) return [character];
    return [...character].map((byte, index) => escaped[index] ?? byte);
  });
}

export function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

export function fromBytes(text: Uint8Array): string {
  return Buffer.from(text).toString('latin1');
}

function toLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
