/** An escape as data for both encoders: which bytes are replaced, and by what. */
import { AppError } from '../../core/errors.ts';

export interface EscapeTable {
  /** The class of each of 256 bytes: 0 leaves the byte as it is, `n` writes `replacements[n]` instead. */
  readonly classes: Uint8Array;
  /** The replacement of each class; `replacements[0]` is empty and never written. */
  readonly replacements: readonly Uint8Array[];
}

/** @param entries pairs of a byte (0..255) and its replacement in ASCII; a later pair for the same byte wins */
export function createEscapeTable(entries: Iterable<readonly [byte: number, replacement: string]>): EscapeTable {
  const classes = new Uint8Array(256);
  const replacements: Uint8Array[] = [new Uint8Array(0)];
  for (const [byte, replacement] of new Map(entries)) {
    if (replacements.length > 255) {
      throw new AppError('An escape table holds at most 255 replacements: fewer bytes must be escaped.', {
        code: 'format',
        action: 'fatal',
      });
    }
    classes[byte] = replacements.length;
    replacements.push(Uint8Array.from(Buffer.from(replacement, 'latin1')));
  }
  return { classes, replacements };
}

/** Most bytes that one byte can become; 1 where nothing is escaped. */
export function maxExpansion(table: EscapeTable): number {
  return Math.max(1, ...table.replacements.map((replacement) => replacement.length));
}
