/**
 * The rules, as data for both encoders: by a log's fields they decide whether the log is sent, and with which priority,
 * tag and message id.
 *
 * A log's field is known by its flattened name in UTF-8 (`__topic__`, `__tag__:<key>`, `<key>`), before selection and
 * renaming; of several fields with one name the first counts. `__topic__` and `__source__` always exist, perhaps empty;
 * `__time_ns_part__` exists where the log has a TimeNs other than 0, in decimal.
 */

export interface Rules {
  /** A log is dropped by the first filter whose condition does not hold, and counted there. */
  readonly filters: readonly Filter[];
  /** The first class whose condition holds decides. */
  readonly classes: readonly ClassRule[];
  /** Gives the severity where no class does. */
  readonly severityField?: SeverityField;
}

export interface Filter {
  /** Name for counts: the user's, or `where`, `where[1]`. */
  readonly name: string;
  /** Logs for which the condition holds are kept. */
  readonly keep: Condition;
}

/** Values for the messages of logs for which `when` holds; absent ones are as without the rule. */
export interface ClassRule {
  readonly when: Condition;
  /** 0..23 */
  readonly facility?: number;
  /** 0..7 */
  readonly severity?: number;
  /** APP-NAME (RFC 5424), TAG (RFC 3164). */
  readonly appName?: string;
  readonly msgId?: string;
}

export interface SeverityField {
  readonly field: Uint8Array;
  /** 0..7; undefined: the message has the default severity. A pure function, whose answers may be cached. */
  readonly severityOf: (value: Uint8Array) => number | undefined;
}

/** No test of a missing field holds; `not` inverts that too. */
export type Condition =
  | { readonly kind: 'exists'; readonly field: Uint8Array }
  /** The value equals one of `values`, byte for byte. */
  | { readonly kind: 'in'; readonly field: Uint8Array; readonly values: readonly Uint8Array[] }
  | { readonly kind: 'prefix' | 'suffix' | 'contains'; readonly field: Uint8Array; readonly text: Uint8Array }
  /**
   * The value is a decimal number (`[+-]?`, digits, perhaps a point and digits: at most 32 characters) within the
   * bounds, inclusive; compared as IEEE doubles. There is at least one bound.
   */
  | { readonly kind: 'range'; readonly field: Uint8Array; readonly min?: number; readonly max?: number }
  /** `matches` is a pure function, linear in the value's length, whose answers may be cached. */
  | {
      readonly kind: 'regex';
      readonly field: Uint8Array;
      readonly matches: (value: Uint8Array) => boolean;
      /** The expression as the user wrote it. */
      readonly source: string;
    }
  | { readonly kind: 'not'; readonly of: Condition }
  /** With an empty list, `all` holds and `any` does not. */
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] };
