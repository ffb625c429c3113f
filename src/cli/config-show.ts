/** `sls-syslog config show`: each value with where it is from. Pure. */
import type { ExplainedSection } from '../config/explain.ts';
import type { Plain } from '../config/plain.ts';
import { kebabCase } from '../config/setting.ts';

const widestValue = 40;

export function showText(sections: readonly ExplainedSection[], { json }: { readonly json: boolean }): string {
  return json ? `${JSON.stringify(asJson(sections), undefined, 2)}\n` : sections.map(asText).join('\n');
}

/** `{"Service": {"project": {"value": "web", "origin": "SLS_PROJECT"}}}` */
function asJson(sections: readonly ExplainedSection[]): Record<string, unknown> {
  return Object.fromEntries(
    sections.map(({ title, settings }) => [
      title,
      Object.fromEntries(settings.map(({ key, value, origin }) => [kebabCase(key), { value, origin }])),
    ]),
  );
}

function asText({ title, settings }: ExplainedSection): string {
  const rows = settings.map(({ key, value, origin }) => [kebabCase(key), shownValue(value), origin] as const);
  const width = (column: 0 | 1, most: number) => Math.min(most, Math.max(0, ...rows.map((row) => row[column].length)));
  const [names, values] = [width(0, 30), width(1, widestValue)];
  const lines = rows.map(([name, value, origin]) => `  ${name.padEnd(names)}  ${value.padEnd(values)}  ${origin}\n`);
  return `${title}\n${lines.join('')}`;
}

/** On one line; text that could be mistaken for something else in JSON's quotes. */
function shownValue(value: Plain): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[\x21-\x7e…](?:[\x20-\x7e…]*[\x21-\x7e…])?$/.test(value) ? value : JSON.stringify(value);
}
