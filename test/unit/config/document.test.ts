import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingKeys, settings } from '../../../src/config/settings/settings.ts';
import { presetsDocument, settingsDocument } from '../../support/settings-document.ts';

const path = new URL('../../../docs/configuration.md', import.meta.url);

/** UPDATE_DOCS=1 writes it anew. */
function holdGenerated(name: string, text: string): void {
  const part = new RegExp(`(?<=<!-- ${name} -->\n).*(?=<!-- /${name} -->)`, 's');
  if (process.env.UPDATE_DOCS === '1') {
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(part, () => text),
    );
  }
  expect(part.exec(readFileSync(path, 'utf8'))?.[0]).toBe(text);
}

test('docs/configuration.md holds every setting as it is', () => {
  const tables = settingsDocument();
  holdGenerated('settings', tables);
  for (const key of settingKeys) expect(tables).toContain(`\`${settings[key].variables[0]}\``);
});

test('and every preset', () => {
  holdGenerated('presets', presetsDocument());
});
