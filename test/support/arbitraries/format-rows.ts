/** Format rows; what holds for those that no product has holds for the formats to come: a format is data. */
import { createKeyValueFormat } from '../../../src/format/formats/key-value.ts';
import { createEscapeTable } from '../../../src/format/parts/escape-table.ts';
import type { FormatRow } from '../../../src/format/parts/format-row.ts';

const text = (value: string) => new Uint8Array(Buffer.from(value));

export const jsonLike: FormatRow = {
  name: 'json-like',
  prefix: text('{'),
  firstSeparator: text('"'),
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
  firstSeparator: text(''),
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
  firstSeparator: text(''),
  separator: text(''),
  keyEscape: createEscapeTable(Array.from({ length: 255 }, (_, byte) => [byte, ''])),
  keyValueSign: text(''),
  valueEscape: createEscapeTable(Array.from({ length: 255 }, (_, byte) => [byte, ''])),
  suffix: text(''),
};

const quoted = [...controls(), [0x22, '\\"'], [0x5c, '\\\\']] as const;

/** What a row may say beside the usual. */
export const unusualRows: readonly FormatRow[] = [
  {
    name: 'object',
    prefix: text('{'),
    firstSeparator: text('"'),
    separator: text('","'),
    keyEscape: createEscapeTable(quoted),
    keyValueSign: text('":"'),
    valueEscape: createEscapeTable(quoted),
    trail: text('"'),
    suffix: text('}'),
    invalidUtf8: 'replace',
  },
  {
    name: 'element',
    prefix: text('[fields@32473'),
    firstSeparator: text(' '),
    separator: text('" '),
    keyEscape: createEscapeTable(controls()),
    keyValueSign: text('="'),
    valueEscape: createEscapeTable([...quoted, [0x5d, '\\]']]),
    trail: text('"'),
    suffix: text(']'),
    place: 'structured-data',
    spell: (name) => text(`p${Buffer.from(name).toString('hex').slice(0, 8)}`),
  },
  { ...createKeyValueFormat(), name: 'a trail alone', trail: text(' $') },
  { ...createKeyValueFormat(), name: 'spelled', spell: (name) => name.filter((byte) => byte > 0x40) },
  { ...createKeyValueFormat(), name: 'alike', spell: (name) => name.subarray(0, 1) },
  { ...createKeyValueFormat(), name: 'repaired', invalidUtf8: 'replace' },
  // Nothing tells an opening from nothing at all.
  { ...silent, name: 'silent with an end', trail: text('$$$'), suffix: text('!!'), invalidUtf8: 'replace' },
];

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
