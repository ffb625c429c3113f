/**
 * The text of a row in pieces: all of them, or as many as fit. A text is cut between any two characters; where the row
 * is closed, only inside a value or before a field, and trail and suffix follow:
 *
 *     {"a":"some text","b":"more"}      {"a":"some te"}      {}
 */
import { type FormatRow, isClosed } from '../../format/parts/format-row.ts';
import { CutText, plainPiece, type TextPiece } from './cut-text.ts';
import type { Output } from './output.ts';

export interface FieldPieces {
  /** All before the value, or a field without a value: never cut in a closed row. */
  readonly opening: readonly TextPiece[];
  readonly value: TextPiece | undefined;
}

/** @param head what stands before the first field */
export function* rowPieces(
  head: Iterable<TextPiece>,
  fields: Iterable<FieldPieces>,
  { trail, suffix }: FormatRow,
): Generator<TextPiece, undefined> {
  yield* head;
  let hasFields = false;
  for (const { opening, value } of fields) {
    hasFields = true;
    yield* opening;
    if (value) yield value;
  }
  if (trail && hasFields) yield plainPiece(trail);
  yield plainPiece(suffix);
  return undefined;
}

/**
 * Writes as much of a text as fits. A head that is too long is cut too, and only the suffix follows.
 * @param limit no byte is written at or after this offset in the output; a closed row's prefix, trail and suffix fit
 */
export function writeCutRow(
  output: Output,
  limit: number,
  head: Iterable<TextPiece>,
  fields: Iterable<FieldPieces>,
  row: FormatRow,
): void {
  const { trail = NOTHING, suffix } = row;
  if (!isClosed(row)) {
    writePieces(rowPieces(head, fields, row), output, limit);
    return;
  }
  const isWhole = writePieces(head, output, limit - suffix.length);
  const hasFields = isWhole && writeCutFields(fields, output, limit - suffix.length - trail.length);
  if (hasFields) output.text(trail);
  output.text(suffix);
}

/** @returns whether any field is written */
function writeCutFields(fields: Iterable<FieldPieces>, output: Output, limit: number): boolean {
  let hasFields = false;
  for (const { opening, value } of fields) {
    const start = output.position;
    if (start > limit) break;
    if (!writePieces(opening, output, limit)) {
      output.position = start;
      break;
    }
    hasFields = true;
    if (value && !writePieces([value], output, limit)) break;
  }
  return hasFields;
}

/** @returns whether all pieces are written */
function writePieces(pieces: Iterable<TextPiece>, output: Output, limit: number): boolean {
  const text = new CutText(pieces[Symbol.iterator]());
  text.write(output, limit);
  return text.atEnd;
}

const NOTHING = new Uint8Array(0);
