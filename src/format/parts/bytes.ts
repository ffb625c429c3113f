/** Text and bytes of formats' constants. Pure. */
import { createHash } from 'node:crypto';
import type { EscapeTable } from './escape-table.ts';

export const NOTHING = new Uint8Array(0);

export function utf8(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'utf8'));
}

/** A constant, escaped as a value from a log would be. */
export function escaped(text: string, table: EscapeTable): Uint8Array {
  const parts = Array.from(utf8(text), (byte) => {
    const escapeClass = table.classes[byte]!;
    return escapeClass === 0 ? Uint8Array.of(byte) : table.replacements[escapeClass]!;
  });
  return Uint8Array.from(Buffer.concat(parts));
}

/** Cut after so many code points. */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return Array.from(text).slice(0, maxCharacters).join('');
}

/** Eight hex digits that tell names apart which had to be changed. */
export function shortHash(name: Uint8Array): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 8);
}

/** The ASCII control characters and DEL, each with what takes its place. */
export function controlEntries(replace: (byte: number) => string): [byte: number, replacement: string][] {
  const bytes = [...Array.from({ length: 0x20 }, (_, byte) => byte), 0x7f];
  return bytes.map((byte) => [byte, replace(byte)]);
}

/** `\n`, `\r`, `\t`, others as `\xHH`, `backslash` being the first character. */
export function controlEscape(byte: number, backslash = '\\'): string {
  const named: Readonly<Record<number, string>> = { 9: 't', 10: 'n', 13: 'r' };
  return `${backslash}${named[byte] ?? `x${byte.toString(16).padStart(2, '0')}`}`;
}
