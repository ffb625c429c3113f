/**
 * Writes a text as far as it fits: a text that is too long for one message is cut here, and goes on in the next message
 * or is left out.
 *
 * A text is cut only between characters, the pieces that a reader takes as one:
 *
 *     an escape of ours      \n  \|  \x00    whole: its first half would read as something else
 *     a UTF-8 character      1 to 4 bytes    whole
 *     any other byte                         by itself: no place is right in bytes that are not UTF-8
 *
 * The texts of all parts, one after another, are the whole text, byte for byte.
 */
import type { CompiledEscape, Output } from './output.ts';

/** A piece of a text: bytes, and the escape that is still to be applied to them. */
export interface TextPiece {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Absent: the bytes are written as they are. */
  readonly escape?: CompiledEscape;
}

export function plainPiece(bytes: Uint8Array): TextPiece {
  return { bytes, start: 0, end: bytes.length };
}

/** Bytes of the longest UTF-8 character. */
export const MAX_UTF8_CHARACTER_BYTES = 4;

const NOTHING_ESCAPED = new Uint8Array(256);

export class CutText {
  readonly #pieces: Iterator<TextPiece>;
  #piece: TextPiece | undefined;
  /** Offset of the next byte in the piece. */
  #at = 0;

  /** @param pieces taken one by one, as the text is written */
  constructor(pieces: Iterator<TextPiece>) {
    this.#pieces = pieces;
    this.#nextPiece();
  }

  /** Whether the whole text is written. */
  get atEnd(): boolean {
    return this.#piece === undefined;
  }

  /**
   * Goes on writing, up to the end of the text or the last character that fits.
   * @param limit no byte is written at or after this offset in the output
   */
  write(output: Output, limit: number): void {
    for (let piece = this.#piece; piece !== undefined; piece = this.#piece) {
      this.#at = writeCharacters(piece, this.#at, output, limit);
      if (this.#at < piece.end) return;
      this.#nextPiece();
    }
  }

  /** Skips empty pieces, so that a text is at its end right after its last byte. */
  #nextPiece(): void {
    do {
      const { done, value } = this.#pieces.next();
      this.#piece = done ? undefined : value;
    } while (this.#piece !== undefined && this.#piece.start === this.#piece.end);
    this.#at = this.#piece?.start ?? 0;
  }
}

/** @returns the offset in the piece of the first byte that is not written */
function writeCharacters(piece: TextPiece, start: number, output: Output, limit: number): number {
  const { bytes, end, escape: table } = piece;
  const classes = table?.classes ?? NOTHING_ESCAPED;
  let at = start;
  while (at < end) {
    const escapeClass = classes[bytes[at]!]!;
    if (table !== undefined && escapeClass !== 0) {
      const replacement = table.replacements[escapeClass]!;
      if (output.position + replacement.length > limit) break;
      output.text(replacement);
      at++;
    } else {
      const next = characterEnd(bytes, at, end, classes);
      if (output.position + next - at > limit) break;
      for (; at < next; at++) output.byte(bytes[at]!);
    }
  }
  return at;
}

/** Where the UTF-8 character at `at` ends; `at + 1` where there is none. */
function characterEnd(bytes: Uint8Array, at: number, end: number, classes: Uint8Array): number {
  const length = characterLength(bytes[at]!);
  if (at + length > end) return at + 1;
  for (let next = at + 1; next < at + length; next++) {
    const byte = bytes[next]!;
    if ((byte & 0xc0) !== 0x80 || classes[byte] !== 0) return at + 1;
  }
  return at + length;
}

function characterLength(firstByte: number): number {
  if (firstByte < 0xc2) return 1;
  if (firstByte < 0xe0) return 2;
  if (firstByte < 0xf0) return 3;
  return firstByte < 0xf5 ? 4 : 1;
}

/** Where the first `maxCharacters` UTF-8 characters end; a byte outside of any counts as one. */
export function charactersEnd(bytes: Uint8Array, start: number, end: number, maxCharacters: number): number {
  if (end - start <= maxCharacters) return end;
  let at = start;
  for (let count = 0; count < maxCharacters && at < end; count++) at = characterEnd(bytes, at, end, NOTHING_ESCAPED);
  return at;
}
