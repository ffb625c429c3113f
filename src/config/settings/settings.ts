/**
 * THE TABLE OF ALL SETTINGS, put together from a file for each help group. Flags, `--help`, the environment, the
 * file's keys, redaction and docs/configuration.md are all made from it: a setting is added to its group's file, given
 * its place in `Config`, and nowhere else.
 *
 * A row's name in camelCase is its name everywhere: `maxInFlight` is `--max-in-flight`, and `max-in-flight` in the
 * file. Order matters only in so far as help and documentation keep it.
 */
import { switchText } from '../../schema/text.ts';
import { deliverySettings } from './delivery-settings.ts';
import { formatSettings } from './format-settings.ts';
import { groupSettings } from './group-settings.ts';
import { messageSettings } from './message-settings.ts';
import { operationSettings } from './operation-settings.ts';
import { receiverSettings } from './receiver-settings.ts';
import { selectionSettings } from './selection-settings.ts';
import { serviceSettings } from './service-settings.ts';
import { kebabCase, type Setting, type SettingGroup } from './setting.ts';

const table = {
  ...serviceSettings,
  ...groupSettings,
  ...selectionSettings,
  ...messageSettings,
  ...formatSettings,
  ...receiverSettings,
  ...deliverySettings,
  ...operationSettings,
} as const;

export type SettingKey = keyof typeof table;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** Every setting's value, once all is known. */
export type Values = { readonly [Key in SettingKey]: ValueOf<(typeof table)[Key]> };

/** A region may stay unknown, with v1; framing is nothing to udp. */
export type PartialValues = { readonly [Key in SettingKey]?: Values[Key] | undefined };

export const settings: Readonly<Record<SettingKey, Setting<unknown>>> = table;

export const settingKeys = Object.keys(table) as readonly SettingKey[];

export const groupTitles: Readonly<Record<SettingGroup, string>> = {
  service: 'Service',
  group: 'Consumer group',
  selection: 'Selection',
  message: 'Message',
  format: 'Format',
  receiver: 'Receiver',
  delivery: 'Delivery',
  operation: 'Operation',
};

export type SectionKind = 'source' | 'receiver' | 'pipeline';

/** Which of the file's sections hold the settings of a group; undefined: they are of the whole process. */
export const sectionKinds: Readonly<Record<SettingGroup, SectionKind | undefined>> = {
  service: 'source',
  group: 'source',
  selection: 'pipeline',
  message: 'pipeline',
  format: 'pipeline',
  receiver: 'receiver',
  delivery: 'receiver',
  operation: undefined,
};

/** Which sections hold it; undefined: it is of the whole process, and stands at the top of the file. */
export function sectionKindOf(key: SettingKey): SectionKind | undefined {
  return settings[key].wholeProcess ? undefined : sectionKinds[settings[key].group];
}

/** Every spelling in kebab case, aliases included → the setting. */
export const settingByName: ReadonlyMap<string, SettingKey> = new Map(
  settingKeys.flatMap((key) => [kebabCase(key), ...(settings[key].aliases ?? [])].map((name) => [name, key] as const)),
);

/** `--max-in-flight`; undefined where there is no flag. */
export function flagOf(key: SettingKey): string | undefined {
  return settings[key].noFlag ? undefined : `--${kebabCase(key)}`;
}

export function isSwitch(key: SettingKey): boolean {
  return settings[key].schema === switchText;
}
