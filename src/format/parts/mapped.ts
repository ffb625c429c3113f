/**
 * The part of a format that gives some of a log's fields a place of their own, as CEF and LEEF do: values within the
 * head of the text, and fields under the format's own keys, before all others.
 *
 *     CEF:0|Alibaba Cloud|ActionTrail|1.0|ConsoleSignin|ConsoleSignin|3|src=10.0.0.7 suser=alice …the others
 *     └──────────────────────────── head ────────────────────────────┘ └────── fields ─────────┘
 *
 * The head stands in place of the row's prefix, the fields in front of the others, with the row's lead, separators and
 * sign as if they were the first of them.
 *
 * A log's field goes by its flattened name (`__topic__`, `__tag__:<key>`, `<key>`), as it was before selection and
 * renaming; of several with one name the first counts. One that a mapped field has taken its value from, whole, is not
 * written again among the others; those that it could have taken, but did not, are.
 */
import type { EscapeTable } from './escape-table.ts';

export interface Mapped {
  readonly head: readonly HeadPart[];
  /** In this order. One whose value is missing, empty, or not what `as` asks for is not written, nor taken. */
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
      /** Of the value, before it is escaped: what is longer is cut. */
      readonly maxCharacters: number;
      /** Written as it is where the value is missing or empty. */
      readonly orElse: Uint8Array;
    }
  /** By the severity that the message has (RFC 5424's: 0 emerg to 7 debug): eight texts. */
  | { readonly kind: 'severity'; readonly texts: readonly Uint8Array[] };

export interface MappedField {
  /** As it is written: escaped already. */
  readonly key: Uint8Array;
  readonly value: ValueSource;
  readonly as: ValueType;
  /** Of the value, before it is escaped: what is longer is cut. Absent: no limit. */
  readonly maxCharacters?: number;
  /** With `ip`: what is written of an IPv6 address, in place of `key` and the value. */
  readonly ipv6?: {
    readonly key: Uint8Array;
    /** A whole field with key and sign, escaped already, that stands after it: `c6a2Label=Source IPv6 Address`. */
    readonly label?: Uint8Array;
  };
  /** A whole field with key and sign, escaped already, that stands after it: `cs1Label=Region`. */
  readonly label?: Uint8Array;
}

/**
 * - `text`: anything
 * - `ip`: an IPv4 address (four decimal numbers of 0 to 255 without leading zeros), or an IPv6 address (RFC 4291, all
 *   of its forms), which is missing where there is no `ipv6`; also within brackets, with a port or a zone, or as the first
 *   of a list: address.ts. What is written is the address; a field that says more is not taken.
 * - `integer`: `-?` and 1 to 18 decimal digits
 * - `time`: written as epoch milliseconds; digits are epoch seconds (10), milliseconds (13), microseconds (16) or
 *   nanoseconds (19, cut); else an ISO 8601 date and time with its offset (`2026-11-20T10:11:12.345Z`, `+08:00`).
 *   A whole-field source of it is taken, as with the other types.
 */
export type ValueType = 'text' | 'ip' | 'integer' | 'time';

export type ValueSource =
  /** Has to be what `as` asks for, as other values. */
  | { readonly kind: 'constant'; readonly bytes: Uint8Array }
  /** The first of these that is there, not empty, and what `as` asks for. */
  | { readonly kind: 'fields'; readonly places: readonly FieldPlace[] }
  /** The log's own time: with `time` only. Nanoseconds of a second and more are left out. */
  | { readonly kind: 'log-time' };

export interface FieldPlace {
  /** Flattened name. */
  readonly field: Uint8Array;
  /**
   * Keys of objects, or indexes of arrays in decimal, from the outside in, where the field holds JSON: what is there
   * counts, a string without its quotes and escapes, a number, true or false as it is written, an object or array as its
   * text; null is missing. Absent: the field as a whole.
   */
  readonly path?: readonly string[];
  /**
   * The value is the port of the address in this field: where the address has none, later places do not count either. A port
   * is a value of type `integer` only. The field counts as taken where it holds the address and the port, and nothing else.
   */
  readonly port?: { /** An IPv6 address is one. */ readonly ofIpv6: boolean };
}
