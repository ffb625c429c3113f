import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fileJsonSchema } from '../../../src/config/json-schema.ts';
import { presetNames } from '../../../src/config/settings/presets.ts';
import { kebabCase } from '../../../src/config/settings/setting.ts';
import { sectionKindOf, settingByName, settingKeys, settings } from '../../../src/config/settings/settings.ts';
import { parseConfigFile } from '../../../src/config/sources/file.ts';
import { sectionNames } from '../../../src/config/sources/file-settings.ts';
import { startFile } from '../../../src/config/start-file.ts';

const root = new URL('../../../', import.meta.url).pathname;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(fileJsonSchema());

/** YAML whose first key is one of the file's. */
function isOurs(block: string): boolean {
  const [, key = ''] = /^(?:#.*\n|\n)*([a-z-]+):(?: |\n)/.exec(block) ?? [];
  return settingByName.has(key) || (sectionNames as readonly string[]).includes(key);
}

/** As an editor sees it: with YAML's own numbers and booleans. */
function accepts(yaml: string): boolean {
  return validate(parse(yaml));
}

function filesUnder(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
}

describe('accepts', () => {
  const examples = filesUnder('examples').filter((name) => /sls-syslog[^/]*\.ya?ml$/.test(name));

  test('there are examples', () => {
    expect(examples).not.toEqual([]);
  });

  test.each(examples)('%s', (name) => {
    expect(accepts(readFileSync(join(root, name), 'utf8')), JSON.stringify(validate.errors)).toBe(true);
  });

  test.each(presetNames)('the start file of %s, with what it offers', (preset) => {
    const text = startFile(preset);
    expect(accepts(text), JSON.stringify(validate.errors)).toBe(true);
    const offered = text.replace(/^#((?!preset)[a-z-]+:)/gm, '$1');
    expect(accepts(offered), JSON.stringify(validate.errors)).toBe(true);
  });

  const documents = ['README.md', ...filesUnder('docs'), ...filesUnder('examples')].filter((name) =>
    /\.md$/.test(name),
  );
  const blocks = documents.flatMap((name) => {
    const text = readFileSync(join(root, name), 'utf8');
    const indented = text.replace(/```.*?```/gs, '').match(/(?:^ {4}.*\n|^\n(?= {4}))+/gm) ?? [];
    const fenced = [...text.matchAll(/```ya?ml\n(.*?)```/gs)].map(([, block = '']) => block);
    return [...indented.map((block) => block.replace(/^ {4}/gm, '')), ...fenced]
      .filter((block) => isOurs(block))
      .map((block) => [`${name}: ${block.trim().slice(0, 40)}`, block, name] as const);
  });

  test.each(blocks)('%s', (_, block, name) => {
    expect(parseConfigFile(block, name, '/')?.problems).toEqual([]);
    expect(accepts(block), JSON.stringify(validate.errors)).toBe(true);
  });

  test('the documents hold some', () => {
    expect(blocks.filter(([, , name]) => name === 'README.md')).not.toEqual([]);
    expect(blocks.length).toBeGreaterThan(5);
  });

  test.each([
    'maxInFlight: 1MiB\nmax_in_flight_: 1\n'.split('\n')[0]!,
    'rfc: 5424\nleef-version: 2.0\nport: 514\ninsecure: true\nconfirm: on\nproto: ${PROTO}\nno-tags: ${NO}\n',
    'host: [a, b]\nfingerprint:\n  - ab\nlogstore: 0123\nfrom: 2026-03-01T00:00:00Z\nport:\n',
    'where: [{field: status, in: [500, 502]}, {any: [{not: {field: a, exists: true}}]}]\n',
    'rules: [{when: {all: [{field: a, range: {min: 1, max: 2.5}}]}, severity: 3}]\nrename: {a: b}\nseverity-map: {a: 3}\n',
    'map: {src: a, suser: [b, c], cs1: "=x"}\nevent-class-id: [a, b]\nmodule-options: {a: {b: [1, true]}}\n',
    'sources: {a: {project: x}, b: }\nreceivers: {c: {host: d}}\npipelines: [{from: a, to: [c, {receiver: c, required: no}]}]\n',
  ])('%j', (yaml) => {
    expect(accepts(yaml), JSON.stringify(validate.errors)).toBe(true);
  });
});

describe('refuses', () => {
  test.each([
    'hots: a\n',
    'config: a\n',
    'proto: tpc\n',
    'port: [1]\n',
    'where: {feld: a}\n',
    'where: {field: a, in: {}}\n',
    'where: [{not: {any: [{feld: a}]}}]\n',
    'rules: {when: {not: {all: [{field: a, range: {mim: 1}}]}}, severity: 3}\n',
    'rules: [{when: {field: a, equals: b}, severty: 3}]\n',
    'rules: [{wen: {}}]\n',
    'sources: {a: {host: b}}\n',
    'sources: {}\n',
    'sources: {a/b: {}}\n',
    'receivers: {a: {log-level: debug}}\n',
    'pipelines: {a: {}}\n',
    'pipelines: [{to: [{receivr: a}]}]\n',
    'insecure: perhaps\n',
  ])('%j', (yaml) => {
    expect(accepts(yaml)).toBe(false);
  });

  test('every key with a letter too many', () => {
    const sections = {
      source: (name: string) => `sources: {a: {${name}: }}\n`,
      receiver: (name: string) => `receivers: {a: {${name}: }}\n`,
      pipeline: (name: string) => `pipelines: [{${name}: }]\n`,
    };
    for (const key of settingKeys.filter((each) => !settings[each].noFile)) {
      const name = kebabCase(key);
      const kind = sectionKindOf(key);
      for (const write of [(each: string) => `${each}: \n`, ...(kind ? [sections[kind]] : [])]) {
        expect(accepts(write(name)), write(name)).toBe(true);
        expect(accepts(write(`${name}x`)), write(`${name}x`)).toBe(false);
      }
      for (const other of Object.keys(sections) as (keyof typeof sections)[]) {
        if (other !== kind) expect(accepts(sections[other](name)), sections[other](name)).toBe(false);
      }
    }
  });
});

test('every setting is described, and every word of one that takes few is there', () => {
  const { $defs } = fileJsonSchema() as { $defs: Record<string, { description: string }> };
  for (const key of settingKeys.filter((each) => !settings[each].noFile)) {
    expect($defs[key]?.description).toContain(settings[key].description);
  }
  expect(JSON.stringify($defs.proto)).toContain('"enum":["udp","tcp","tls"]');
});
