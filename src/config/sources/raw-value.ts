/** A setting as it was written somewhere, before it is parsed, and the problems that point back to that place. */
import type { ConfigProblem } from '../../core/errors.ts';
import { type PlainNode, type PlainPath, pathText, placeAt } from '../../schema/plain.ts';
import { kebabCase } from '../settings/setting.ts';
import { flagOf, type SettingKey, settings } from '../settings/settings.ts';

export interface RawValue {
  /** One, or several where the setting is repeatable or has a structure; as YAML where it has one. */
  readonly texts: readonly string[];
  /** What may be shown in place of each text, where something was put into it that may not. */
  readonly written?: readonly string[];
  /** A value with a structure, from a file: in place of texts. */
  readonly node?: PlainNode;
  /** `--cert-path`, `SYSLOG_PORT`, or `sls-syslog.yaml:7`: what to show as the place it came from. */
  readonly origin: string;
  /** Only from a file: `sls-syslog.yaml:7`. */
  readonly at?: string;
  /** `sources.web`, where it is in a section of a file: no flag and no variable can change it. */
  readonly section?: string;
  /** The value is there, but cannot be used; that has been told. */
  readonly refused?: boolean;
  /** Absolute; what a relative path in the value is relative to. */
  readonly baseDirectory: string;
}

export type RawValues = ReadonlyMap<SettingKey, RawValue>;

/** Where a setting would have to be that is not there. */
export type MissingPlace = Pick<RawValue, 'section' | 'at'> & {
  readonly node?: undefined;
  readonly origin?: undefined;
};

/**
 * @param phrase continues the setting's name: `is missing`, or after a value `: "x" is not a port`
 * @param raw where the offending value came from; absent where there is none
 * @param path to the part of the value that is meant, where it has a structure
 * @param place to the part whose line is to be told
 */
export function problemOf(
  key: SettingKey,
  phrase: string,
  raw?: RawValue | MissingPlace,
  path: PlainPath = [],
  place: PlainPath = path,
): ConfigProblem {
  const placed = raw?.node && placeAt(raw.node, place);
  // A flag's or a variable's own name is there already.
  const at = raw?.at === undefined ? undefined : (placed ?? raw.at);
  const origin = placed ?? raw?.origin;
  const name = `${raw?.section === undefined ? '' : `${raw.section}.`}${kebabCase(key)}${pathText(path)}`;
  const flag = flagOf(key);
  return {
    message: `${name}${origin === undefined ? '' : ` (from ${origin})`}${phrase}`,
    path: name,
    ...(raw?.section === undefined && { ...(flag !== undefined && { flag }), variable: settings[key].variables[0] }),
    ...(at !== undefined && { at }),
  };
}

const longestShown = 80;

/** A value as an error may show it: masked, quoted, control characters escaped, not too long. */
export function shown(key: SettingKey, text: string): string {
  const masked = settings[key].mask?.(text) ?? text;
  return JSON.stringify(masked.length > longestShown ? `${masked.slice(0, longestShown)}…` : masked);
}
