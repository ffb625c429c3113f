/** Settings from environment variables. An empty variable counts as unset: shells and compose files leave such behind. */
import type { ConfigProblem } from '../errors.ts';
import { splitList } from './file-settings.ts';
import { problemOf, type RawValue, type RawValues } from './raw-value.ts';
import { type SettingKey, settingKeys, settings } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export function readEnvironment(
  environment: Environment,
  workingDirectory: string,
): { readonly values: RawValues; readonly problems: readonly ConfigProblem[] } {
  const values = new Map<SettingKey, RawValue>();
  const problems: ConfigProblem[] = [];
  for (const key of settingKeys) {
    const [used, ...others] = settings[key].variables.filter((variable) => environment[variable]);
    if (used === undefined) continue;
    const text = environment[used]!;
    const raw = { texts: splitList(key, text), origin: used, baseDirectory: workingDirectory };
    values.set(key, raw);
    for (const other of others) {
      if (environment[other] !== text)
        problems.push(problemOf(key, `: ${other} says something else; unset one of the two`, raw));
    }
  }
  return { values, problems };
}
