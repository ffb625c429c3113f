/**
 * A format that is code, and not a row: a template, for example, or a user's module. It runs in TypeScript, log by log.
 */
import type { LogView } from './log-view.ts';

export interface TextFormat {
  readonly kind: 'text';
  /** Name for error messages and logs, as `template`. */
  readonly name: string;
  /**
   * Returns the message's text; a string is written as UTF-8. Line breaks in the text are written as `\n` and `\r`,
   * other control characters as they are.
   * @throws anything: the log is then rejected with the reason `format`
   */
  format(log: LogView): string | Uint8Array;
  /**
   * Returns a shorter text that can still be parsed, for a log whose text is too long. Absent: the text is cut between
   * any two characters.
   * @param maxBytes of UTF-8, at least 4
   */
  cut?(log: LogView, maxBytes: number): string;
  /** `format` and `cut` in steps, for logs of many fields, so that the event loop can run in between. */
  readonly inSteps?: TextInSteps;
}

/** A log's fields as in `LogView.fields`; `undefined` for a field that is not among them. */
export type FieldsInSteps = Iterable<readonly [name: string, value: string] | undefined>;

export interface TextInSteps {
  /** The text in parts; an empty part where a field gave none. */
  format(fields: FieldsInSteps): Iterable<string>;
  /** Yields after each step, and returns the text. */
  cut(fields: FieldsInSteps, maxBytes: number): Generator<undefined, string>;
}
