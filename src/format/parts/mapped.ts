/**
 * The mapped part of a format, as CEF and LEEF have it: values in the head of the text, and fields under the format's
 * own keys, before all others.
 *
 *     CEF:0|Alibaba Cloud|ActionTrail|1.0|ConsoleSignin|ConsoleSignin|3|src=10.0.0.7 suser=alice …the others
 *     └──────────────────────────── head ────────────────────────────┘ └────── fields ─────────┘
 *
 * The head replaces the row's prefix. Mapped fields come before the other fields, with the row's separators and sign as
 * if they were the first of them.
 *
 * A log's field is known by its flattened name (`__topic__`, `__tag__:<key>`, `<key>`), before selection and renaming;
 * of several fields with one name the first counts. A field whose whole value a mapped field has taken is not written
 * again among the others; fields that a mapped field could have taken, but did not, are.
 */
import type { EscapeTable } from './escape-table.ts';

export interface Mapped {
  readonly head: readonly HeadPart[];
  /** In the order of writing. A field whose value is missing, empty or not of type `as` is not written, nor taken. */
  readonly fields: readonly MappedField[];
  /** Whether the log's other fields follow. */
  readonly rest: boolean;
}

export type HeadPart =
  | { readonly kind: 'constant'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'value';
      readonly value: ValueSource;
      readonly escape: EscapeTable;
      /** The value is cut to so many characters, before it is escaped. */
      readonly maxCharacters: number;
      /** Text, already escaped, where the value is missing or empty. */
      readonly orElse: Uint8Array;
    }
  /** Eight texts, by the message's severity (RFC 5424: 0 emerg to 7 debug). */
  | { readonly kind: 'severity'; readonly texts: readonly Uint8Array[] };

export interface MappedField {
  /** The key, already escaped. */
  readonly key: Uint8Array;
  readonly value: ValueSource;
  readonly as: ValueType;
  /** The value is cut to so many characters, before it is escaped. Absent: no limit. */
  readonly maxCharacters?: number;
  /** With `ip`: the key for an IPv6 address, in place of `key`. */
  readonly ipv6?: {
    readonly key: Uint8Array;
    /** A whole field with key and sign, already escaped, written after the address: `c6a2Label=Source IPv6 Address`. */
    readonly label?: Uint8Array;
  };
  /** A whole field with key and sign, already escaped, written after this one: `cs1Label=Region`. */
  readonly label?: Uint8Array;
}

/**
 * - `text`: anything
 * - `ip`: an IPv4 address (four decimal numbers of 0 to 255 without leading zeros), or an IPv6 address (RFC 4291, all
 *   of its forms), which counts as missing where there is no `ipv6`; also in brackets, with a port or a zone, or as the
 *   first of a list: see address.ts. Only the address is written; a field with more than that is not taken.
 * - `integer`: `-?` and 1 to 18 decimal digits
 * - `time`: epoch seconds (10 digits), milliseconds (13), microseconds (16) or nanoseconds (19), or an ISO 8601 date
 *   and time with its offset (`2026-11-20T10:11:12.345Z`, `+08:00`); written as epoch milliseconds, cut.
 */
export type ValueType = 'text' | 'ip' | 'integer' | 'time';

export type ValueSource =
  /** A constant has to be of the type `as` too. */
  | { readonly kind: 'constant'; readonly bytes: Uint8Array }
  /** The first of these values that exists, is not empty, and is of the type `as`. */
  | { readonly kind: 'fields'; readonly places: readonly FieldPlace[] }
  /** The log's own time, in milliseconds; only with the type `time`. */
  | { readonly kind: 'log-time' };

export interface FieldPlace {
  /** The field's flattened name. */
  readonly field: Uint8Array;
  /**
   * Keys of objects, or indexes of arrays in decimal, from the outside in, where the field holds JSON. The value is a
   * string without its quotes and escapes, a number, true or false as written, or an object or array as its text; null
   * counts as missing. Absent: the whole field.
   */
  readonly path?: readonly string[];
  /**
   * The value is the port of the address in this field: where the address has none, later places are not used either. A
   * port is of the type `integer` only. The field counts as taken where it has only the address and the port.
   */
  readonly port?: { /** The port of an IPv6 address counts too. */ readonly ofIpv6: boolean };
}
