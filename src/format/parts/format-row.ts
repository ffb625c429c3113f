/**
 * A format as data: one row says how a log's fields become a message's text. A new format is a new row; the
 * encoders have no code for any format in particular.
 *
 *     prefix  firstSeparator key sign value  separator key sign value  …  trail  suffix
 *
 * For instance, with fields a=1 and b=2, and without fields:
 *
 *     key=value   firstSeparator ||   separator ||   sign =                           ||a=1||b=2         (nothing)
 *     JSON        prefix {  firstSeparator "  separator ","  sign ":"  trail "  suffix }     {"a":"1","b":"2"}  {}
 */
import type { EscapeTable } from './escape-table.ts';
import type { Mapped } from './mapped.ts';

export interface FormatRow {
  /** `kv`; for error messages and logs. */
  readonly name: string;
  readonly prefix: Uint8Array;
  /** Before the first field. */
  readonly firstSeparator: Uint8Array;
  /** Between two fields. */
  readonly separator: Uint8Array;
  readonly keyEscape: EscapeTable;
  readonly keyValueSign: Uint8Array;
  readonly valueEscape: EscapeTable;
  /** After the last field; absent: nothing. */
  readonly trail?: Uint8Array;
  readonly suffix: Uint8Array;
  /**
   * Names and values that are not UTF-8; default `pass`: they are written as they are. `replace`: each byte sequence
   * that is none becomes U+FFFD, as `TextDecoder` does it (one for each maximal subpart).
   */
  readonly invalidUtf8?: 'pass' | 'replace';
  /**
   * How the format spells the name of a field (CEF's own keys are alphanumeric), after selection and renaming, before
   * it is escaped. Asked once a name, or once in a while; a pure function. Absent: as it is.
   */
  readonly spell?: (name: Uint8Array) => Uint8Array;
  /**
   * Every field is written under its name, also where another one has it, or the service. Default: the first of them is,
   * the service's before the log's; the others get names of their own (encode/text/written-names.ts).
   */
  readonly keepsNames?: boolean;
  /**
   * The name of its own that a field gets, by the one that it cannot have, spelt already, and the number of the try from
   * 1: spelt already, and another one for each. Default: `sls_name`, `sls_name_2`, …
   */
  readonly ownName?: (name: Uint8Array, number: number) => Uint8Array;
  /** Whether a spelt name is one that a tag could have, whatever tags there are. Default: none but `__tag__:…`. */
  readonly isTagName?: (name: Uint8Array) => boolean;
  /**
   * What the text is of the message; default `text`: its MSG. `structured-data`: its STRUCTURED-DATA, which follows
   * MSGID (or an identity, with nothing between), and there is no MSG. RFC 5424 only. Of a log without any field that
   * is prefix and suffix, an element without parameters: so the prefix may not be empty.
   */
  readonly place?: 'text' | 'structured-data';
  /** Fields with a place of their own, before the others. */
  readonly mapped?: Mapped;
}

const LINE_FEED = 0x0a;

/** `sls_source`, `sls_source_2`, … */
export function prefixedName(name: Uint8Array, number: number): Uint8Array {
  return Uint8Array.from(Buffer.concat([Buffer.from('sls_'), name, Buffer.from(number > 1 ? `_${number}` : '')]));
}

/**
 * True where a text that is too long is cut inside a value, or whole fields are left away, so that its trail and suffix
 * still end it. Others are cut between any two characters.
 */
export function isClosed(row: FormatRow): boolean {
  return (row.trail?.length ?? 0) > 0 || row.suffix.length > 0 || row.mapped !== undefined;
}

/** True where no log whatsoever can bring a line feed into the text: what LF framing depends on. */
export function isSingleLine(row: FormatRow): boolean {
  const mapped = row.mapped && mappedTexts(row.mapped);
  const constants = [row.prefix, row.firstSeparator, row.separator, row.keyValueSign, row.trail, row.suffix];
  constants.push(...(mapped?.constants ?? []));
  const escapes = [row.keyEscape, row.valueEscape, ...(mapped?.escapes ?? [])];
  return (
    constants.every((bytes) => !bytes?.includes(LINE_FEED)) &&
    escapes.every(
      (table) =>
        table.classes[LINE_FEED] !== 0 && table.replacements.every((replacement) => !replacement.includes(LINE_FEED)),
    )
  );
}

/** What it writes as it is, and by which escapes the rest; the values of mapped fields are written as others are. */
function mappedTexts({ head, fields }: Mapped): { constants: (Uint8Array | undefined)[]; escapes: EscapeTable[] } {
  const constants: (Uint8Array | undefined)[] = [];
  const escapes: EscapeTable[] = [];
  for (const part of head) {
    if (part.kind === 'constant') constants.push(part.bytes);
    else if (part.kind === 'severity') constants.push(...part.texts);
    else {
      constants.push(part.orElse);
      escapes.push(part.escape);
    }
  }
  for (const { key, label, ipv6 } of fields) constants.push(key, label, ipv6?.key, ipv6?.label);
  return { constants, escapes };
}
