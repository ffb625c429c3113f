/** The settings of the format, as the registry of formats takes them. Pure. */
import { type FormatOption, type FormatSpec, formatsWith, optionsOf } from '../format/registry.ts';
import type { PartialValues, SettingKey } from './settings.ts';

/** Under which setting each option is given. */
export const formatOptionKeys = {
  separator: 'sep',
  escape: 'escape',
  nest: 'nest',
  inferTypes: 'inferTypes',
  rawField: 'rawField',
  template: 'template',
  module: 'module',
  moduleOptions: 'moduleOptions',
  mapping: 'mapping',
  map: 'map',
  vendor: 'deviceVendor',
  product: 'deviceProduct',
  version: 'deviceVersion',
  eventClassId: 'eventClassId',
  eventName: 'eventName',
  leefVersion: 'leefVersion',
  leefDelimiter: 'leefDelimiter',
  unmapped: 'unmapped',
  enterpriseId: 'enterpriseId',
} as const satisfies Record<FormatOption, SettingKey>;

/** With the options that the format takes, and no others. */
export function formatSpecOf(values: PartialValues): FormatSpec {
  const { format = 'kv' } = values;
  const given = optionsOf(format).map((option) => [option, values[formatOptionKeys[option]]] as const);
  return { format, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}

/** `json`, or `cef or leef` */
export function formatsOf(option: FormatOption): string {
  return formatsWith(option).join(' or ');
}
