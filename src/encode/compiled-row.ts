/** A format row and a selection of fields, prepared for writing; the same for all batches and both encoders. */
import { type FormatRow, isClosed } from '../format/format-row.ts';
import type { Mapped } from '../format/mapped.ts';
import { MAX_UTF8_CHARACTER_BYTES } from './cut-text.ts';
import {
  type FieldChoice,
  type FieldChoices,
  type FieldSelection,
  fieldChoices,
  SOURCE_NAME,
  TAG_PREFIX,
  TIME_NS_NAME,
  TOPIC_NAME,
} from './field-selection.ts';
import { byteSource, type CompiledEscape, compileEscape, escapedLength, Output } from './output.ts';
import { validUtf8 } from './utf8.ts';

export interface CompiledRow {
  readonly row: FormatRow;
  readonly keyEscape: CompiledEscape;
  readonly valueEscape: CompiledEscape;
  readonly keyExpansion: number;
  readonly valueExpansion: number;
  /** After the last field; empty where there is none. */
  readonly trail: Uint8Array;
  /** Bytes of the longest piece that a text must not be cut in: an escape, or a UTF-8 character. */
  readonly maxCharacterBytes: number;
  /** Bytes that every text must have room for; a row that is closed has its end besides a character. */
  readonly minTextBytes: number;
  /** The fields that do not come from the log; undefined where one is not written. */
  readonly topic: OwnField | undefined;
  readonly source: OwnField | undefined;
  readonly timeNs: OwnField | undefined;
  /** Escaped as a key. */
  readonly tagKeyPrefix: Uint8Array;
  /**
   * Which fields are written, and under which names: the user's selection, then the row's spelling, then U+FFFD for
   * what is no UTF-8, where the row asks for these. Absent: all fields are written, under their own names.
   */
  readonly select: FieldSelection | undefined;
  /** The same, its answers kept. */
  readonly choices: FieldChoices | undefined;
}

export interface OwnField {
  readonly name: Uint8Array;
  /** The name, escaped as a key. */
  readonly key: Uint8Array;
}

export function compileRow(row: FormatRow, selection?: FieldSelection): CompiledRow {
  const select = namesOf(row, selection);
  const keyEscape = compileEscape(row.keyEscape);
  const valueEscape = compileEscape(row.valueEscape);
  const ownField = (name: Uint8Array): OwnField | undefined => {
    const choice = select?.(name) ?? 'keep';
    if (choice === 'drop') return undefined;
    const written = choice === 'keep' ? name : choice;
    return { name: written, key: escapedKey(written, keyEscape) };
  };
  const trail = row.trail ?? new Uint8Array(0);
  const maxCharacterBytes = Math.max(MAX_UTF8_CHARACTER_BYTES, keyEscape.expansion, valueEscape.expansion);
  const head = row.mapped ? constantHead(row.mapped) : row.prefix.length;
  const closingBytes = head + row.lead.length + trail.length + row.suffix.length;
  return {
    row,
    keyEscape,
    valueEscape,
    keyExpansion: keyEscape.expansion,
    valueExpansion: valueEscape.expansion,
    trail,
    maxCharacterBytes,
    minTextBytes: maxCharacterBytes + (isClosed(row) ? closingBytes : 0),
    topic: ownField(TOPIC_NAME),
    source: ownField(SOURCE_NAME),
    timeNs: ownField(TIME_NS_NAME),
    tagKeyPrefix: escapedKey(TAG_PREFIX, keyEscape),
    select,
    choices: select && fieldChoices(select),
  };
}

export function escapedKey(name: Uint8Array, keyEscape: CompiledEscape): Uint8Array {
  const source = byteSource(name);
  const bytes = new Uint8Array(escapedLength(source, 0, name.length, keyEscape));
  new Output(byteSource(bytes)).escaped(source, 0, name.length, keyEscape);
  return bytes;
}

/** Bytes of a head whose values are left away. */
function constantHead({ head }: Mapped): number {
  return head.reduce((bytes, part) => bytes + (part.kind === 'constant' ? part.bytes.length : 0), 0);
}

/** Selection and renaming, then the row's own ways with names. */
function namesOf({ spell, invalidUtf8 }: FormatRow, selection: FieldSelection | undefined): FieldSelection | undefined {
  if (spell === undefined && invalidUtf8 !== 'replace') return selection;
  return (name): FieldChoice => {
    const choice = selection?.(name) ?? 'keep';
    if (choice === 'drop') return choice;
    const chosen = choice === 'keep' ? name : choice;
    const spelled = spell?.(chosen) ?? chosen;
    const written = invalidUtf8 === 'replace' ? validUtf8(spelled) : spelled;
    return written === name || Buffer.compare(written, name) === 0 ? 'keep' : written;
  };
}
