/** What docs/rules.md shows is what the schemas take. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { headerTemplate } from '../../../src/rules/header-template.ts';
import { rulesSchema, severityFieldName, whereSchema } from '../../../src/rules/rules-schema.ts';
import { glob, renameSchema } from '../../../src/rules/selection.ts';
import { severityMapSchema, usualWords } from '../../../src/rules/severity-words.ts';
import { severityNames } from '../../../src/schema/syslog-names.ts';
import { switchText } from '../../../src/schema/text.ts';
import { parsed, plainYaml } from '../../support/arbitraries/rules-form.ts';

const document = readFileSync(new URL('../../../docs/rules.md', import.meta.url), 'utf8');

const schemas: Readonly<Record<string, z.ZodType<unknown, unknown>>> = {
  where: whereSchema,
  rules: rulesSchema,
  'severity-field': severityFieldName,
  'severity-map': severityMapSchema,
  include: z.array(glob),
  exclude: z.array(glob),
  rename: renameSchema,
  'no-tags': switchText,
  hostname: headerTemplate(255),
  tag: headerTemplate(48),
  procid: headerTemplate(128),
  msgid: headerTemplate(32),
} as Record<string, z.ZodType<unknown, unknown>>;

const blocks = [...document.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);

describe('an example in docs/rules.md', () => {
  test.each(blocks)('is taken: %s', (yaml) => {
    for (const [key, value] of Object.entries(plainYaml(yaml))) {
      expect(Object.keys(schemas)).toContain(key);
      expect(schemas[key]!.safeParse(value).error).toBeUndefined();
    }
  });

  test('there is one of everything', () => {
    const keys = blocks.flatMap((yaml) => Object.keys(plainYaml(yaml)));
    expect(new Set(keys)).toEqual(new Set(Object.keys(schemas)));
  });

  test('is taken within the text, too', () => {
    const flags = [...document.matchAll(/--where '([^']+)'/g)].map(([, yaml = '']) => parsed(whereSchema, yaml));
    const maps = [...document.matchAll(/`severity-map`: `([^`]+)`/g)].map(([, yaml = '']) =>
      parsed(severityMapSchema, yaml),
    );
    expect([flags.length, maps.length]).toEqual([1, 1]);
  });
});

test('docs/rules.md names the words for each severity', () => {
  const rows = [...document.matchAll(/^\| (\d) `(\w+)` \| (.*) \|$/gm)];
  const written = rows.map(([, number, name, words = '']) => ({
    number,
    name,
    words: words.replaceAll('`', '').split(', '),
  }));
  expect(written).toEqual(
    severityNames.map((name, number) => ({
      number: String(number),
      name,
      words: [String(number), name, ...usualWords[name]],
    })),
  );
});
