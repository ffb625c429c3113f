import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { mappingNames, readyMapping } from '../../../../src/format/mappings/registry.ts';
import { createFormat, type FormatSpec } from '../../../../src/format/registry.ts';
import { mappingsDocument, placesOf } from '../../../support/mappings-document.ts';
import type { OracleLog } from '../../../support/oracles/format-oracle.ts';
import { formatWriters } from '../../../support/oracles/format-writers.ts';
import { parseCef } from '../../../support/receivers/parsers/cef.ts';
import { parseLeef } from '../../../support/receivers/parsers/leef.ts';

const document = new URL('../../../../docs/mappings.md', import.meta.url);
const generatedPart = /(?<=<!-- mappings -->\n).*(?=<!-- \/mappings -->)/s;

test('docs/mappings.md holds every mapping as it is (UPDATE_DOCS=1 writes it anew)', () => {
  const tables = mappingsDocument();
  if (process.env.UPDATE_DOCS === '1') {
    writeFileSync(
      document,
      readFileSync(document, 'utf8').replace(generatedPart, () => tables),
    );
  }
  expect(generatedPart.exec(readFileSync(document, 'utf8'))?.[0]).toBe(tables);
});

describe.each(mappingNames)('the mapping %s', (name) => {
  const mapping = readyMapping(name);

  it('says what each of its values is, and of no others', () => {
    expect(mapping.name).toBe(name);
    expect(Object.keys(mapping.meanings).sort()).toEqual(placesOf(mapping).sort());
    expect(mapping.unverified.filter((place) => !(place in mapping.meanings))).toEqual([]);
    for (const { address } of mapping.sources) expect(address).toMatch(/^https:\/\//);
  });

  const logs = readGoldenLogs(name);
  const golden = [
    { format: 'cef', parse: (text: string) => [...parseCef(text).extension] },
    { format: 'leef', parse: (text: string) => [...parseLeef(text).attributes] },
  ] as const;

  describe.each(formatWriters)('by the $name', ({ name: by, write }) => {
    it.each(golden)('makes $format of realistic logs (UPDATE_GOLDEN=1 writes them anew)', ({ format, parse }) => {
      const row = createFormat({ format, mapping: name } satisfies FormatSpec);
      const texts = logs.map((log) => write(row, log).toString('utf8'));
      const file = goldenFile(`${name}.${format}.txt`);
      if (process.env.UPDATE_GOLDEN === '1' && by === 'oracle') writeFileSync(file, `${texts.join('\n')}\n`);
      expect(`${texts.join('\n')}\n`).toBe(readFileSync(file, 'utf8'));
      for (const text of texts) expect(parse(text).length).toBeGreaterThan(3);
    });
  });

  it('has numbers where CEF wants floating-point numbers', () => {
    const lines = readFileSync(goldenFile(`${name}.cef.txt`), 'utf8')
      .trimEnd()
      .split('\n');
    const values = lines.flatMap((line) => [...parseCef(line).extension].filter(([key]) => /^cfp[1-4]$/.test(key)));
    expect(values.filter(([, value]) => !/^-?[0-9]+(?:\.[0-9]+)?$/.test(value))).toEqual([]);
  });

  it('has a log for nearly all that it maps', () => {
    const written = readFileSync(goldenFile(`${name}.cef.txt`), 'utf8');
    const missing = Object.keys(mapping.cef).filter(
      (key) => !written.includes(` ${key}=`) && !written.includes(`|${key}=`),
    );
    expect(missing.filter((key) => !neverInSamples.has(`${name} ${key}`))).toEqual([]);
  });
});

/** Keys of fields that no sample has. */
const neverInSamples = new Set([
  'k8s-audit duser',
  'nginx spt',
  'nginx dst',
  'nginx dpt',
  'nginx cs1',
  'nginx cs1Label',
  'cloud-firewall request',
]);

function goldenFile(file: string): URL {
  return new URL(`../../../golden/${file}`, import.meta.url);
}

/** An object in place of a field's text stands for its JSON. */
interface GoldenLog {
  readonly time: number;
  readonly timeNs?: number;
  readonly severity: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

function readGoldenLogs(name: string): OracleLog[] {
  const file = goldenFile(`${name}.logs.json`);
  if (!existsSync(file)) throw new Error(`${name} has no golden logs`);
  const logs = JSON.parse(readFileSync(file, 'utf8')) as GoldenLog[];
  return logs.map(({ fields, ...log }) => {
    const { __topic__, __source__, ...others } = fields;
    const timeNs = log.timeNs === undefined ? {} : { __time_ns_part__: String(log.timeNs) };
    const flat = { __topic__, __source__, ...timeNs, ...others };
    return {
      ...log,
      tags: Object.keys(others).filter((key) => key.startsWith('__tag__:')).length,
      fields: Object.entries(flat).map(([key, value]) => [
        Buffer.from(key),
        Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
      ]),
    };
  });
}
