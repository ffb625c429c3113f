/** Writes an escape table as assembly/base/escape.ts reads it. */
import type { CompiledEscape } from '../encode/text/output.ts';
import { ESCAPE_LENGTHS, ESCAPE_REPLACEMENTS } from './interface/sizes.ts';

const MAX_REPLACEMENT_BYTES = 16;
const DIGITS = Buffer.from('0123456789');

/** Whether the kernel can write the escape. */
export function isShort({ replacements }: Pick<CompiledEscape, 'replacements'>): boolean {
  return replacements.every(({ length }) => length <= MAX_REPLACEMENT_BYTES);
}

/** Whether digits are escaped: the kernel writes numbers as they are. */
export function escapesDigits({ classes }: Pick<CompiledEscape, 'classes'>): boolean {
  return DIGITS.some((digit) => classes[digit] !== 0);
}

export function escapeBytes({ classes, replacements }: Pick<CompiledEscape, 'classes' | 'replacements'>): Uint8Array {
  const bytes = new Uint8Array(ESCAPE_REPLACEMENTS + 256 * MAX_REPLACEMENT_BYTES);
  const isHigh = classes.subarray(0x80).some((escapeClass) => escapeClass !== 0);
  bytes.fill(isHigh ? 0xff : 0, 0, ESCAPE_LENGTHS);
  for (let byte = 0; byte < 256; byte++) {
    const escapeClass = classes[byte]!;
    const replacement = escapeClass === 0 ? Uint8Array.of(byte) : replacements[escapeClass]!;
    bytes[ESCAPE_LENGTHS + byte] = replacement.length;
    bytes.set(replacement, ESCAPE_REPLACEMENTS + byte * MAX_REPLACEMENT_BYTES);
    if (isHigh) continue;
    if (escapeClass !== 0) bytes[byte & 0x0f]! |= 1 << (byte >> 4);
    if (byte < 8) bytes[16 + byte] = 1 << byte;
  }
  return bytes;
}
