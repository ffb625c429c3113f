/** Logs of one shape in the kernel against the reference: what it remembers of one log is true of the next, or not used. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { encodeLogGroupList, type LogField } from '../../src/emulator/protocol/log-group-schema.ts';
import type { EncoderOptions } from '../../src/encode/frame/encoder-options.ts';
import { createReferenceEncoder } from '../../src/encode/reference-encoder.ts';
import type { Format } from '../../src/format/parts/format.ts';
import type { FormatRow } from '../../src/format/parts/format-row.ts';
import type { ValueSource } from '../../src/format/parts/mapped.ts';
import { createKernelEncoder } from '../../src/kernel/kernel-encoder.ts';
import { TIME_NS_NAME } from '../../src/rules/field-selection.ts';
import { rows, unusualRows } from '../support/arbitraries/format-rows.ts';
import { claimedNames } from '../support/arbitraries/log-group-arbitraries.ts';
import { mappedOptions, utf8, value } from '../support/arbitraries/mapped-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { shapedGroups } from '../support/arbitraries/shaped-groups.ts';
import { someRules } from '../support/arbitraries/some-rules.ts';
import { encodeAll, encoderDefaults } from '../support/oracles/encode.ts';
import { expectSame, expectSameOf, pairFor, someOptions } from '../support/oracles/encoder-pair.ts';

const origin = { project: 'p', logstore: 'l', shard: 3, cursor: 'MTQ0' };
const columns = ['a', 'b', '', '__topic__', '__source__', '__time_ns_part__', '__tag__:a'];
const keys = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(...columns, 'c', 'd', '__tag__:b', 'a name of more than thirty characters').map(utf8),
  },
  { weight: 1, arbitrary: claimedNames },
);
const tagKeys = fc.constantFrom('a', 'b', '').map(utf8);
const batches = fc.array(shapedGroups({ keys, tagKeys, values: value }), { minLength: 1, maxLength: 4 });

/** As mapped fields, in the head, and in rules. */
const mapped: FormatRow = {
  ...rows[0]!,
  mapped: {
    head: [],
    fields: columns.map((name, n) => ({
      key: utf8(`k${n}`),
      value: { kind: 'fields', places: [{ field: utf8(name) }, { field: utf8('c') }] },
      as: n % 2 === 0 ? 'text' : 'integer',
      maxCharacters: 40,
    })),
    rest: true,
  },
};

