/** The settings of the format, as the registry of formats takes them. */
import { AppError } from '../../core/errors.ts';
import { createFormat, type FormatOption, type FormatSpec, formatsWith, optionsOf } from '../../format/registry.ts';
import type { PlainPath } from '../../schema/plain.ts';
import { wordsOf } from '../../schema/text.ts';
import { type PartialValues, type SettingKey, settings } from '../settings/settings.ts';

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
  bom: 'bom',
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

export interface FormatFault {
  /** The setting that is at fault. */
  readonly key: SettingKey;
  /** To the part of its value that is. */
  readonly path: PlainPath;
  /** A sentence. */
  readonly message: string;
}

/**
 * Makes the format, to see whether that can be done; a module of the user's is loaded by it. What it complains of first
 * is the fault of the option without which it would complain of something else, or of nothing.
 * @param given whether somebody set it
 */
export function formatFaults(values: PartialValues, given: (key: SettingKey) => boolean): readonly FormatFault[] {
  const faults: FormatFault[] = [];
  let spec = formatSpecOf(values);
  const options = optionsOf(spec.format).filter((option) => {
    const key = formatOptionKeys[option];
    // A value that is one of a few words is right by itself: the other option is at fault.
    return given(key) && wordsOf(settings[key].schema) === undefined;
  });
  for (let message = problemOf(spec); message !== undefined; message = problemOf(spec)) {
    // What has to be there cannot be left out to see; nor is code of the user's run again and again.
    const needed = spec.format === 'template' || spec.format === 'module' ? spec.format : undefined;
    const option = needed ?? options.find((each) => problemOf(without(spec, each)) !== message);
    const key: SettingKey = option === undefined ? 'format' : formatOptionKeys[option];
    const wrongKeys = option === 'map' ? wrongKeysOf(spec) : [];
    faults.push(...(wrongKeys.length > 0 ? wrongKeys : [{ key, path: [], message }]));
    if (option === undefined || needed !== undefined) return faults;
    spec = without(spec, option);
  }
  return faults;
}

/** Keys of the mapping that are wrong each by itself. */
function wrongKeysOf(spec: FormatSpec): readonly FormatFault[] {
  const others = problemOf(without(spec, 'map'));
  return Object.entries(spec.map ?? {}).flatMap(([name, value]): FormatFault[] => {
    const message = problemOf({ ...spec, map: { [name]: value } });
    return message === undefined || message === others ? [] : [{ key: 'map', path: [name], message }];
  });
}

function without(spec: FormatSpec, option: FormatOption): FormatSpec {
  const { [option]: _, ...rest } = spec;
  return rest;
}

function problemOf(spec: FormatSpec): string | undefined {
  try {
    createFormat(spec);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}
