/** The effective configuration as it may be shown: in a user's words, masked as the table says. Pure. */
import type { Plain } from './plain.ts';
import type { SettingGroup } from './setting.ts';
import { type SettingKey, settings } from './settings.ts';

export type Effective = Readonly<Partial<Record<SettingGroup, Readonly<Record<string, Plain>>>>>;

export function effectiveTexts(texts: ReadonlyMap<SettingKey, Plain>): Effective {
  const groups: Partial<Record<SettingGroup, Record<string, Plain>>> = {};
  for (const key of Object.keys(settings) as SettingKey[]) {
    const value = texts.get(key);
    if (value === undefined) continue;
    const { group, mask, repeatable, structure } = settings[key];
    const masked = mask ? maskAll(value, mask) : value;
    const isOne = Array.isArray(masked) && !repeatable && structure === undefined;
    groups[group] = { ...groups[group], [key]: isOne ? (masked[0] as Plain) : masked };
  }
  return groups;
}

function maskAll(value: Plain, mask: (text: string) => string): Plain {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((item: Plain) => maskAll(item, mask));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, maskAll(item as Plain, mask)]));
}
