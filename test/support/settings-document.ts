/** The tables of docs/configuration.md, made from the table of settings. */
import { presetNames, presets } from '../../src/config/presets.ts';
import { kebabCase, type SettingGroup } from '../../src/config/setting.ts';
import { flagOf, groupTitles, isSwitch, settingKeys, settings } from '../../src/config/settings.ts';

/** The table of presets. */
export function presetsDocument(): string {
  const keys = ['proto', 'framing', 'rfc', 'format', 'maxMessageBytes'] as const;
  const rows = presetNames.map((name) => {
    const { title, settings: given, notes } = presets[name];
    const values = keys.map((key) => (given[key] === undefined ? 'default' : code(given[key])));
    return `| ${[`${code(name)}: ${title}`, ...values, notes.join(' ')].map(escapeCell).join(' | ')} |`;
  });
  const titles = ['preset', ...keys.map((key) => code(kebabCase(key))), 'at the receiver'];
  return [`| ${titles.join(' | ')} |`, `|${'---|'.repeat(titles.length)}`, ...rows, ''].join('\n');
}

export function settingsDocument(): string {
  const groups = Object.keys(groupTitles) as SettingGroup[];
  return groups.map(groupSection).join('\n');
}

function groupSection(group: SettingGroup): string {
  const rows = settingKeys.filter((key) => settings[key].group === group).map(row);
  return [
    `### ${groupTitles[group]}\n`,
    '| flag, key in the file | variable | default | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function row(key: (typeof settingKeys)[number]): string {
  const {
    placeholder,
    variables,
    aliases = [],
    absent,
    defaultText,
    description,
    noFlag,
    noFile,
    repeatable,
  } = settings[key];
  const names = [
    noFlag ? `no flag; key ${code(kebabCase(key))}` : code(`${flagOf(key)}${placeholder ? ` ${placeholder}` : ''}`),
    ...(noFile ? ['not in the file'] : []),
    ...(repeatable ? ['may be repeated'] : []),
    ...aliases.map((alias) => `also ${code(alias)}`),
  ];
  const fallback =
    absent === 'required' ? 'required' : absent === 'default' ? code(defaultText ?? '') : (defaultText ?? 'none');
  const cells = [names.join('; '), variables.map(code).join(', '), isSwitch(key) ? 'off' : fallback, description];
  return `| ${cells.map(escapeCell).join(' | ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** GitHub's tables end a cell at every bar, inside code too; outside code, `<` and `*` would be markup. */
function escapeCell(text: string): string {
  const parts = text.split(/(`[^`]*`)/);
  return parts
    .map((part) => (part.startsWith('`') ? part : part.replace(/[<*\\]/g, '\\$&')))
    .join('')
    .replaceAll('|', '\\|');
}