describe('logs of one shape', () => {
  it('are written with mapped fields as the reference does', () => {
    fc.assert(
      fc.property(mappedOptions, batches, (options, all) => {
        const reference = createReferenceEncoder(options);
        const kernel = createKernelEncoder(options);
        for (const groups of all) {
          const raw = encodeLogGroupList(groups);
          expectSame(encodeAll(kernel, raw, origin), encodeAll(reference, raw, origin));
        }
      }),
      propertyRuns(1_000),
    );
  }, 240_000);

  it('are written under rules as the reference does', () => {
    const options = someOptions.map((each): EncoderOptions => ({ rules: someRules[0]!, ...each }));
    fc.assert(
      fc.property(options, batches, (chosen, all) => {
        for (const groups of all) expectSameOf(pairFor(chosen), encodeLogGroupList(groups), origin);
      }),
      propertyRuns(1_000),
    );
  }, 240_000);

  it('may come in a group that has one of their names itself', () => {
    const Contents = ['a', '__tag__:a', 'b'].map((key): LogField => ({ Key: utf8(key), Value: utf8('v') }));
    const Logs = [1, 2, 3].map((Time) => ({ Time, Contents }));
    const tags = [[], ['a'], [], ['b'], ['a', 'b']];
    const plain = Logs.map((log) => ({ ...log, Contents: log.Contents.slice(0, 1), TimeNs: 5 }));
    const timeNsAsTag: FormatRow = {
      ...rows[0]!,
      spell: (written) => (Buffer.from(written).equals(TIME_NS_NAME) ? utf8('__tag__:a') : written),
    };
    const withColumns: FormatRow = { ...mapped, invalidUtf8: 'replace' };
    for (const some of [Logs, plain]) {
      const groups = tags.map((names) => ({
        Logs: some,
        LogTags: names.map((key) => ({ Key: utf8(key), Value: utf8('t') })),
      }));
      const raw = encodeLogGroupList([...groups, ...groups]);
      for (const format of [mapped, withColumns, timeNsAsTag, ...rows, ...unusualRows]) expectSameFrom(format, raw);
    }
  });

  it('may have values that are now of a type, and now of another', () => {
    const place: ValueSource = { kind: 'fields', places: ['a', 'b'].map((field) => ({ field: utf8(field) })) };
    const types = ['ip', 'integer', 'time', 'text'] as const;
    const ipv6 = { key: utf8('six'), label: utf8('sixLabel=v6') };
    const fields = types.map((as) => ({ key: utf8(as), value: place, as, ipv6, label: utf8('l=four') }));
    const values = ['192.0.2.1', '2001:db8::1', '', '-', '12', '1795169472', '2026-11-20T10:11:12Z'];
    const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
    const Logs = pairs.flatMap(([a, b], n) => {
      const Contents = [
        { Key: utf8('a'), Value: utf8(a) },
        { Key: utf8('b'), Value: utf8(b) },
      ];
      return Array.from({ length: 1 + (n % 4) }, () => ({ Time: n, Contents }));
    });
    const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
    for (const as of types) {
      const only = fields.filter((field) => field.as === as);
      expectSameFrom({ ...mapped, mapped: { head: [], fields: only, rest: true } }, raw);
    }
    expectSameFrom({ ...mapped, mapped: { head: [], fields, rest: true } }, raw);
  });

  it('are read anew when all names are forgotten', () => {
    const as = (names: readonly string[]) => ({
      Time: 1,
      Contents: names.map((key): LogField => ({ Key: utf8(key), Value: utf8('v') })),
    });
    const usual = [1, 2, 3].map(() => as(['c', 'd', 'e']));
    // There is room for one of them, and not for both.
    const [some, others] = ['s', 'o'].map((letter) =>
      as(Array.from({ length: 2_500 }, (_, n) => `${n} ${letter.repeat(230)}`)),
    );
    const raw = encodeLogGroupList([{ Logs: [...usual, some!, ...usual, others!, ...usual], LogTags: [] }]);
    for (const format of [mapped, ...rows, ...unusualRows]) expectSameFrom(format, raw);
  });

  it('may have more mapped fields than are recorded', () => {
    const Logs = [1, 2, 3].map((Time) => ({ Time, Contents: [{ Key: utf8('a'), Value: utf8('v') }] }));
    const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
    const place: ValueSource = { kind: 'fields', places: [{ field: utf8('a') }] };
    const constant: ValueSource = { kind: 'constant', bytes: utf8('c') };
    for (const count of [127, 128, 129, 200]) {
      for (const last of [place, constant]) {
        const fields = Array.from({ length: count }, (_, n) => ({
          key: utf8(`k${n}`),
          value: n === count - 1 ? last : place,
          as: 'text' as const,
        }));
        expectSameFrom({ ...mapped, mapped: { head: [], fields, rest: true } }, raw);
      }
    }
  });

  const name = (length: number) => 'n'.repeat(length);
  const many = (count: number) => Array.from({ length: count }, (_, n) => `field${n}`);
  /** Each with the value that all logs have there. */
  const shapes: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
    ...Object.fromEntries(
      [1, 29, 30, 31, 32, 46, 77, 78, 79, 80, 127, 128, 255, 256].map((length) => [
        `a name of ${length}`,
        [
          ['a', '1'],
          [name(length), 'v'],
          ['b', '2'],
        ],
      ]),
    ),
    ...Object.fromEntries(
      [100, 119, 120, 121, 122, 127, 128, 16_370, 16_383, 16_384].map((length) => [
        `a value of ${length}`,
        [
          ['a', '1'],
          ['c', name(length)],
          ['b', '2'],
        ],
      ]),
    ),
    ...Object.fromEntries([63, 64, 65, 130].map((count) => [`${count} fields`, many(count).map((key) => [key, 'v'])])),
    'a name twice': [
      ['a', '1'],
      ['a', '2'],
      ['c', '3'],
      ['c', '4'],
    ],
  };

  it.each(Object.entries(shapes))('may have %s, and change in any place', (_, fields) => {
    const contents = fields.map(([key, text]): LogField => ({ Key: utf8(key), Value: utf8(text) }));
    // Of many fields some: those around the 64 that the kernel keeps a guess of, and one in several of the others.
    const oneIn = Math.ceil(contents.length / 40);
    const changed = contents.flatMap((_each, place) => {
      if (place % oneIn !== 0 && place !== contents.length - 1 && Math.abs(place - 64) > 3) return [];
      const put = (...instead: LogField[]) => contents.toSpliced(place, 1, ...instead);
      const { Key, Value } = contents[place]!;
      const other = Uint8Array.from(Key, (byte, at) => (at === Key.length - 1 ? byte ^ 1 : byte));
      return [
        put({ Key: other, Value }),
        put({ Key: Key.subarray(1), Value }),
        put({ Key: utf8(`${Buffer.from(Key)}+`), Value }),
        put({ Key, Value: utf8('') }),
        put({ Key, Value: utf8('é=\n') }),
        put({ Key, Value: Uint8Array.of(0xff) }),
        put(),
        put({ Key, Value }, { Key, Value }),
      ];
    });
    const Logs = changed.flatMap((each, n) => {
      const as = (Contents: LogField[]) => ({ Time: 1_790_000_000 + n, Contents });
      return [as(contents), as(contents), as(contents), as(each)];
    });
    const raw = encodeLogGroupList([{ Logs, LogTags: [] }]);
    for (const format of [mapped, ...rows, ...unusualRows]) expectSameFrom(format, raw);
  });
});

/** With rules, so that logs are read before they are written. */
function expectSameFrom(format: Format, raw: Uint8Array): void {
  const options = { ...encoderDefaults, format, rules: someRules[0]! };
  expectSame(
    encodeAll(createKernelEncoder(options), raw, origin),
    encodeAll(createReferenceEncoder(options), raw, origin),
  );
}
