/** A format row and a selection of fields, prepared for writing; the same for all batches and both encoders. */
import { byteSource } from '../../core/byte-source.ts';
import { type FormatRow, isClosed } from '../../format/parts/format-row.ts';
import type { Mapped } from '../../format/parts/mapped.ts';
import {
  type FieldChoices,
  type FieldSelection,
  fieldChoices,
  SOURCE_NAME,
  TAG_PREFIX,
  TIME_NS_NAME,
  TOPIC_NAME,
} from '../../rules/field-selection.ts';
import { MAX_UTF8_CHARACTER_BYTES } from './cut-text.ts';
import { type CompiledEscape, compileEscape, escapedLength, Output } from './output.ts';
import { WrittenNames } from './written-names.ts';

export interface CompiledRow {
  readonly row: FormatRow;
  readonly keyEscape: CompiledEscape;
  readonly valueEscape: CompiledEscape;
  readonly keyExpansion: number;
  readonly valueExpansion: number;
  /** The text after the last field; may be empty. */
  readonly trail: Uint8Array;
  /** Bytes of the longest piece that is never cut: an escape, or a UTF-8 character. */
  readonly maxCharacterBytes: number;
  /** Least room for a text, in bytes: one character, and in a closed row the constants around it. */
  readonly minTextBytes: number;
  /** The fields that are neither tags nor contents; undefined where one is not written. */
  readonly topic: OwnField | undefined;
  readonly source: OwnField | undefined;
  readonly timeNs: OwnField | undefined;
  /** `__tag__:`, escaped as a key. */
  readonly tagKeyPrefix: Uint8Array;
  /** Which fields are written, and under which names. */
  readonly names: WrittenNames;
  /** `names.natural`, with its answers cached. */
  readonly choices: FieldChoices | undefined;
}

export interface OwnField {
  readonly name: Uint8Array;
  /** The name, escaped as a key. */
  readonly key: Uint8Array;
}

export function compileRow(row: FormatRow, selection?: FieldSelection): CompiledRow {
  const names = new WrittenNames(row, selection);
  const keyEscape = compileEscape(row.keyEscape);
  const valueEscape = compileEscape(row.valueEscape);
  const ownField = (name: Uint8Array): OwnField | undefined => {
    const written = names.ofService(name);
    if (written === 'drop') return undefined;
    return { name: written.bytes, key: escapedKey(written.bytes, keyEscape) };
  };
  const trail = row.trail ?? new Uint8Array(0);
  const maxCharacterBytes = Math.max(MAX_UTF8_CHARACTER_BYTES, keyEscape.expansion, valueEscape.expansion);
  const head = row.mapped ? constantHead(row.mapped) : row.prefix.length;
  const closingBytes = head + row.firstSeparator.length + trail.length + row.suffix.length;
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
    names,
    choices: names.natural && fieldChoices(names.natural),
  };
}

export function escapedKey(name: Uint8Array, keyEscape: CompiledEscape): Uint8Array {
  const source = byteSource(name);
  const bytes = new Uint8Array(escapedLength(source, 0, name.length, keyEscape));
  new Output(byteSource(bytes)).escaped(source, 0, name.length, keyEscape);
  return bytes;
}

/** Bytes of a head's constants. */
function constantHead({ head }: Mapped): number {
  return head.reduce((bytes, part) => bytes + (part.kind === 'constant' ? part.bytes.length : 0), 0);
}
