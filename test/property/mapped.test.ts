/** Fields with a place of their own, in head and text, against independent code: in both encoders. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEscapeTable } from '../../src/format/parts/escape-table.ts';
import type { FormatRow } from '../../src/format/parts/format-row.ts';
import type { FieldPlace, HeadPart, MappedField, ValueSource, ValueType } from '../../src/format/parts/mapped.ts';
import { unusualRows } from '../support/arbitraries/format-rows.ts';
import { address } from '../support/arbitraries/mapped-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodedText } from '../support/oracles/encoded-text.ts';
import { encoders } from '../support/oracles/encoders.ts';
import { type OracleLog, oracleText } from '../support/oracles/format-oracle.ts';

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const text = fc.constantFrom('x', 'Ünïcödé', '漢字😀', '', '|=\\"]', 'key=').map(utf8);

const names = ['ip', 'n', 'at', 'user', 'event', 'é', '__topic__', '__source__', '__time_ns_part__'];
const json = fc
  .record(
    {
      a: fc.jsonValue({ maxDepth: 1 }),
      'b.c': fc.record({ '': fc.jsonValue({ maxDepth: 1 }), é: fc.constantFrom('192.0.2.7', '😀"\\', null, 12, true) }),
      list: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  )
  .map((value) => utf8(JSON.stringify(value)));
const value = fc.oneof(
  fc
    .constantFrom('192.0.2.7', '256.0.0.1', '2001:db8::1', '::', '::ffff:192.0.2.1', '1::2::3', 'fe80::1%eth0')
    .map(utf8),
  address.map(utf8),
  fc.constantFrom('0', '-17', '+1', '1234567890123456789', '123456789012345678', '1.0').map(utf8),
  fc.constantFrom('1795169472', '1795169472345', '1795169472345678', '1795169472345678901', '179516947234').map(utf8),
  fc
    .constantFrom('2026-11-20T10:11:12Z', '2026-11-20T10:11:12.3456+08:00', '2026-13-01T00:00:00Z', '2026-11-20')
    .map(utf8),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map(utf8),
  fc.uint8Array({ maxLength: 8 }),
  json,
);

const place: fc.Arbitrary<FieldPlace> = fc.record(
  {
    field: fc.constantFrom(...names).map(utf8),
    port: fc.constantFrom({ ofIpv6: true }, { ofIpv6: false }),
    path: fc.constantFrom(['a'], ['b.c', 'é'], ['b.c', ''], ['b.c'], ['list', '0'], ['list', '-1'], ['a', 'b']),
  },
  { requiredKeys: ['field'] },
);
const source: fc.Arbitrary<ValueSource> = fc.oneof(
  { weight: 1, arbitrary: text.map((bytes) => ({ kind: 'constant' as const, bytes })) },
  {
    weight: 6,
    arbitrary: fc.array(place, { minLength: 1, maxLength: 3 }).map((places) => ({ kind: 'fields' as const, places })),
  },
);
const characters = fc.integer({ min: 0, max: 6 });
const headEscape = createEscapeTable([
  [0x7c, '\\|'],
  [0x5c, '\\\\'],
  [0x0a, '\\n'],
]);

const headPart: fc.Arbitrary<HeadPart> = fc.oneof(
  text.map((bytes) => ({ kind: 'constant' as const, bytes })),
  fc.record({
    kind: fc.constant('value' as const),
    value: source,
    escape: fc.constant(headEscape),
    maxCharacters: characters,
    orElse: text,
  }),
  fc.constant({ kind: 'severity' as const, texts: [0, 1, 2, 3, 4, 5, 6, 7].map((level) => utf8(`s${level}`)) }),
);

const mappedField: fc.Arbitrary<MappedField> = fc
  .record({
    key: text,
    value: source,
    as: fc.constantFrom<ValueType>('text', 'text', 'ip', 'integer', 'time'),
    maxCharacters: fc.option(characters),
    ipv6: fc.option(fc.record({ key: text, label: text }, { requiredKeys: ['key'] })),
    label: fc.option(text),
    isLogTime: fc.boolean(),
  })
  .map(({ key, as, maxCharacters, ipv6, label, isLogTime, ...rest }) => ({
    key,
    // A constant of another type than text is whatever the format makes of it: not the oracle's.
    as: rest.value.kind === 'constant' ? 'text' : as,
    value: as === 'time' && isLogTime ? { kind: 'log-time' as const } : rest.value,
    ...(as === 'text' && maxCharacters !== null && { maxCharacters }),
    ...(ipv6 && { ipv6 }),
    ...(label && { label }),
  }));

const row: fc.Arbitrary<FormatRow> = fc
  .record({
    base: fc.constantFrom(...unusualRows.filter(({ place: at }) => at !== 'structured-data')),
    head: fc.array(headPart, { maxLength: 4 }),
    fields: fc.array(mappedField, { maxLength: 5 }),
    rest: fc.boolean(),
  })
  .map(({ base, ...mapped }) => ({ ...base, invalidUtf8: 'replace' as const, mapped }));

const log: fc.Arbitrary<OracleLog> = fc
  .record({
    time: fc.constantFrom(0, 1, 1_795_169_472, 2 ** 32 - 1),
    timeNs: fc.constantFrom(undefined, 0, 5, 999_999_999),
    severity: fc.nat(7),
    topic: value,
    host: value,
    contents: fc.array(fc.tuple(fc.constantFrom(...names.slice(0, 6)).map(utf8), value), { maxLength: 8 }),
  })
  .map(({ time, timeNs, severity, topic, host, contents }) => ({
    time,
    severity,
    ...(timeNs !== undefined && { timeNs }),
    fields: [
      [utf8('__topic__'), topic],
      [utf8('__source__'), host],
      ...(timeNs ? [[utf8('__time_ns_part__'), utf8(String(timeNs))] as const] : []),
      ...contents,
    ],
  }));

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  it('gives fields the place that independent code gives them', () => {
    fc.assert(
      fc.property(row, log, (format, each) => {
        const expected = oracleText(format, each).toString('latin1');
        expect(encodedText(createEncoder, format, each).toString('latin1')).toBe(expected);
      }),
      propertyRuns(2_000),
    );
  });

  it('cuts a text over the limit behind its head and in no key, whatever the limit', () => {
    const key = (name: string) => utf8(name);
    const fieldsOf = (field: string): ValueSource => ({ kind: 'fields', places: [{ field: key(field) }] });
    const format: FormatRow = {
      ...unusualRows.find(({ name }) => name === 'object')!,
      mapped: {
        head: [
          { kind: 'constant', bytes: key('HEAD|') },
          { kind: 'value', value: fieldsOf('head'), escape: headEscape, maxCharacters: 900, orElse: key('none') },
          { kind: 'constant', bytes: key('|{') },
        ],
        fields: [{ key: key('first'), value: fieldsOf('first'), as: 'text', label: key('label":"of first') }],
        rest: true,
      },
    };
    const values = { head: '漢|'.repeat(90), first: 'é"'.repeat(100), 'a key': '😀'.repeat(60), last: 'x' };
    const fields = Object.entries({ __topic__: 't', __source__: 's', ...values });
    const each: OracleLog = { time: 1, fields: fields.map(([name, text]) => [utf8(name), utf8(text)]) };
    const whole = oracleText(format, each).toString();
    const keys = [...whole.matchAll(/"([^"\\]+)":"/g)].map(([, name]) => name);
    const seen = new Set<number>();
    for (let maxMessageBytes = 480; maxMessageBytes < 1_500; maxMessageBytes++) {
      const bytes = encodedText(createEncoder, format, each, { maxMessageBytes });
      const written = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      const head = written.slice(0, written.indexOf('{'));
      if (!written.includes('|{')) {
        expect(whole.startsWith(written.slice(0, -1))).toBe(true);
        continue;
      }
      expect(whole.startsWith(head)).toBe(true);
      const read = JSON.parse(written.slice(head.length)) as Record<string, string>;
      expect(Object.keys(read)).toEqual(keys.slice(0, Object.keys(read).length));
      seen.add(Object.keys(read).length);
    }
    expect(seen.size).toBeGreaterThan(4);
  });
});
