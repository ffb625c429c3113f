/**
 * A format as data: one row says how a log's fields become a message's text. A new format is a new row; the
 * encoders have no code for any format in particular.
 *
 *     prefix  lead key sign value  separator key sign value  …  suffix
 *
 * For instance, with fields a=1 and b=2:
 *
 *     key=value   lead ||   separator ||   sign =                            ||a=1||b=2
 *     JSON        prefix {  lead "  separator ","  sign ":"  suffix "}       {"a":"1","b":"2"}
 */
import type { EscapeTable } from './escape-table.ts';

export interface FormatRow {
  /** `kv`; for error messages and logs. */
  readonly name: string;
  readonly prefix: Uint8Array;
  /** Before the first field. */
  readonly lead: Uint8Array;
  /** Between two fields. */
  readonly separator: Uint8Array;
  readonly keyEscape: EscapeTable;
  readonly keyValueSign: Uint8Array;
  readonly valueEscape: EscapeTable;
  readonly suffix: Uint8Array;
}

const LINE_FEED = 0x0a;

/** True where no log whatsoever can bring a line feed into the text: what LF framing depends on. */
export function isSingleLine(row: FormatRow): boolean {
  const constants = [row.prefix, row.lead, row.separator, row.keyValueSign, row.suffix];
  const escapes = [row.keyEscape, row.valueEscape];
  return (
    constants.every((bytes) => !bytes.includes(LINE_FEED)) &&
    escapes.every(
      (table) =>
        table.classes[LINE_FEED] !== 0 && table.replacements.every((replacement) => !replacement.includes(LINE_FEED)),
    )
  );
}
