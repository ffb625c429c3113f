/** A format row and a selection of fields, prepared for writing; the same for all batches and both encoders. */
import { maxExpansion } from '../format/escape-table.ts';
import type { FormatRow } from '../format/format-row.ts';
import { MAX_UTF8_CHARACTER_BYTES } from './cut-text.ts';
import {
  FieldChoices,
  type FieldSelection,
  SOURCE_NAME,
  TAG_PREFIX,
  TIME_NS_NAME,
  TOPIC_NAME,
} from './field-selection.ts';
import { byteSource, type CompiledEscape, compileEscape, escapedLength, Output } from './output.ts';

export interface CompiledRow {
  readonly row: FormatRow;
  readonly keyEscape: CompiledEscape;
  readonly valueEscape: CompiledEscape;
  readonly keyExpansion: number;
  readonly valueExpansion: number;
  /** Bytes of the longest piece that a text must not be cut in: an escape, or a UTF-8 character. */
  readonly maxCharacterBytes: number;
  /** The fields that do not come from the log; undefined where one is not written. */
  readonly topic: OwnField | undefined;
  readonly source: OwnField | undefined;
  readonly timeNs: OwnField | undefined;
  /** Escaped as a key. */
  readonly tagKeyPrefix: Uint8Array;
  /** Absent: all fields are written, under their own names. */
  readonly select: FieldSelection | undefined;
  /** The same, its answers kept. */
  readonly choices: FieldChoices | undefined;
}

export interface OwnField {
  readonly name: Uint8Array;
  /** The name, escaped as a key. */
  readonly key: Uint8Array;
}

export function compileRow(row: FormatRow, select?: FieldSelection): CompiledRow {
  const keyEscape = compileEscape(row.keyEscape);
  const keyExpansion = maxExpansion(row.keyEscape);
  const valueExpansion = maxExpansion(row.valueEscape);
  const ownField = (name: Uint8Array): OwnField | undefined => {
    const choice = select?.(name) ?? 'keep';
    if (choice === 'drop') return undefined;
    const written = choice === 'keep' ? name : choice;
    return { name: written, key: escapedKey(written, keyEscape) };
  };
  return {
    row,
    keyEscape,
    valueEscape: compileEscape(row.valueEscape),
    keyExpansion,
    valueExpansion,
    maxCharacterBytes: Math.max(MAX_UTF8_CHARACTER_BYTES, keyExpansion, valueExpansion),
    topic: ownField(TOPIC_NAME),
    source: ownField(SOURCE_NAME),
    timeNs: ownField(TIME_NS_NAME),
    tagKeyPrefix: escapedKey(TAG_PREFIX, keyEscape),
    select,
    choices: select && new FieldChoices(select),
  };
}

export function escapedKey(name: Uint8Array, keyEscape: CompiledEscape): Uint8Array {
  const source = byteSource(name);
  const bytes = new Uint8Array(escapedLength(source, 0, name.length, keyEscape));
  new Output(byteSource(bytes)).escaped(source, 0, name.length, keyEscape);
  return bytes;
}
