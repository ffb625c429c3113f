/**
 * A format as data: a row says how a log's fields become a message's text. A new format is a new row; the encoders have
 * no code for particular formats.
 *
 *     prefix  firstSeparator key sign value  separator key sign value  …  trail  suffix
 *
 * Examples, with fields a=1 and b=2, and without fields:
 *
 *     key=value   firstSeparator ||   separator ||   sign =                           ||a=1||b=2         (nothing)
 *     JSON        prefix {  firstSeparator "  separator ","  sign ":"  trail "  suffix }     {"a":"1","b":"2"}  {}
 */
import type { EscapeTable } from './escape-table.ts';
import type { Mapped } from './mapped.ts';

export interface FormatRow {
  /** Name for error messages and logs, as `kv`. */
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
   * Invalid UTF-8 in names and values. `pass`, the default: it is written as it is. `replace`: it becomes U+FFFD, one
   * for each maximal subpart, as by `TextDecoder`.
   */
  readonly invalidUtf8?: 'pass' | 'replace';
  /**
   * Spells a field's name as the format needs it (CEF's keys are alphanumeric), after selection and renaming, before
   * escaping. A pure function, whose answers are cached. Absent: names stay as they are.
   */
  readonly spell?: (name: Uint8Array) => Uint8Array;
  /**
   * True: every field is written under its name, also where another field, or one of the service's, has the same.
   * Default: only the first field with a name is, the service's before the log's; others get other names
   * (encode/text/written-names.ts).
   */
  readonly keepsNames?: boolean;
  /**
   * The other name for a field whose name is taken, by that name and the number of the attempt, from 1; a different one
   * for each attempt. Both names are spelt. Default: `sls_name`, `sls_name_2`, …
   */
  readonly otherName?: (name: Uint8Array, number: number) => Uint8Array;
  /** Whether a spelt name could be that of some tag. Default: only `__tag__:…` could. */
  readonly isTagName?: (name: Uint8Array) => boolean;
  /**
   * The part of the message that the text is; default `text`: MSG. `structured-data`: STRUCTURED-DATA, which follows
   * MSGID (or an identity, with nothing between), and there is no MSG; RFC 5424 only. A log without fields gives prefix
   * and suffix, an element without parameters: so the prefix may not be empty.
   */
  readonly place?: 'text' | 'structured-data';
  /** Mapped fields, which come before the others. */
  readonly mapped?: Mapped;
}

const LINE_FEED = 0x0a;

/** `sls_source`, `sls_source_2`, … */
export function prefixedName(name: Uint8Array, number: number): Uint8Array {
  return Uint8Array.from(Buffer.concat([Buffer.from('sls_'), name, Buffer.from(number > 1 ? `_${number}` : '')]));
}

/**
 * True where a text that is too long is cut inside a value, or loses whole fields, so that it still ends with its trail
 * and suffix. Texts of other formats are cut between any two characters.
 */
export function isClosed(row: FormatRow): boolean {
  return (row.trail?.length ?? 0) > 0 || row.suffix.length > 0 || row.mapped !== undefined;
}

/** True where no log can bring a line feed into the text: LF framing depends on it. */
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

/** Constants of a mapped part, and escapes of its head; the values of mapped fields have the row's `valueEscape`. */
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
