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
}
