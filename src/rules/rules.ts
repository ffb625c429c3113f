/**
 * What is decided of a log by its content, as data: whether it is sent, and with which priority, tag and message id.
 * Both encoders read the same rules.
 *
 * A log's field goes by its flattened name in UTF-8 (`__topic__`, `__tag__:<key>`, `<key>`), as it was before selection
 * and renaming; of several with one name the first counts. `__topic__` and `__source__` are always there, perhaps
 * empty; `__time_ns_part__` where the log has a TimeNs other than 0, in decimal.
 */

export interface Rules {
  /** In this order. A log is dropped by the first whose condition does not hold for it, and counted there. */
  readonly filters: readonly Filter[];
  /** In this order: the first that holds decides. */
  readonly classes: readonly ClassRule[];
  /** Where no class gives a severity. */
  readonly severityField?: SeverityField;
}

export interface Filter {
  /** For counts: what the user calls it, or `where`, `where[1]`. */
  readonly name: string;
  /** A log for which it holds is kept. */
  readonly keep: Condition;
}

/** What it gives; the rest is as it would be without it. */
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
  /** 0..7; undefined: the message has its usual one. A pure function: answers may be kept. */
  readonly severityOf: (value: Uint8Array) => number | undefined;
}

/** A test of a field that is not there does not hold, whatever it is; `not` turns that round. */
export type Condition =
  | { readonly kind: 'exists'; readonly field: Uint8Array }
  /** The value is one of these, byte for byte. */
  | { readonly kind: 'in'; readonly field: Uint8Array; readonly values: readonly Uint8Array[] }
  | { readonly kind: 'prefix' | 'suffix' | 'contains'; readonly field: Uint8Array; readonly text: Uint8Array }
  /**
   * The value is a decimal number (`[+-]?`, digits, perhaps a point and digits: at most 32 characters) within both
   * bounds, which belong to the range; as IEEE doubles. At least one bound is there.
   */
  | { readonly kind: 'range'; readonly field: Uint8Array; readonly min?: number; readonly max?: number }
  /** A pure function, linear in the value's length: answers may be kept. */
  | {
      readonly kind: 'regex';
      readonly field: Uint8Array;
      readonly matches: (value: Uint8Array) => boolean;
      /** As the user wrote it. */
      readonly source: string;
    }
  | { readonly kind: 'not'; readonly of: Condition }
  /** `all` of none holds, `any` of none does not. */
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] };
