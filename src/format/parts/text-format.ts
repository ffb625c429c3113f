/**
 * A format that is no row: code that makes a log's text, such as a template or a user's module. It runs in TypeScript,
 * log by log.
 */
import type { LogView } from './log-view.ts';

export interface TextFormat {
  readonly kind: 'text';
  /** `template`; for error messages and logs. */
  readonly name: string;
  /**
   * The message's text; a string is written as UTF-8. Line breaks in it are written as `\n` and `\r`, other control
   * characters as they are.
   * @throws anything: the log is rejected then, with the reason `format`
   */
  format(log: LogView): string | Uint8Array;
  /**
   * The text of a log for which it is too long, where it can be less and still be read. Absent: it is cut between any
   * two characters.
   * @param maxBytes of UTF-8, at least 4
   */
  cut?(log: LogView, maxBytes: number): string;
  /** The same two for a log of many fields, so that others have their turn in between. Absent: such a log is no other. */
  readonly inSteps?: TextInSteps;
}

/** A log's fields as `LogView.fields` has them; `undefined` where one was looked at that is not among them. */
export type FieldsInSteps = Iterable<readonly [name: string, value: string] | undefined>;

export interface TextInSteps {
  /** The text in parts, one after another; an empty one where a field gave none. */
  format(fields: FieldsInSteps): Iterable<string>;
  /** Yields for each step, and returns the text. */
  cut(fields: FieldsInSteps, maxBytes: number): Generator<undefined, string>;
}
