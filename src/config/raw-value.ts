/** A setting as it was written somewhere, before it is parsed, and the problems that point back to that place. */
import type { ConfigProblem } from '../errors.ts';
import { kebabCase } from './setting.ts';
import { flagOf, type SettingKey, settings } from './settings.ts';

export interface RawValue {
  /** One, or several where the setting is repeatable. */
  readonly texts: readonly string[];
  /** `--cert-path`, `SYSLOG_PORT`, or `sls-syslog.yaml:7`: what to show as the place it came from. */
  readonly origin: string;
  /** Only from a file: `sls-syslog.yaml:7`. */
  readonly at?: string;
  /** Absolute; what a relative path in the value is relative to. */
  readonly baseDirectory: string;
}

export type RawValues = ReadonlyMap<SettingKey, RawValue>;

/**
 * @param phrase continues the setting's name: `is missing`, or after a value `: "x" is not a port`
 * @param raw where the offending value came from; absent where there is none
 */
export function problemOf(key: SettingKey, phrase: string, raw?: RawValue): ConfigProblem {
  const from = raw === undefined ? '' : ` (from ${raw.origin})`;
  const flag = flagOf(key);
  return {
    message: `${kebabCase(key)}${from}${phrase}`,
    ...(flag !== undefined && { flag }),
    variable: settings[key].variables[0],
    ...(raw?.at !== undefined && { at: raw.at }),
  };
}

const longestShown = 80;

/** A value as an error may show it: masked, quoted, control characters escaped, not too long. */
export function shown(key: SettingKey, text: string): string {
  const masked = settings[key].mask?.(text) ?? text;
  return JSON.stringify(masked.length > longestShown ? `${masked.slice(0, longestShown)}…` : masked);
}
