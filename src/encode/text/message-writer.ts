/**
 * The interface of the writers that make a message's text from a log: its length, the text, and as much of it as fits.
 *
 *     row-writer.ts         a format row, straight from the walker's spans: no object for a log or a field
 *     field-list-writer.ts  a format row that needs all fields first: equal names, mapped fields, invalid UTF-8
 *     checked-writer.ts     the first of these for logs without equal names, and the second for the others
 *     computed-writer.ts    code: a template, a user's module
 */
import type { TextPiece } from './cut-text.ts';
import type { Output } from './output.ts';

/** Writes the texts of one batch. */
export interface MessageWriter {
  /** Prepares the fields of the walker's present group. Call it once a group. */
  beginGroup(): void;
  /**
   * Prepares the walker's present log. Call it once a log, after `beginGroup`.
   * @param facility, severity of the message: 0..23, 0..7
   * @throws FormatError: no text can be made of the log
   */
  beginLog(facility: number, severity: number): void;
  /** Renamed fields (written-names.ts) of the walker's present log. */
  readonly renamedFields: number;
  /** Bytes of the present log's text if nothing in it has to be escaped: a guess. */
  plainLength(): number;
  /** Upper bound of the text's bytes. */
  maxLength(): number;
  /** Exactly the bytes that `write` will write; looks at every byte, so call it only where `maxLength` does not fit. */
  exactLength(): number;
  write(output: Output): void;
  /**
   * The text that `write` would write, in pieces that are not escaped yet, so that it can be cut. Slower, and only for
   * messages over the limit. The walker has to stay at the log until the last piece is taken.
   */
  pieces(): Iterator<TextPiece>;
  /**
   * Writes as much as fits of a text that is too long.
   * @param limit no byte is written at or after this offset in the output
   */
  writeCut(output: Output, limit: number): void;
}

/** A format that is code has thrown an error, or has not returned a text. The log is rejected. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}
