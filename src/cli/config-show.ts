/** The text of `sls-syslog config show`: each setting's value and origin. Pure. */
import type { Explained, ExplainedSettings } from '../config/explain.ts';
import { kebabCase, type SettingGroup } from '../config/settings/setting.ts';
import { groupTitles, settingKeys, settings as table } from '../config/settings/settings.ts';
import type { Plain } from '../schema/plain.ts';

const widestName = 30;
const widestValue = 40;

export function showText(explained: Explained, { json }: { readonly json: boolean }): string {
  if (json) return `${JSON.stringify(asJson(explained), undefined, 2)}\n`;
  return (explained.hasSections ? bySection(explained) : byGroup(explained)).join('\n');
}

/** One shape with and without sections: `{"sources": {"default": {"project": {"value": "web", "origin": "…"}}}}`. */
function asJson({ sources, receivers, flows, process }: Explained): Record<string, unknown> {
  return {
    sources: Object.fromEntries(sources.map(([name, settings]) => [name, settingsAsJson(settings)])),
    receivers: Object.fromEntries(receivers.map(([name, settings]) => [name, settingsAsJson(settings)])),
    pipelines: flows.map((flow) => ({ ...flow, settings: settingsAsJson(flow.settings) })),
    process: settingsAsJson(process),
  };
}

function settingsAsJson(settings: ExplainedSettings): Record<string, unknown> {
  return Object.fromEntries(settings.map(({ key, ...rest }) => [kebabCase(key), rest]));
}

function bySection({ sources, receivers, flows, process }: Explained): readonly string[] {
  return [
    ...sources.map(([name, settings]) => asText(`sources.${name}`, settings)),
    ...receivers.map(([name, settings]) => asText(`receivers.${name}`, settings)),
    ...flows.map(({ pipeline, source, receiver, required, settings }) => {
      return asText(`pipeline ${pipeline}: ${source} → ${receiver}${required ? '' : ', not required'}`, settings);
    }),
    asText('the whole process', process),
  ];
}

/** Settings in the groups and the order of the help. */
function byGroup({ sources, receivers, flows, process }: Explained): readonly string[] {
  const named = [...sources, ...receivers].flatMap(([, settings]) => settings);
  const all = [...named, ...flows.flatMap(({ settings }) => settings), ...process];
  return (Object.entries(groupTitles) as [SettingGroup, string][]).map(([group, title]) => {
    const own = all.filter(({ key }) => table[key].group === group);
    return asText(
      title,
      own.toSorted((a, b) => settingKeys.indexOf(a.key) - settingKeys.indexOf(b.key)),
    );
  });
}

function asText(title: string, settings: ExplainedSettings): string {
  const rows = settings.map(({ key, value, origin, note }) => {
    const from = note === undefined ? origin : `${origin}; ${note}`;
    return [kebabCase(key), shownValue(value), from] as const;
  });
  const width = (column: 0 | 1, most: number) => Math.min(most, Math.max(0, ...rows.map((row) => row[column].length)));
  const [names, values] = [width(0, widestName), width(1, widestValue)];
  const lines = rows.map(([name, value, origin]) => `  ${name.padEnd(names)}  ${value.padEnd(values)}  ${origin}\n`);
  return `${title}\n${lines.join('')}`;
}

/** A value on one line; text with white space at an end, or with other than printable ASCII, is quoted as in JSON. */
function shownValue(value: Plain): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[\x21-\x7e…](?:[\x20-\x7e…]*[\x21-\x7e…])?$/.test(value) ? value : JSON.stringify(value);
}
