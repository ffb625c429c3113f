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
 * A log, to look at while its text is made; not to be kept beyond that: the next log uses it again. Text is decoded as
 * UTF-8 when it is asked for, U+FFFD in place of what is none.
 */
export interface LogView {
  /** Unix seconds. */
  readonly time: number;
  /** Nanoseconds within the second; undefined where the log has none. */
  readonly timeNs: number | undefined;
  /** Of the message: 0 (emerg) to 7 (debug). */
  readonly severity: number;
  /** Of the message: 0 (kern) to 23 (local7). */
  readonly facility: number;
  /**
   * The value of a field by its flattened name: `__topic__`, `__source__`, `__time_ns_part__`, `__tag__:<key>`,
   * `<key>`; whatever is selected or renamed. The first, where several have that name. Under a name of the service's never
   * a field of the log's own that is called so.
   */
  get(name: string): string | undefined;
  /** The same, not decoded; a view on memory that is used again. */
  bytes(name: string): Uint8Array | undefined;
  /**
   * The fields to be written, those that are selected, under their new names, in their order. No name is there twice: a
   * second `a` is `sls_a`, and a log's own field that is called like one of the service's `sls___source__`.
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
