/**
 * From what was written (flags over environment over file over defaults) to the effective configuration, or to
 * every problem at once.
 */
import type { ConfigProblem } from '../errors.ts';
import { assembleConfig, assembleReplayConfig, type ReplayValues } from './assemble.ts';
import type { Config, Flow, OperationConfig, ReplayConfig } from './config.ts';
import type { Surroundings } from './derive.ts';
import { readEnvironment } from './environment.ts';
import { readConfigFile } from './file.ts';
import type { RawValues } from './raw-value.ts';
import { Reading } from './reading.ts';
import { type Effective, effectiveTexts } from './redact.ts';
import { objections } from './rules.ts';
import type { SettingGroup } from './setting.ts';
import type { SettingKey, Values } from './settings.ts';
import type { TlsFiles } from './tls-files.ts';
import { warningsAbout } from './warnings.ts';

export interface Flags {
  readonly values: RawValues;
  /** Unknown flags, flags without their value. */
  readonly problems: readonly ConfigProblem[];
}

export interface LoadedConfig<C = Config> {
  readonly config: C;
  /** Every setting in a user's words, secrets masked, for the log's first line. */
  readonly effective: Effective;
  /** What is allowed, but has to be said at every start. */
  readonly warnings: readonly string[];
}

export interface LoadedFlows {
  /** At least one. */
  readonly flows: readonly Flow[];
  /** The same in all flows. */
  readonly operation: OperationConfig;
  /** As of `LoadedConfig`. */
  readonly effective: Effective;
  readonly warnings: readonly string[];
}

/** @throws ConfigError with every problem that was found */
export function loadFlows(flags: Flags, surroundings: Surroundings): LoadedFlows {
  const { config, effective, warnings } = loadConfig(flags, surroundings);
  const flow = { pipeline: 'default', source: 'default', receiver: 'default', required: true, config };
  return { flows: [flow], operation: config.operation, effective, warnings };
}

/** @throws ConfigError with every problem that was found */
export function loadConfig(flags: Flags, surroundings: Surroundings): LoadedConfig {
  const { reading, tlsFiles } = read(flags, surroundings, () => true);
  const deadLetterPath = reading.readDeadLetterPath();
  reading.throwProblems();
  const config = assembleConfig(reading.values as Values, tlsFiles, deadLetterPath);
  return { config, effective: effectiveTexts(reading.texts), warnings: warningsAbout(config) };
}

/**
 * For `dead-letter replay`: the log service need not be given, nor a dead-letter file, which would be the one that is
 * replayed.
 * @throws ConfigError with every problem that was found
 */
export function loadReplayConfig(flags: Flags, surroundings: Surroundings): LoadedConfig<ReplayConfig> {
  const { reading, tlsFiles } = read(flags, surroundings, (group) => group !== 'service' && group !== 'group', [
    'deadLetter',
  ]);
  reading.throwProblems();
  const config = assembleReplayConfig(reading.values as ReplayValues, tlsFiles);
  return { config, effective: effectiveTexts(reading.texts), warnings: warningsAbout(config) };
}

/**
 * @param needs whether what is required in this group has to be there
 * @param notNeeded settings that count as given, to those that ask for them
 */
function read(
  flags: Flags,
  surroundings: Surroundings,
  needs: (group: SettingGroup) => boolean,
  notNeeded: readonly SettingKey[] = [],
): { readonly reading: Reading; readonly tlsFiles: TlsFiles } {
  const environment = readEnvironment(surroundings.environment, surroundings.workingDirectory);
  const fileName = flags.values.get('config') ?? environment.values.get('config');
  const file = fileName?.texts[0] ? readConfigFile(fileName.texts[0], surroundings.workingDirectory) : undefined;

  const written = new Map([...(file?.values ?? []), ...environment.values, ...flags.values]);
  const reading = new Reading(written);
  reading.problems.push(...flags.problems, ...environment.problems, ...(file?.problems ?? []));
  for (const [key, raw] of written) reading.take(key, raw);
  reading.takeDefaults();
  reading.takeDerived(surroundings);
  // Of a file that could not be read nobody knows what it would have set.
  if (file?.readable !== false) reading.requireAll(needs);
  const given = (key: SettingKey) => written.has(key) || notNeeded.includes(key);
  for (const { key, phrase } of objections(reading.values, given)) reading.complain(key, phrase);
  return { reading, tlsFiles: reading.readTlsFiles() };
}
