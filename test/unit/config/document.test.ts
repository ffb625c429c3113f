import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingKeys, settings } from '../../../src/config/settings.ts';
import { settingsDocument } from '../../support/settings-document.ts';

const path = new URL('../../../docs/configuration.md', import.meta.url);
const generatedPart = /(?<=<!-- settings -->\n).*(?=<!-- \/settings -->)/s;

test('docs/configuration.md holds every setting as it is (UPDATE_DOCS=1 writes it anew)', () => {
  const tables = settingsDocument();
  if (process.env.UPDATE_DOCS === '1') {
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(generatedPart, () => tables),
    );
  }
  expect(generatedPart.exec(readFileSync(path, 'utf8'))?.[0]).toBe(tables);
  for (const key of settingKeys) expect(tables).toContain(`\`${settings[key].variables[0]}\``);
});
