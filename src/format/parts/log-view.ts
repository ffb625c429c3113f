/**
 * A log, as text formats read it. Valid only while the log's text is made: the object is reused for the next log. Text
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
   * The selected fields in their order, under the names that they are written under. Names are unique: see
   * encode/text/written-names.ts.
   */
  fields(): Iterable<readonly [name: string, value: string]>;
}
