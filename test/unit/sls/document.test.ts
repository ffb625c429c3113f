import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { classify } from '../../../src/sls/error-table.ts';
import {
  errorCodesDocument,
  errorKindsDocument,
  errorStatusDocument,
  givenUpDocument,
  readingsDocument,
  serviceCodes,
} from '../../support/service/log-service-document.ts';

const path = new URL('../../../docs/log-service.md', import.meta.url);

/** UPDATE_DOCS=1 writes them anew. */
test.each([
  ['readings', readingsDocument],
  ['error classes', errorKindsDocument],
  ['error codes', errorCodesDocument],
  ['other codes', errorStatusDocument],
  ['given up', givenUpDocument],
])('docs/log-service.md holds the %s as they are', (name, generate) => {
  const part = new RegExp(`(?<=<!-- ${name} -->\n).*(?=<!-- /${name} -->)`, 's');
  if (process.env.UPDATE_DOCS === '1') {
    const text = readFileSync(path, 'utf8').replace(part, generate);
    writeFileSync(path, text);
  }
  expect(part.exec(readFileSync(path, 'utf8'))?.[0]).toBe(generate());
});

/** The table levels its codes, and only what is known of it from outside is what it makes of one. */
test('and no code of the table of errors is left out', () => {
  const source = readFileSync(new URL('../../../src/sls/error-table.ts', import.meta.url), 'utf8');
  const [, rows = ''] = /const byServiceCode[^{]*\{(.*?)\n\};/s.exec(source) ?? [];
  const levelled = [...rows.matchAll(/^ {2}(\w+): \{/gm)].map(([, code]) => code);
  expect(serviceCodes.map((code) => code.toLowerCase()).sort()).toEqual(levelled.sort());
  for (const code of serviceCodes) expect(classify(400, code).code).not.toBe(classify(400, 'AnyOther').code);
});
