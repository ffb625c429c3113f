/**
 * What a batch needs of whatever makes a message's text of a log: the room that it takes, the text, and as much of it
 * as fits.
 *
 *     row-writer.ts         a row of data, straight from the walker's places: no object for a log or a field
 *     field-list-writer.ts  a row that has to know all of a log's fields first: equal names, mapped fields, bad UTF-8
 *     checked-writer.ts     the first of these for logs without equal names, and the second for the others
 *     computed-writer.ts    code: a template, a user's module
 */
import type { TextPiece } from './cut-text.ts';
import type { Output } from './output.ts';

/** Writes the texts of one batch. */
export interface MessageWriter {
  /** Prepares what the walker's present group gives to each of its logs. To be called once a group. */
  beginGroup(): void;
  /**
   * Prepares the walker's present log. To be called once a log, after its group.
   * @param facility, severity of the message: 0..23, 0..7
   * @throws FormatError: no text can be made of it
   */
  beginLog(facility: number, severity: number): void;
  /** Fields of the walker's present log that are written under names of their own (written-names.ts). */
  readonly renamedFields: number;
  /** Bytes of the walker's present log as a text if nothing in it has to be escaped: a guess. */
  plainLength(): number;
  /** No text of this log is longer. */
  maxLength(): number;
  /** Exactly what `write` will write; looks at every byte, so it is for large logs only. */
  exactLength(): number;
  write(output: Output): void;
  /**
   * What `write` would write, in pieces that are not escaped yet, so that it can be taken apart. Slower, and for
   * messages that are over the limit only. The walker has to stay at the log until the last piece is taken.
   */
  pieces(): Iterator<TextPiece>;
  /**
   * Writes as much as fits of a text that is too long.
   * @param limit no byte is written at or after this offset in the output
   */
  writeCut(output: Output, limit: number): void;
}

/** A format that is code has thrown, or has returned what is no text. The log is rejected. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}
