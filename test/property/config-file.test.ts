import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { fileJsonSchema } from '../../src/config/json-schema.ts';
import { Reading } from '../../src/config/reading.ts';
import { kebabCase } from '../../src/config/settings/setting.ts';
import {
  type SectionKind,
  type SettingKey,
  sectionKindOf,
  settingKeys,
  settings,
} from '../../src/config/settings/settings.ts';
import { parseConfigFile } from '../../src/config/sources/file.ts';
import { ConfigError } from '../../src/core/errors.ts';
import { wordsOf } from '../../src/schema/text.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { load } from '../support/daemons/config.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-config-file-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(fileJsonSchema());

const texts = [
  'a',
  'b.corp',
  '514',
  '10s',
  '1MiB',
  '5000/s',
  'true',
  'no',
  '',
  '${V}',
  '${NO}',
  '500..',
  'err',
  '2.0',
  'utc',
  'cn-hangzhou',
  '10MB/s',
  'TCP',
  'True',
  'OFF',
];
const conditions = [
  { field: 'a', equals: 'b' },
  { any: [{ field: 'a', exists: true }, { not: { field: 'b', in: [1, 'x'] } }] },
  { field: 'a', range: { min: 1.5 }, feld: 'x' },
];
const structures = [
  ...conditions,
  conditions,
  { when: conditions[0], severity: 'err' },
  [{ when: conditions[1], facility: 3 }, { when: {} }],
  { src: 'a', suser: ['b', 'c'], 'no key': '=x' },
  { a: 'crit' },
  ['a*', 'b'],
];

function likelyFor(key: SettingKey): readonly string[] {
  const { schema, defaultText } = settings[key];
  const words = wordsOf(schema) ?? [];
  return [
    ...words,
    ...words.map((word) => word.toUpperCase()),
    ...(defaultText === undefined ? [] : [defaultText]),
    ...texts,
  ];
}

/** What is often right for the setting, and now and then anything. */
function valueFor(key: SettingKey): fc.Arbitrary<unknown> {
  const likely = likelyFor(key);
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<unknown>(...likely) },
    { weight: 3, arbitrary: fc.constantFrom<unknown>(...structures) },
    {
      weight: 1,
      arbitrary: fc.anything({
        maxDepth: 2,
        withNullPrototype: false,
        values: [fc.string(), fc.integer(), fc.boolean()],
      }),
    },
  );
}

function settingsOf(kind: SectionKind | undefined, most: number): fc.Arbitrary<Record<string, unknown>> {
  const keys = settingKeys.filter(
    (key) => !settings[key].noFile && (kind === undefined || sectionKindOf(key) === kind),
  );
  const entry = fc.constantFrom(...keys).chain((key) => fc.tuple(fc.constant(kebabCase(key)), valueFor(key)));
  const stray = fc.tuple(
    fc.constantFrom('hots', 'sources', 'port', 'name', '__proto__', 'a b'),
    fc.constantFrom(...texts),
  );
  return fc
    .array(fc.oneof({ weight: 20, arbitrary: entry }, { weight: 1, arbitrary: stray }), { maxLength: most })
    .map((entries) => Object.fromEntries(entries));
}

const names = fc.constantFrom('a', 'b', 'c');
const target = fc.oneof(names, fc.record({ receiver: names, required: fc.constantFrom('no', true, 'x') }));
const pipeline = fc
  .tuple(
    settingsOf('pipeline', 3),
    fc.record(
      { name: names, from: fc.oneof(names, fc.array(names)), to: fc.oneof(target, fc.array(target)) },
      { requiredKeys: [] },
    ),
  )
  .map(([own, joined]) => ({ ...own, ...joined }));
/** Most of these are wrong somewhere. */
const largeFile = fc
  .tuple(
    settingsOf(undefined, 3),
    fc.record(
      {
        sources: fc.dictionary(names, settingsOf('source', 2), { maxKeys: 3 }),
        receivers: fc.dictionary(names, settingsOf('receiver', 2), { maxKeys: 3 }),
        pipelines: fc.array(pipeline, { maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([top, sections]) => ({ ...top, ...sections }));

const sections = fc.constantFrom<unknown>({ a: null }, { a: {}, b: {} });
/** Few of these are. */
const smallFile = fc
  .tuple(settingsOf('pipeline', 1), fc.record({ receivers: sections, tag: fc.constant('${V}') }, { requiredKeys: [] }))
  .map(([top, more]) => ({ ...top, ...more }));
const file = fc.oneof(largeFile, smallFile);

test('any file is taken or refused in words, each with its line', () => {
  const outcomes = { taken: 0, refused: 0 };
  const path = join(directory, 'c.yaml');
  fc.assert(
    fc.property(file, (content) => {
      const yaml = stringify(content, { lineWidth: 0, aliasDuplicateObjects: false });
      writeFileSync(path, yaml);
      const lines = yaml.split('\n').length;
      try {
        const { flows, effective, explain } = load({ V: 'a-value' }, { '--config': path });
        outcomes.taken++;
        expect(flows.length).toBeGreaterThan(0);
        expect(JSON.stringify([effective, explain()])).not.toContain('a-value');
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        outcomes.refused++;
        expect(error.problems).not.toEqual([]);
        for (const { message, at } of error.problems) {
          expect(message).not.toMatch(/undefined|\[object|Invalid input|expected (?:string|array|object)/);
          if (at === undefined) continue;
          const line = Number(/:(\d+)$/.exec(at)?.[1]);
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines);
        }
      }
    }),
    propertyRuns(500),
  );

  expect(Math.min(outcomes.taken, outcomes.refused)).toBeGreaterThan(0);
});

describe('an editor refuses no value that is taken', () => {
  test.each(settingKeys.filter((key) => !settings[key].noFile))('%s', (key) => {
    let taken = 0;
    for (const value of [...likelyFor(key), ...structures, ...more(key)]) {
      const yaml = stringify({ [kebabCase(key)]: value }, { aliasDuplicateObjects: false });
      const { values, problems } = parseConfigFile(yaml, 'c.yaml', directory)!;
      const reading = new Reading(values);
      reading.takeWritten();
      if (problems.length + reading.problems.length > 0) continue;
      taken++;
      expect(validate(parse(yaml)), `${yaml}${JSON.stringify(validate.errors)}`).toBe(true);
    }
    expect(taken).toBeGreaterThan(0);
  });
});

/** Of those that take none of the others. */
function more(key: SettingKey): readonly unknown[] {
  if (key === 'timePrecision') return ['auto', 3, '6'];
  if (key === 'fingerprint') return ['ab'.repeat(32), ['ab'.repeat(32)]];
  return key === 'until' || key === 'from' ? ['2026-03-01T00:00:00Z', 1_700_000_000] : [];
}
