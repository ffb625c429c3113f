/** Mapped fields of every kind, values near to what their types take, and encoders that write them. */
import fc from 'fast-check';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { createEscapeTable } from '../../../src/format/parts/escape-table.ts';
import { writesSingleLines } from '../../../src/format/parts/format.ts';
import type { FormatRow } from '../../../src/format/parts/format-row.ts';
import type { HeadPart, Mapped, MappedField, ValueSource, ValueType } from '../../../src/format/parts/mapped.ts';
import { encoderDefaults, leadWith } from '../oracles/encode.ts';
import { rows, unusualRows } from './format-rows.ts';
import { selections } from './selections.ts';
import { someRules } from './some-rules.ts';

export const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const names = ['a', 'b', '', '__topic__', '__source__', '__time_ns_part__', '__tag__:a', '__tag__:'];

/** With a character taken away, doubled, or another in its place. */
function nearly(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.nat(60), fc.constantFrom('', '', '', 'drop', '0', '1', ':', '.', '::', 'g', 'F', '-', ' ', 'é'))
    .map(([text, place, edit]) => {
      if (edit === '') return text;
      const at = place % (text.length + 1);
      return text.slice(0, at) + (edit === 'drop' ? '' : edit) + text.slice(edit === 'drop' ? at + 1 : at);
    });
}

/** In the forms that logs have addresses in. */
export const address = fc
  .record({
    host: fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.constantFrom(
        '::ffff:192.0.2.1',
        '::FFFF:c000:201',
        '0:0:0:0:0:ffff:192.0.2.1',
        '::ffff:0:192.0.2.1',
        '0::ffff:1',
      ),
    ),
    zone: fc.constantFrom('', '', '', '%eth0', '%25en-1.2', '%', '% '),
    isBracketed: fc.boolean(),
    port: fc.constantFrom('', '', ':0', ':4711', ':65535', ':65536', ':', ':1x', ':123456'),
    rest: fc.constantFrom('', '', '', ', 198.51.100.7', ',', `,${' '.repeat(80)}`, ' ', ' x'),
    before: fc.constantFrom('', '', '', ' ', '\t ', ','),
  })
  .map(({ host, zone, isBracketed, port, rest, before }) => {
    const inner = host + zone;
    return before + (isBracketed ? `[${inner}]` : inner) + port + rest;
  });

const typed = nearly(
  fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    address,
    fc.constantFrom('::', '1::', '::1', '::ffff:192.0.2.1', '1:2:3:4:5:6:7::', '1:2:3:4:5:6:192.0.2.1', '01.2.3.4'),
    fc.stringMatching(/^-?[0-9]{1,20}$/),
    fc.constantFrom('1795169472', '1795169472345', '1795169472345678', '1795169472345678901', '0000000001'),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }).map((date) => date.toISOString()),
    fc.constantFrom('2026-11-20T10:11:12.3456+08:00', '2026-11-20 10:11:12,5-03', '2026-02-29T00:00:00Z'),
  ),
);
/** Near to what a type takes; text with what has to be escaped; no UTF-8; nothing. */
export const value: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: typed.map(utf8) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }).map(utf8) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.constantFrom('|', '=', '\\', '"', '\n', 'é', '漢', '😀'), { maxLength: 80 })
      .map((parts) => utf8(parts.join(''))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constant(utf8('')) },
);
const source: fc.Arbitrary<ValueSource> = fc.oneof(
  { weight: 1, arbitrary: value.map((bytes) => ({ kind: 'constant' as const, bytes })) },
  {
    weight: 6,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(undefined, undefined, undefined, true, false)), {
        maxLength: 3,
      })
      .map((fields) => ({
        kind: 'fields' as const,
        places: fields.map(([name, ofIpv6]) => ({
          field: utf8(name),
          ...(ofIpv6 !== undefined && { port: { ofIpv6 } }),
        })),
      })),
  },
);
const characters = fc.constantFrom(0, 1, 3, 10, 17, 63);
export const headEscape = createEscapeTable([
  [0x7c, '\\|'],
  [0x5c, '\\\\'],
  [0x0a, ' '],
]);
const headPart: fc.Arbitrary<HeadPart> = fc.oneof(
  fc.constantFrom('CEF:0|', '', '|').map((text) => ({ kind: 'constant' as const, bytes: utf8(text) })),
  fc
    .tuple(source, characters, fc.constantFrom('', '-', 'none at all of sixteen'))
    .map(([from, maxCharacters, orElse]) => ({
      kind: 'value' as const,
      value: from,
      escape: headEscape,
      maxCharacters,
      orElse: utf8(orElse),
    })),
  fc.constant({ kind: 'severity' as const, texts: [...'76543210'].map((digit) => utf8(`s${digit}`)) }),
);
const mappedField: fc.Arbitrary<MappedField> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record(
        {
          value: source,
          as: fc.constantFrom<ValueType>('text', 'ip', 'integer', 'time'),
          maxCharacters: characters,
          ipv6: fc.constantFrom({ key: utf8('c6') }, { key: utf8('c6'), label: utf8('c6Label=Six') }),
          label: fc.constant(utf8('kLabel=A label')),
        },
        { requiredKeys: ['value', 'as'] },
      )
      .map((parts) => ({ key: utf8('key'), ...parts })),
  },
  { weight: 1, arbitrary: fc.constant({ key: utf8('rt'), value: { kind: 'log-time' as const }, as: 'time' as const }) },
);
const mapped: fc.Arbitrary<Mapped> = fc.record({
  head: fc.array(headPart, { maxLength: 4 }),
  fields: fc.array(mappedField, { maxLength: 6 }),
  rest: fc.boolean(),
});
/** Those that escape digits are not asked for the log's time. */
const row = fc
  .tuple(
    fc.constantFrom(
      ...rows.filter(({ name }) => name !== 'silent' && name !== 'long escapes'),
      ...unusualRows.filter(({ name }) => !name.startsWith('silent')),
    ),
    mapped,
  )
  .map(([each, part]): FormatRow => ({ ...each, mapped: part }));

export const mappedOptions: fc.Arbitrary<EncoderOptions> = fc
  .record({
    format: row,
    framing: fc.constantFrom('octet-counting' as const, 'lf' as const, 'datagram' as const),
    maxMessageBytes: fc.constantFrom(700, 1_000, 65_536),
    oversize: fc.constantFrom('truncate' as const, 'dead-letter' as const),
    rules: fc.constantFrom(undefined, undefined, ...someRules),
    fields: fc.constantFrom(undefined, ...Object.values(selections)),
    maxChunkFrames: fc.constantFrom(1, 2, 1_000),
    hasIdentity: fc.boolean(),
  })
  .filter(({ format, framing }) => framing !== 'lf' || writesSingleLines(format))
  .map(({ rules, fields, hasIdentity, ...rest }) => ({
    ...encoderDefaults,
    ...rest,
    ...(rules && { rules }),
    ...(fields && { fields }),
    ...(hasIdentity && { lead: leadWith({ identity: { enterpriseId: 32473 } }) }),
  }));
