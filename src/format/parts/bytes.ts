/** Functions for the text and bytes of formats. Pure. */
import { createHash } from 'node:crypto';
import type { EscapeTable } from './escape-table.ts';

export const NOTHING = new Uint8Array(0);

export function utf8(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'utf8'));
}

/** Escapes a constant as a log's value would be. */
export function escaped(text: string, table: EscapeTable): Uint8Array {
  const parts = Array.from(utf8(text), (byte) => {
    const escapeClass = table.classes[byte]!;
    return escapeClass === 0 ? Uint8Array.of(byte) : table.replacements[escapeClass]!;
  });
  return Uint8Array.from(Buffer.concat(parts));
}

/** Cuts the text to so many code points. */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return Array.from(text).slice(0, maxCharacters).join('');
}

/** Eight hex digits that distinguish names which had to be changed. */
export function shortHash(name: Uint8Array): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 8);
}

/** The ASCII control characters and DEL, each with its replacement. */
export function controlEntries(replace: (byte: number) => string): [byte: number, replacement: string][] {
  const bytes = [...Array.from({ length: 0x20 }, (_, byte) => byte), 0x7f];
  return bytes.map((byte) => [byte, replace(byte)]);
}

/** Writes a control character as `\n`, `\r`, `\t` or `\xHH`. @param backslash the text for the backslash */
export function controlEscape(byte: number, backslash = '\\'): string {
  const named: Readonly<Record<number, string>> = { 9: 't', 10: 'n', 13: 'r' };
  return `${backslash}${named[byte] ?? `x${byte.toString(16).padStart(2, '0')}`}`;
}
