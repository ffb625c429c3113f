/** The tables of docs/configuration.md, made from the table of settings. */
import { type Fact, type PresetName, presetNames, presets, transports } from '../../src/config/settings/presets.ts';
import { kebabCase, type SettingGroup } from '../../src/config/settings/setting.ts';
import { flagOf, groupTitles, isSwitch, settingKeys, settings } from '../../src/config/settings/settings.ts';

/** The table of presets: a row for each listener, and what its values rest on. */
export function presetsDocument(): string {
  const titles = ['preset', 'transport', 'port', 'framing', 'largest message', 'header', 'format'];
  const rows = presetNames.flatMap((name) => {
    const { listeners, message } = presets[name];
    return transports.flatMap((proto) =>
      listeners[proto].map(({ port, framing, maxMessageBytes }) => {
        const header = [message.rfc, message.timePrecision].map(cellOf).join(', ');
        const framed = framing ? cellOf(framing) : 'none';
        const transport = proto === presets[name].proto ? `${code(proto)} (default)` : code(proto);
        const cells = [code(name), transport, cellOf(port), framed, cellOf(maxMessageBytes), header];
        return `| ${[...cells, cellOf(message.format)].map(escapeCell).join(' | ')} |`;
      }),
    );
  });
  const table = [`| ${titles.join(' | ')} |`, `|${'---|'.repeat(titles.length)}`, ...rows, ''];
  return [...table, ...presetNames.flatMap(presetSources)].join('\n');
}

function cellOf({ value, verified }: Fact): string {
  return verified ? code(value) : `${code(value)} ?`;
}

/** Each value with its source, once. */
function presetSources(name: PresetName): string[] {
  const { title, listeners, message, notes } = presets[name];
  const sources = new Map<string, string[]>();
  const note = (what: string, { value, source, verified }: Fact) => {
    const text = verified ? source : `Not verified: ${source}`;
    sources.set(text, [...new Set([...(sources.get(text) ?? []), `${what} ${code(value)}`])]);
  };
  for (const proto of transports) {
    for (const { port, framing, maxMessageBytes } of listeners[proto]) {
      note(`${proto} port`, port);
      if (framing) note(`${proto} port ${port.value}:`, framing);
      note(`${proto} largest message`, maxMessageBytes);
    }
  }
  note('RFC', message.rfc);
  note('time precision', message.timePrecision);
  note('format', message.format);
  const lines = [...sources].map(([source, values]) => `  - ${values.join(', ')}: ${source}`);
  return [`- **${code(name)}**, ${title}. ${notes.join(' ')}`, ...lines, ''];
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
