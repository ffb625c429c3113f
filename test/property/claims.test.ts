/**
 * What a log may claim: whatever its fields are called, in every format a reader that keeps the first of a key and one that
 * keeps the last are told the same, and what the service said of the log; no key is there twice, and no value is lost.
 */
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList, type LogField, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import { createFormat, type FormatSpec } from '../../src/format/registry.ts';
import type { FieldSelection } from '../../src/rules/field-selection.ts';
import { createFieldSelection, glob, renameSchema, type SelectionForm } from '../../src/rules/selection.ts';
import { claimedNames } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodeAll, encoderDefaults } from '../support/oracles/encode.ts';
import { encoders } from '../support/oracles/encoders.ts';
import { naiveDefaults, naiveLogs, naiveParse } from '../support/oracles/naive-formatter.ts';
import { parseCef } from '../support/receivers/parsers/cef.ts';
import { parseJsonObject } from '../support/receivers/parsers/json.ts';
import { parseLeef } from '../support/receivers/parsers/leef.ts';
import { parseSdElement } from '../support/receivers/parsers/sd.ts';

type Pairs = readonly (readonly [key: string, value: unknown])[];

interface Case {
  readonly spec: FormatSpec;
  readonly read: (text: string) => Pairs;
  /** What becomes of a name of the service's. */
  readonly key: (name: string) => string;
}

const asItIs = (name: string): string => name;
const cefKeys = (name: string): string =>
  ({ __topic__: 'topic', __source__: 'source', '__tag__:__hostname__': 'tagHostname', '__tag__:a': 'tagA' })[name] ??
  name;
const module = fileURLToPath(new URL('../support/oracles/object-formatter.js', import.meta.url));
const map = { src: 'ip', suser: ['user', 'a'], cs1: '=x' };

const cases: readonly Case[] = [
  { spec: { format: 'kv' }, read: (text) => naiveParse(text, naiveDefaults.separator), key: asItIs },
  { spec: { format: 'kv', separator: '; ', bom: true }, read: (text) => naiveParse(text.slice(1), '; '), key: asItIs },
  { spec: { format: 'json' }, read: parseJsonObject, key: asItIs },
  { spec: { format: 'json', inferTypes: true, nest: ['a'] }, read: parseJsonObject, key: asItIs },
  { spec: { format: 'sd' }, read: (text) => parseSdElement(text).params, key: asItIs },
  { spec: { format: 'cef' }, read: (text) => parseCef(text).extension, key: cefKeys },
  { spec: { format: 'cef', map }, read: (text) => parseCef(text).extension, key: cefKeys },
  { spec: { format: 'cef', mapping: 'nginx' }, read: (text) => parseCef(text).extension, key: cefKeys },
  { spec: { format: 'leef', map }, read: (text) => parseLeef(text).attributes, key: asItIs },
  {
    spec: { format: 'leef', leefVersion: '2.0', leefDelimiter: '^' },
    read: (text) => parseLeef(text).attributes,
    key: asItIs,
  },
  { spec: { format: 'module', module }, read: parseJsonObject, key: asItIs },
];

function selection(
  form: Omit<SelectionForm, 'include' | 'exclude' | 'rename'> & {
    include?: string;
    exclude?: string;
    rename?: Record<string, string>;
  },
): FieldSelection | undefined {
  const { include, exclude, rename, ...rest } = form;
  return createFieldSelection({
    ...rest,
    ...(include !== undefined && { include: [glob.parse(include)] }),
    ...(exclude !== undefined && { exclude: [glob.parse(exclude)] }),
    ...(rename && { rename: renameSchema.parse(rename) }),
  });
}

