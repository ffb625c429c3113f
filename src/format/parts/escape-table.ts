/**
 * An escape as data: which bytes are replaced, and by what. Both encoders read the same table.
 */
import { AppError } from '../../core/errors.ts';

export interface EscapeTable {
  /** 256 classes, one a byte: 0 passes the byte on unchanged, `n` writes `replacements[n]` in its place. */
  readonly classes: Uint8Array;
  /** Replacement text of each class; `replacements[0]` is empty and never written. */
  readonly replacements: readonly Uint8Array[];
}

/**
 * @param entries pairs of a byte (0..255) and what is written in its place, as ASCII text; a later pair for the
 * same byte wins
 */
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

/** Bytes that one input byte can become at most; 1 where nothing is escaped. */
export function maxExpansion(table: EscapeTable): number {
  return Math.max(1, ...table.replacements.map((replacement) => replacement.length));
}
