/**
 * A log's fields as RFC 5424 STRUCTURED-DATA (section 6.3), without MSG:
 *
 *     <14>1 2026-11-20T10:11:12Z web-01 - - - [fields@32473 __topic__="nginx" status="200"]
 *
 * PARAM-NAME: 1 to 32 printable ASCII characters without `=`, space, `]` and `"`. In an invalid name other bytes become
 * `_`, and it becomes its first 23 characters, `~` and eight digits of its hash, so that different names stay
 * different. Names are unique (encode/text/written-names.ts), though section 6.3.3 allows repeated ones.
 *
 * PARAM-VALUE: UTF-8; invalid UTF-8 becomes U+FFFD. `"`, `\` and `]` are escaped with `\`. Control characters, which
 * could end the message at many receivers, are written as `\n`, `\r`, `\t` and `\xHH`, whose `\` is escaped too: a
 * receiver gets the two characters `\n` as the value.
 */
import { AppError } from '../../core/errors.ts';
import { controlEntries, controlEscape, shortHash, utf8 } from '../parts/bytes.ts';
import { createEscapeTable } from '../parts/escape-table.ts';
import { type FormatRow, prefixedName } from '../parts/format-row.ts';

/** The enterprise number reserved for examples (RFC 5612). */
export const EXAMPLE_ENTERPRISE_ID = 32473;

const MAX_NAME_BYTES = 32;
const KEPT_BYTES = 23;

/**
 * @param enterpriseId IANA Private Enterprise Number, 1 to 4294967295
 * @throws AppError with code `format` and action `fatal`
 */
export function createStructuredDataFormat(enterpriseId: number = EXAMPLE_ENTERPRISE_ID): FormatRow {
  if (!Number.isInteger(enterpriseId) || enterpriseId < 1 || enterpriseId > 0xffff_ffff) {
    throw new AppError(`The enterprise number is ${enterpriseId}; it must be a whole number from 1 to 4294967295.`, {
      code: 'format',
      action: 'fatal',
    });
  }
  const backslash = '\\\\';
  return {
    name: 'sd',
    prefix: utf8(`[fields@${enterpriseId}`),
    firstSeparator: utf8(' '),
    separator: utf8('" '),
    // `paramName` leaves nothing to escape.
    keyEscape: createEscapeTable(controlEntries(() => '_')),
    keyValueSign: utf8('="'),
    valueEscape: createEscapeTable([
      ...controlEntries((byte) => controlEscape(byte, backslash)),
      [0x22, '\\"'],
      [0x5c, backslash],
      [0x5d, '\\]'],
    ]),
    trail: utf8('"'),
    suffix: utf8(']'),
    invalidUtf8: 'replace',
    spell: paramName,
    otherName: (name, number) => paramName(prefixedName(name, number)),
    place: 'structured-data',
  };
}

export function paramName(name: Uint8Array): Uint8Array {
  const clean = Uint8Array.from(name, (byte) => (isNameByte(byte) ? byte : 0x5f));
  const isClean = name.length > 0 && name.length <= MAX_NAME_BYTES && name.every(isNameByte);
  if (isClean) return clean;
  return utf8(`${Buffer.from(clean.subarray(0, KEPT_BYTES)).toString('latin1')}~${shortHash(name)}`);
}

function isNameByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x3d && byte !== 0x5d;
}