/** Each with what the service's names are after it; undefined: not written. */
const selections: readonly { fields: FieldSelection | undefined; name: (name: string) => string | undefined }[] = [
  { fields: undefined, name: asItIs },
  { fields: selection({ include: '__*' }), name: asItIs },
  { fields: selection({ exclude: 'b*' }), name: asItIs },
  { fields: selection({ noTags: true }), name: (name) => (name.startsWith('__tag__:') ? undefined : name) },
  {
    fields: selection({ rename: { __source__: 'host', a: 'host2', b: 'source' } }),
    name: (name) => (name === '__source__' ? 'host' : name),
  },
  { fields: selection({ rename: { '__tag__:a': 'a' } }), name: (name) => (name === '__tag__:a' ? 'a' : name) },
];

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
/** No value of a log is one of the service's. */
const own = fc.constantFrom('198.51.100.66', 'forged', '2', '', 'x=y', '{"a":1}', 'a b').map(utf8);
const names = fc.oneof(
  { weight: 4, arbitrary: claimedNames },
  {
    weight: 1,
    arbitrary: fc.constantFrom('host', 'a', 'b', 'user', 'ip', 'src', 'User', '__tag__:a', 'é', '\xff').map(utf8),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }).map(utf8) },
);
const contents: fc.Arbitrary<LogField[]> = fc.array(fc.record({ Key: names, Value: own }), { maxLength: 8 });
const service = {
  __topic__: 'said-topic',
  __source__: '192.0.2.9',
  '__tag__:__hostname__': 'said-host',
  '__tag__:a': 'said-a',
};
const group: fc.Arbitrary<LogGroup> = fc
  .tuple(fc.array(contents, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([logs, hasTags]) => ({
    Topic: utf8(service.__topic__),
    Source: utf8(service.__source__),
    LogTags: hasTags ? [tag('__hostname__', 'said-host'), tag('a', 'said-a')] : [],
    Logs: logs.map((Contents, n) => ({ Time: 1_795_169_472 + n, Contents })),
  }));

function tag(key: string, value: string): LogField {
  return { Key: utf8(key), Value: utf8(value) };
}

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  it.each(cases.map((each) => [each.spec.module ? 'a module' : JSON.stringify(each.spec), each] as const))(
    '%s',
    (_, { spec, read, key }) => {
      const format = createFormat(spec);
      const isData = spec.format === 'sd';
      const made = selections.map(({ fields, name }) => ({
        name,
        encoder: createEncoder({ ...encoderDefaults, format, framing: 'datagram', ...(fields && { fields }) }),
      }));
      fc.assert(
        fc.property(group, fc.constantFrom(...made), (one, { encoder, name }) => {
          const { datagrams, error } = encodeAll(encoder, encodeLogGroupList([one]));
          expect(error).toBeUndefined();
          expect(datagrams).toHaveLength(one.Logs.length);
          for (const datagram of datagrams) {
            const text = datagram.toString('utf8').replace(/^<\d+>1 \S+ \S+ \S+ - - /, '');
            const pairs = read(isData ? text : text.slice('- '.length));
            const keys = pairs.map(([each]) => each);
            expect(new Set(keys).size).toBe(keys.length);
            const [first, last] = [new Map([...pairs].reverse()), new Map(pairs)];
            for (const [each, said] of Object.entries(service)) {
              const renamed = name(each);
              if (renamed === undefined) continue;
              const isThere = !each.startsWith('__tag__:') || one.LogTags.length > 0;
              // Without the tag there is nothing under its name, be it in the log a hundred times.
              const expected = isThere ? said : undefined;
              if (isThere || renamed === each)
                expect([first.get(key(renamed)), last.get(key(renamed))]).toEqual([expected, expected]);
            }
          }
        }),
        propertyRuns(300),
      );
    },
  );

  it('loses no value, and counts the fields that get names of their own', () => {
    const encoder = createEncoder({ ...encoderDefaults, framing: 'datagram' });
    fc.assert(
      fc.property(group, (one) => {
        const { datagrams, counts } = encodeAll(encoder, encodeLogGroupList([one]));
        let renamed = 0;
        for (const [index, log] of naiveLogs([one]).entries()) {
          const text = datagrams[index]!.toString('latin1').replace(/^<\d+>1 \S+ \S+ \S+ - - - /, '');
          const pairs = naiveParse(text, naiveDefaults.separator);
          expect(pairs.map(([, value]) => value)).toEqual(log.fields.map(([, value]) => value));
          renamed += pairs.filter(([key], field) => key !== log.fields[field]![0]).length;
        }
        expect(counts.renamedFields).toBe(renamed);
      }),
      propertyRuns(600),
    );
  });
});
