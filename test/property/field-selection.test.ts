/** Fields that are left out or renamed, against independent code: in both encoders. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import type { EncoderOptions } from '../../src/encode/frame/encoder-options.ts';
import { createKeyValueFormat } from '../../src/format/formats/key-value.ts';
import { createEscapeTable } from '../../src/format/parts/escape-table.ts';
import type { FormatRow } from '../../src/format/parts/format-row.ts';
import type { FieldSelection } from '../../src/rules/field-selection.ts';
import { logGroups } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { selections } from '../support/arbitraries/selections.ts';
import { encodeAll, encoderDefaults } from '../support/oracles/encode.ts';
import { encoders } from '../support/oracles/encoders.ts';
import { naiveCutMessages } from '../support/oracles/naive-cutter.ts';
import { type NaiveLog, naiveDefaults, naiveEscape, naiveLogs } from '../support/oracles/naive-formatter.ts';
import { naiveNames } from '../support/oracles/naive-rows.ts';
import { octetCountingDeframer } from '../support/receivers/deframe.ts';

const text = (value: string) => Uint8Array.from(Buffer.from(value, 'latin1'));
const kv = createKeyValueFormat();
/** Lead and separator are told apart. */
const brackets: FormatRow = {
  ...kv,
  name: 'brackets',
  prefix: text('{'),
  firstSeparator: text('<'),
  suffix: text('}'),
};

/** The fields that are left, under their names: latin1, unescaped. */
function selected(log: NaiveLog, select: FieldSelection): NaiveLog {
  const fields = naiveNames(kv, log, select).map(([name, value]): [string, string] => [name, value]);
  return { ...log, fields, serviceCount: fields.length };
}

function inBrackets({ header, fields }: NaiveLog): string {
  const written = fields.map(
    ([name, value]) => `${naiveEscape(name, naiveDefaults, true)}=${naiveEscape(value, naiveDefaults, false)}`,
  );
  return `${header(naiveDefaults)}{${written.length > 0 ? '<' : ''}${written.join('||')}}`;
}

