/** The effective configuration as it may be shown: in a user's words, masked as the table says. Pure. */

import type { SettingGroup } from './setting.ts';
import { type SettingKey, settings } from './settings.ts';

export type Effective = Readonly<Partial<Record<SettingGroup, Readonly<Record<string, string | readonly string[]>>>>>;

export function effectiveTexts(texts: ReadonlyMap<SettingKey, readonly string[]>): Effective {
  const groups: Partial<Record<SettingGroup, Record<string, string | readonly string[]>>> = {};
  for (const key of Object.keys(settings) as SettingKey[]) {
    const values = texts.get(key);
    if (values === undefined) continue;
    const { group, mask = (text: string) => text, repeatable } = settings[key];
    const masked = values.map(mask);
    groups[group] = { ...groups[group], [key]: repeatable ? masked : masked[0]! };
  }
  return groups;
}
