/** What one setting says against another. Pure. */
import type { PartialValues, SettingKey } from '../settings/settings.ts';

export interface Objection {
  readonly key: SettingKey;
  /** Continues the setting's name. */
  readonly phrase: string;
  /** The setting does no harm, but has no effect. */
  readonly idle?: boolean;
}

/** `given`: somebody set it; it is not there by default. */
export type Check = (values: PartialValues, given: (key: SettingKey) => boolean) => readonly Objection[];

export const none: readonly Objection[] = [];

export function objection(key: SettingKey, phrase: string): readonly Objection[] {
  return [{ key, phrase }];
}

/** Objects to a setting that has no effect beside the others. */
export function idle(key: SettingKey, phrase: string): readonly Objection[] {
  return [{ key, phrase, idle: true }];
}