function namesOfEveryLength(): LogGroup[] {
  const field = (name: string) => ({ Key: text(name), Value: text('v') });
  // More names than the kernel keeps (768), longer than it keeps (255), and more than 64 KiB in all; each twice.
  const names = Array.from({ length: 2_000 }, (_, n) => `${n}`.padEnd(n % 300, 'n'));
  const logs = Array.from({ length: 200 }, (_, n) => ({
    Time: 1_790_000_000 + n,
    Contents: names.slice(n * 10, n * 10 + 10).map(field),
  }));
  return [
    { Logs: [...logs, ...logs], Topic: text('t'), LogTags: names.slice(0, 20).map(field) },
    { Logs: [...logs, ...logs], LogTags: [] },
  ];
}

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  function messages(groups: readonly LogGroup[], options: Partial<EncoderOptions>): string[] {
    const { bytes, error } = encodeAll(createEncoder({ ...encoderDefaults, ...options }), encodeLogGroupList(groups));
    expect(error).toBeUndefined();
    const deframer = octetCountingDeframer();
    const all = deframer.push(bytes).map((message) => message.toString('latin1'));
    expect(deframer.pending).toBe(0);
    return all;
  }

  it.each(Object.keys(selections) as (keyof typeof selections)[])('%s', (name) => {
    const fields = selections[name];
    fc.assert(
      fc.property(logGroups, (groups) => {
        const expected = naiveLogs(groups).map((log) => inBrackets(selected(log, fields)));
        expect(messages(groups, { format: brackets, fields })).toEqual(expected);
      }),
      propertyRuns(150),
    );
  });

  it.each(Object.keys(selections) as (keyof typeof selections)[])('%s, whatever the names are', (name) => {
    const fields = selections[name];
    const groups = namesOfEveryLength();
    const all = messages(groups, { format: brackets, fields });
    const expected = naiveLogs(groups).map((log) => inBrackets(selected(log, fields)));
    expect(all.findIndex((message, index) => message !== expected[index])).toBe(-1);
    expect(all).toHaveLength(expected.length);
  });

  it('cuts what is left over the limit where independent code cuts it', () => {
    const oversize = fc.constantFrom('truncate' as const, 'split' as const);
    const selection = fc.constantFrom(...Object.values(selections));
    fc.assert(
      fc.property(logGroups, selection, oversize, fc.integer({ min: 480, max: 700 }), (groups, fields, action, max) => {
        const expected = naiveLogs(groups).flatMap((log, index) =>
          naiveCutMessages(selected(log, fields), index, naiveDefaults, { maxBytes: max, oversize: action }),
        );
        expect(messages(groups, { fields, oversize: action, maxMessageBytes: max })).toEqual(expected);
      }),
      propertyRuns(200),
    );
  });

  it.each([1_500, 2_000, 2_500, 3_000, 3_500, 4_000])(
    'keeps to a limit of %i bytes, though names get longer',
    (max) => {
      const fields = selections['gives every field the same long name'];
      const Contents = Array.from({ length: 10 }, (_, n) => ({ Key: text(`${n}`), Value: text('v') }));
      const groups = [{ Logs: [{ Time: 1, Contents }], LogTags: [] }];
      const [log] = naiveLogs(groups);
      const expected = naiveCutMessages(selected(log!, fields), 0, naiveDefaults, {
        maxBytes: max,
        oversize: 'truncate',
      });
      expect(messages(groups, { fields, maxMessageBytes: max })).toEqual(expected);
    },
  );

  it('puts the separators around fields that have no bytes at all', () => {
    const format = { ...brackets, keyValueSign: text(''), keepsNames: true };
    const Logs = [{ Time: 1, Contents: [{ Key: text('k'), Value: text('') }] }];
    const groups = [{ Logs, LogTags: [] }];
    const withTag = [{ Logs, LogTags: [{ Key: text('t'), Value: text('') }] }];
    const ends = (all: readonly string[]) => all.map((message) => message.slice(message.indexOf('{')));
    const nameless = selections['gives every field an empty name'];
    const onlyOwn: FieldSelection = (name) =>
      /^__(topic|source)/.test(Buffer.from(name).toString()) ? 'drop' : text('');
    expect(ends(messages(groups, { format, fields: nameless }))).toEqual(['{<||||}']);
    expect(ends(messages(withTag, { format, fields: nameless }))).toEqual(['{<||||||}']);
    expect(ends(messages(groups, { format, fields: onlyOwn }))).toEqual(['{<}']);
    expect(ends(messages(withTag, { format, fields: onlyOwn }))).toEqual(['{<||}']);
  });

  it('tells names apart that have the same hash in the kernel', () => {
    const fields: FieldSelection = (name) => (Buffer.from(name).toString('latin1') === 'n0056911' ? 'drop' : 'keep');
    for (const names of [
      ['n0056911', 'n0073232'],
      ['n0073232', 'n0056911'],
    ]) {
      const Contents = names.map((name) => ({ Key: text(name), Value: text('v') }));
      const [message] = messages([{ Logs: [{ Time: 1, Contents }], LogTags: [] }], { fields });
      expect(message).toMatch(/__source__=\|\|n0073232=v$/);
    }
  });

  it('takes more new names than it keeps, from one log or from many', () => {
    const fields: FieldSelection = (name) => text(`${Buffer.from(name).toString('latin1')}${'n'.repeat(1_000)}`);
    const contents = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({ Key: text(`${from + n}`), Value: text('v') }));
    const logs = Array.from({ length: 130 }, (_, n) => ({ Time: 1, Contents: contents(n * 10, 10) }));
    const large = { Time: 1, Contents: contents(0, 1_300) };
    const groups = [{ Logs: [...logs, large, ...logs], LogTags: contents(0, 3) }];
    const all = messages(groups, { format: brackets, fields });
    const expected = naiveLogs(groups).map((log) => inBrackets(selected(log, fields)));
    expect(all.findIndex((message, index) => message !== expected[index])).toBe(-1);
    expect(all).toHaveLength(expected.length);
  });

  it('is asked for a name once, not once a log', () => {
    const asked: string[] = [];
    const fields: FieldSelection = (name) => {
      asked.push(Buffer.from(name).toString('latin1'));
      return 'keep';
    };
    const logs = Array.from({ length: 500 }, (_, n) => ({ Time: n, Contents: [{ Key: text('k'), Value: text('v') }] }));
    messages([{ Logs: logs, LogTags: [{ Key: text('k'), Value: text('v') }] }], { fields });
    expect(asked.filter((name) => name === 'k').length).toBeLessThanOrEqual(1);
    expect(asked.filter((name) => name === '__tag__:k').length).toBeLessThanOrEqual(1);
    expect(asked).toContain('k');
  });
});

describe('a format that the kernel cannot write', () => {
  const escapesTo = (length: number) => ({ ...kv, valueEscape: createEscapeTable([[0x0a, 'e'.repeat(length)]]) });

  it('is the reference’s: a replacement of more than 16 bytes', () => {
    const [, kernel] = encoders;
    const kindOf = (format: FormatRow) => kernel?.createEncoder({ ...encoderDefaults, format }).kind;
    expect([kindOf(escapesTo(16)), kindOf(escapesTo(17))]).toEqual(['kernel', 'reference']);
    const logs = [{ Time: 1, Contents: [{ Key: text('k'), Value: text('\n') }] }];
    const raw = encodeLogGroupList([{ Logs: logs, LogTags: [] }]);
    const { bytes } = encodeAll(kernel!.createEncoder({ ...encoderDefaults, format: escapesTo(17) }), raw);
    expect(bytes.toString()).toMatch(/k=e{17}$/);
  });
});
