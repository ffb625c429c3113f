/** docs/mappings.md's tables, made from the ready-made mappings. */
import type { ReadyMapping } from '../../src/format/mappings/mapping.ts';
import { mappingNames, readyMapping } from '../../src/format/mappings/registry.ts';
import type { FieldMap } from '../../src/format/parts/mapping.ts';
import type { ValueText } from '../../src/format/parts/value-place.ts';

export function mappingsDocument(): string {
  return mappingNames.map((name) => section(readyMapping(name))).join('\n');
}

/** Every place that a mapping takes a value from, in the order of its text. */
export function placesOf(mapping: ReadyMapping): string[] {
  const ofHead = headTexts(mapping).flatMap((text) => /^\{([^|}]+)/.exec(text)?.[1] ?? []);
  const ofMaps = [...Object.values(mapping.cef), ...Object.values(mapping.leef)].flat();
  return [...new Set([...ofHead, ...ofMaps.filter((text) => !text.startsWith('='))])];
}

function headTexts({ eventClassId, eventName }: ReadyMapping): string[] {
  return [eventClassId, eventName].flat();
}

function section(mapping: ReadyMapping): string {
  const { name, title, about, sources, product, eventClassId, eventName } = mapping;
  const rows = placesOf(mapping).map((place) => {
    const mark = mapping.unverified.includes(place) ? ' †' : '';
    const cells = [
      `\`${place}\`${mark}`,
      mapping.meanings[place] ?? '',
      keys(mapping.cef, place, true),
      keys(mapping.leef, place),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    `## ${name}: ${title}`,
    '',
    about,
    '',
    `In the head: product ${code(product)}, event class ID and EventID ${code(eventClassId)}, name (CEF) ${code(eventName)}.`,
    '',
    '| in the log | what it is | CEF | LEEF |',
    '|---|---|---|---|',
    ...rows,
    '',
    `Made from: ${sources.map((source) => `[${source.title}](${source.address})`).join('; ')}.`,
    '',
  ].join('\n');
}

function code(text: ValueText): string {
  return [text]
    .flat()
    .map((each) => `\`${each}\``)
    .join(', else ');
}

function keys(map: FieldMap, place: string, hasLabels = false): string {
  return Object.entries(map)
    .filter(([, text]) => [text].flat().includes(place))
    .map(([key]) => {
      const label = hasLabels ? map[`${key}Label`] : undefined;
      return label === undefined ? `\`${key}\`` : `\`${key}\` (${String(label).slice(1)})`;
    })
    .join(', ');
}
