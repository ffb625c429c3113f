/**
 * A log, to look at while its text is made; not to be kept beyond that: the next log uses it again. Text is decoded as
 * UTF-8 when it is asked for, U+FFFD in place of what is none.
 */
export interface LogView {
  /** Unix seconds. */
  readonly time: number;
  /** Nanoseconds within the second; absent where the log has none. */
  readonly timeNs: number | undefined;
  /** Of the message: 0 (emerg) to 7 (debug), as the rules decided. */
  readonly severity: number;
  /** Of the message: 0 (kern) to 23 (local7), as the rules decided. */
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
   * The fields to be written, those that are selected, under their new names, in their order. No name is there twice: see
   * encode/text/written-names.ts.
   */
  fields(): Iterable<readonly [name: string, value: string]>;
}
