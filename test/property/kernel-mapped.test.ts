/** Mapped fields in the kernel against the reference: every kind of place and value, near to what a type takes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import { createReferenceEncoder } from '../../src/encode/reference-encoder.ts';
import type { FormatRow } from '../../src/format/parts/format-row.ts';
import type { MappedField, ValueSource } from '../../src/format/parts/mapped.ts';
import { createKernelEncoder } from '../../src/kernel/kernel-encoder.ts';
import { rows, unusualRows } from '../support/arbitraries/format-rows.ts';
import { applyDamage, claimedNames, damage } from '../support/arbitraries/log-group-arbitraries.ts';
import { headEscape, mappedOptions, utf8, value } from '../support/arbitraries/mapped-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodeAll, encoderDefaults } from '../support/oracles/encode.ts';
import { expectSame } from '../support/oracles/encoder-pair.ts';

const origin = { project: 'p', logstore: 'l', shard: 3, cursor: 'MTQ0' };
const field = fc.record({
  Key: fc.oneof(fc.constantFrom('a', 'b', '', 'c', '__topic__', '__time_ns_part__').map(utf8), claimedNames),
  Value: value,
});
const groups: fc.Arbitrary<LogGroup[]> = fc.array(
  fc.record(
    {
      Logs: fc.array(
        fc.record(
          {
            Time: fc.constantFrom(0, 1, 1_790_000_000, 2 ** 32 - 1),
            Contents: fc.array(field, { maxLength: 5 }),
            TimeNs: fc.constantFrom(0, 5_000_000, 999_999_999, 1_000_000_000),
          },
          { requiredKeys: ['Time', 'Contents'] },
        ),
        { maxLength: 5 },
      ),
      Topic: value,
      Source: value,
      LogTags: fc.array(fc.record({ Key: fc.constantFrom('a', '').map(utf8), Value: value }), { maxLength: 2 }),
    },
    { requiredKeys: ['Logs', 'LogTags'] },
  ),
  { maxLength: 3 },
);

describe('mapped fields in the kernel', () => {
  it('are what the reference makes of them', () => {
    fc.assert(
      fc.property(mappedOptions, fc.array(groups, { minLength: 1, maxLength: 6 }), damage, (chosen, batches, harm) => {
        const reference = createReferenceEncoder(chosen);
        const kernel = createKernelEncoder(chosen);
        expect(kernel.kind).toBe('kernel');
        const raws = batches.map((each) => encodeLogGroupList(each));
        for (const raw of [...raws, applyDamage(raws[0]!, harm)]) {
          expectSame(encodeAll(kernel, raw, origin), encodeAll(reference, raw, origin));
        }
      }),
      propertyRuns(800),
    );
  }, 240_000);

  it('know an address in every form, and nothing else', () => {
    const groups = [
      '0',
      '1',
      'ffff',
      '01234',
      'g',
      '',
      '255',
      '192.0.2.1',
      '192.0.2.256',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
    ];
    const some = groups.flatMap((group) =>
      Array.from({ length: 10 }, (_, count) => Array.from({ length: count }, () => '1')).flatMap((ones) => [
        [...ones, group].join(':'),
        [group, ...ones].join(':'),
        `${ones.join(':')}::${group}`,
        `${group}::${ones.join(':')}`,
        `1:${group}::${ones.join(':')}`,
        `${ones.join(':')}::1:${group}`,
        `${ones.join(':')}:::${group}`,
        `::${ones.join(':')}::${group}`,
      ]),
    );
    const octets = '0 1 9 00 01 10 99 001 100 199 249 250 255 256 260 299 300 999 0255 1000 a 1a / : -1'.split(' ');
    const quads = ['', ...octets].flatMap((octet) =>
      ['1', '25', '255'].flatMap((other) =>
        [3, 4, 5].flatMap((count) =>
          Array.from({ length: count }, (_, place) =>
            Array.from({ length: count }, (_, n) => (n === place ? octet : other)).join('.'),
          ),
        ),
      ),
    );
    const Logs = [...new Set([...some, ...quads])].map((text) => ({
      Time: 1,
      Contents: [{ Key: utf8('a'), Value: utf8(text) }],
    }));
    const value: ValueSource = { kind: 'fields', places: [{ field: utf8('a') }] };
    const field: MappedField = { key: utf8('src'), value, as: 'ip', ipv6: { key: utf8('c6a2') } };
    const chosen = { ...encoderDefaults, format: { ...rows[0]!, mapped: { head: [], fields: [field], rest: false } } };
    const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
    expectSame(encodeAll(createKernelEncoder(chosen), raw), encodeAll(createReferenceEncoder(chosen), raw));
  });

  it('know an address with a port, in brackets, with a zone and in a list, and nothing else', () => {
    const hosts = [
      '192.0.2.1',
      '2001:db8::1',
      '::',
      '::1',
      '0::ffff:1.2.3.4',
      '::ffff:c000:201',
      '0:0:0:0:0:FFFF:1.2.3.4',
    ];
    const others = [
      '::fffe:1.2.3.4',
      '::ffff:0:1.2.3.4',
      '0:0:0:0:ffff::',
      '::ffff',
      '1::ffff:1.2.3.4',
      '::1.2.3.4',
      '',
      '1.2.3',
    ];
    const zones = ['', '%eth0', '%', '% '];
    const ports = ['', ':0', ':65535', ':65536', ':', ':1x', ':000001', ':80:'];
    const rests = ['', ', 192.0.2.7', ',', ' ', ' x'];
    const Logs = [...hosts, ...others].flatMap((host) =>
      zones.flatMap((zone) =>
        ports.flatMap((port) =>
          rests.flatMap((rest) =>
            [`${host}${zone}${port}${rest}`, ` \t[${host}${zone}]${port}${rest}`].map((text) => ({
              Time: 1,
              Contents: [{ Key: utf8('a'), Value: utf8(text) }],
            })),
          ),
        ),
      ),
    );
    const field = utf8('a');
    const fields: MappedField[] = [
      { key: utf8('src'), value: { kind: 'fields', places: [{ field }] }, as: 'ip', ipv6: { key: utf8('c6a2') } },
      { key: utf8('spt'), value: { kind: 'fields', places: [{ field, port: { ofIpv6: true } }] }, as: 'integer' },
    ];
    const chosen = { ...encoderDefaults, format: { ...rows[0]!, mapped: { head: [], fields, rest: true } } };
    const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
    const kernel = encodeAll(createKernelEncoder(chosen), raw);
    expectSame(kernel, encodeAll(createReferenceEncoder(chosen), raw));
    expect(kernel.bytes.toString()).toContain('||src=1.2.3.4||spt=65535||');
  });

  it('are written from logs of every size', () => {
    const sizes = [0, 100, 5_000, 60_000, 130_000, 300_000, 1_000_000];
    const Logs = [...sizes, ...sizes].map((size, n) => ({
      Time: n,
      Contents: [
        { Key: utf8('a'), Value: utf8('a|=\n'.repeat(size / 4)) },
        { Key: utf8('b'), Value: utf8('b'.repeat(size)) },
        { Key: utf8('c'), Value: utf8('c=') },
      ],
    }));
    const whole = (name: string) => ({ kind: 'fields' as const, places: [{ field: utf8(name) }] });
    const format: FormatRow = {
      ...unusualRows.find(({ name }) => name === 'repaired')!,
      mapped: {
        head: [{ kind: 'value', value: whole('a'), escape: headEscape, maxCharacters: 2 ** 31, orElse: utf8('') }],
        fields: [
          { key: utf8('k'), value: whole('a'), as: 'text' },
          { key: utf8('l'), value: whole('b'), as: 'text', maxCharacters: 1_000 },
        ],
        rest: true,
      },
    };
    const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
    for (const maxMessageBytes of [1_000, 300_000, 2 ** 30]) {
      const chosen = { ...encoderDefaults, format, maxMessageBytes };
      expectSame(encodeAll(createKernelEncoder(chosen), raw), encodeAll(createReferenceEncoder(chosen), raw));
    }
  });

  it('are written from groups of every size, more than once each', () => {
    const topic: ValueSource = { kind: 'fields', places: [{ field: utf8('__topic__') }] };
    const keys = ['k', 'l', 'm', 'n'];
    const format: FormatRow = {
      ...unusualRows.find(({ name }) => name === 'repaired')!,
      mapped: { head: [], fields: keys.map((key) => ({ key: utf8(key), value: topic, as: 'text' })), rest: true },
    };
    const Logs = [1, 2].map((n) => ({ Time: n, Contents: [{ Key: utf8('a'), Value: utf8('b') }] }));
    const LogTags = [{ Key: utf8('tag'), Value: utf8('t'.repeat(100)) }];
    const sizes = [0, 100, 20_000, 60_000, 130_000, 1_000_000];
    const raw = encodeLogGroupList(sizes.map((size) => ({ Logs, LogTags, Topic: utf8('|\n'.repeat(size / 2)) })));
    const chosen = { ...encoderDefaults, format, maxMessageBytes: 2 ** 30 };
    expectSame(encodeAll(createKernelEncoder(chosen), raw), encodeAll(createReferenceEncoder(chosen), raw));
  });
});
