/** Settings from environment variables. An empty variable counts as unset: shells and compose files leave such behind. */
import type { ConfigProblem } from '../../core/errors.ts';
import { type SettingKey, settingKeys, settings } from '../settings/settings.ts';
import { splitList } from './file-settings.ts';
import { problemOf, type RawValue, type RawValues } from './raw-value.ts';
import type { Variables } from './variables.ts';

export function readEnvironment(
  variables: Variables,
  workingDirectory: string,
): { readonly values: RawValues; readonly problems: readonly ConfigProblem[] } {
  const values = new Map<SettingKey, RawValue>();
  const problems: ConfigProblem[] = [];
  for (const key of settingKeys) {
    const given = settings[key].variables.flatMap((name) => {
      const text = variables.getSetting(name);
      return text === undefined ? [] : [{ name, text }];
    });
    const [used, ...others] = given;
    if (used === undefined) continue;
    const raw = { texts: splitList(key, used.text), origin: used.name, baseDirectory: workingDirectory };
    values.set(key, raw);
    for (const { name, text } of others) {
      if (text !== used.text) problems.push(problemOf(key, `: ${name} says something else; unset one of the two`, raw));
    }
  }
  return { values, problems };
}
