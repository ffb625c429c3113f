/** Format rows; what holds for those that no product has holds for the formats to come: a format is data. */
import { createEscapeTable } from '../../src/format/escape-table.ts';
import type { FormatRow } from '../../src/format/format-row.ts';
import { createKeyValueFormat } from '../../src/format/key-value.ts';

const text = (value: string) => new Uint8Array(Buffer.from(value));

export const jsonLike: FormatRow = {
  name: 'json-like',
  prefix: text('{'),
  lead: text('"'),
  separator: text('","'),
  keyEscape: createEscapeTable([...controls(), [0x22, '\\"'], [0x5c, '\\\\']]),
  keyValueSign: text('":"'),
  valueEscape: createEscapeTable([...controls(), [0x22, '\\"'], [0x5c, '\\\\']]),
  suffix: text('"}'),
};

/** Texts that are longer than a vector or empty, escapes of 0 to 16 bytes, and of bytes that are no ASCII. */
const strange: FormatRow = {
  name: 'strange',
  prefix: text('a prefix that is longer than one vector of sixteen bytes '),
  lead: text(''),
  separator: text(' and a separator that is longer than that as well '),
  keyEscape: createEscapeTable([
    [0x0a, ''],
    [0x61, '0123456789abcdef'],
    [0xe2, '?'],
  ]),
  keyValueSign: text(''),
  valueEscape: createEscapeTable([
    [0x0a, ' '],
    [0xff, '\\xff'],
    [0x80, ''],
  ]),
  suffix: text('.'),
};

/** Usual texts, and escapes as long as the kernel can write. */
const longEscapes: FormatRow = {
  ...jsonLike,
  name: 'long escapes',
  keyEscape: createEscapeTable(Array.from({ length: 0x30 }, (_, byte) => [byte, 'k'.repeat(byte % 17)])),
  valueEscape: createEscapeTable(Array.from({ length: 0x80 }, (_, byte) => [byte, '0123456789abcdef'])),
};

const plain: FormatRow = {
  ...jsonLike,
  name: 'plain',
  keyEscape: createEscapeTable([]),
  valueEscape: createEscapeTable([]),
};

/** Every message is empty. */
const silent: FormatRow = {
  name: 'silent',
  prefix: text(''),
  lead: text(''),
  separator: text(''),
  keyEscape: createEscapeTable(Array.from({ length: 255 }, (_, byte) => [byte, ''])),
  keyValueSign: text(''),
  valueEscape: createEscapeTable(Array.from({ length: 255 }, (_, byte) => [byte, ''])),
  suffix: text(''),
};

function controls(): [number, string][] {
  return Array.from({ length: 0x20 }, (_, byte) => [byte, `\\u00${byte.toString(16).padStart(2, '0')}`]);
}

export const rows: readonly FormatRow[] = [
  createKeyValueFormat(),
  createKeyValueFormat({ escape: 'none' }),
  createKeyValueFormat({ separator: '\t' }),
  createKeyValueFormat({ separator: '; a long separator of more than sixteen bytes ;' }),
  jsonLike,
  strange,
  longEscapes,
  plain,
  silent,
];
