/**
 * JSON (RFC 8259): an object for each log, with members in the order of the log's fields, all of them strings:
 *
 *     {"__topic__":"nginx","__source__":"10.0.0.7","status":"200"}
 *
 * Quotation mark, backslash and control characters are escaped (section 7), DEL too; all other characters are written
 * as they are, also U+2028 and U+2029. Invalid UTF-8 becomes U+FFFD (section 8.1 requires UTF-8). Names are unique
 * (section 4): see encode/text/written-names.ts.
 *
 * Numbers stay strings, since a log's values are text: `007` and `1.10` would not survive. See json-text.ts for
 * `--infer-types` and `--nest`.
 */
import { controlEntries, utf8 } from '../parts/bytes.ts';
import { createEscapeTable } from '../parts/escape-table.ts';
import type { FormatRow } from '../parts/format-row.ts';

const NAMED: Readonly<Record<number, string>> = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r' };

export function createJsonRow(): FormatRow {
  const jsonEscape = createEscapeTable([
    ...controlEntries((byte) => NAMED[byte] ?? `\\u${byte.toString(16).padStart(4, '0')}`),
    [0x22, '\\"'],
    [0x5c, '\\\\'],
  ]);
  return {
    name: 'json',
    prefix: utf8('{'),
    firstSeparator: utf8('"'),
    separator: utf8('","'),
    keyEscape: jsonEscape,
    keyValueSign: utf8('":"'),
    valueEscape: jsonEscape,
    trail: utf8('"'),
    suffix: utf8('}'),
    invalidUtf8: 'replace',
  };
}
