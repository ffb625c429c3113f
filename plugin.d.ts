/**
 * Types for a format of your own: `--format module --module ./my-format.js`.
 *
 *     import type { CreateFormatter } from 'sls-syslog/plugin';
 *
 *     const createFormatter: CreateFormatter<{ separator?: string }> = (options) => ({
 *       format: (log) => [...log.fields()].map(([name, value]) => `${name}=${value}`).join(options.separator ?? ' '),
 *     });
 *     export default createFormatter;
 */

/**
 * A log, as a formatter reads it. Valid only while the log's text is made: the object is reused for the next log. Text
 * is decoded from UTF-8 when it is read; invalid UTF-8 becomes U+FFFD.
 */
export interface LogView {
  /** Unix seconds. */
  readonly time: number;
  /** Nanoseconds within the second; absent where the log has none. */
  readonly timeNs: number | undefined;
  /** Severity of the message, 0 (emerg) to 7 (debug), as the rules decided. */
  readonly severity: number;
  /** Facility of the message, 0 (kern) to 23 (local7), as the rules decided. */
  readonly facility: number;
  /**
   * The value of a field by its flattened name: `__topic__`, `__source__`, `__time_ns_part__`, `__tag__:<key>`,
   * `<key>`; whether it is selected or renamed or not. Of several fields with one name, the first. A name of the
   * service's never gives a log's own field that has the same name.
   */
  get(name: string): string | undefined;
  /** Like `get`, but not decoded: a view of memory that is reused. */
  bytes(name: string): Uint8Array | undefined;
  /**
   * The selected fields in their order, under the names that they are written under. Names are unique: a second field
   * `a` is `sls_a`, and a log's own field with a name of the service's, such as `__source__`, is `sls___source__`.
   */
  fields(): Iterable<readonly [name: string, value: string]>;
}

export interface Formatter {
  /**
   * The message's text; a string is written as UTF-8, line breaks as `\n` and `\r`. Synchronous. What it throws is an
   * error of this log, which goes to the dead letters.
   */
  format(log: LogView): string | Uint8Array;
}

/** The module's default export. Called once, synchronously, with what `module-options` holds in the configuration. */
export type CreateFormatter<Options extends object = Readonly<Record<string, unknown>>> = (
  options: Options,
) => Formatter | Formatter['format'];
