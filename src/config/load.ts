/**
 * From what was written (flags over environment over file over defaults) to the effective configuration, or to
 * every problem at once.
 */
import { resolve } from 'node:path';
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import { assembleConfig, assembleReplayConfig, type ReplayValues } from './assemble.ts';
import type { Config, ReplayConfig } from './config.ts';
import { deadLetterProblem } from './dead-letter-path.ts';
import { derivations, type Surroundings } from './derive.ts';
import { readEnvironment } from './environment.ts';
import { readConfigFile } from './file.ts';
import { problemOf, type RawValue, type RawValues, shown } from './raw-value.ts';
import { type Effective, effectiveTexts } from './redact.ts';
import { objections } from './rules.ts';
import type { SettingGroup } from './setting.ts';
import { type PartialValues, type SettingKey, settingKeys, settings, type Values } from './settings.ts';
import { readTlsFiles, type TlsFileKey, type TlsFiles } from './tls-files.ts';
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

/** What is known so far. One a load, thrown away after it. */
class Reading {
  readonly problems: ConfigProblem[] = [];
  /** Each setting's text, defaults included, as somebody could have written it. */
  readonly texts = new Map<SettingKey, readonly string[]>();
  readonly #written: RawValues;
  readonly #values: { -readonly [Key in keyof PartialValues]: unknown } = {};

  constructor(written: RawValues) {
    this.#written = written;
  }

  get values(): PartialValues {
    return this.#values as PartialValues;
  }

  complain(key: SettingKey, phrase: string): void {
    this.problems.push(problemOf(key, phrase, this.#written.get(key)));
  }

  take(key: SettingKey, raw: RawValue): void {
    const results = raw.texts.map((text) => settings[key].schema.safeParse(text));
    for (const [index, result] of results.entries()) {
      const text = raw.texts[index]!;
      if (result.success) continue;
      this.complain(key, `: ${text === '' ? 'the value' : shown(key, text)} ${phraseOf(result.error)}`);
    }
    if (results.every((result) => result.success)) {
      const parsed = results.map((result) => result.data);
      this.#values[key] = settings[key].repeatable ? parsed : parsed[0];
      this.texts.set(key, raw.texts);
    }
  }

  throwProblems(): void {
    if (this.problems.length > 0) throw new ConfigError(inTableOrder(this.problems));
  }

  takeDefaults(): void {
    for (const key of settingKeys) {
      const { absent, defaultText } = settings[key];
      if (absent !== 'default' || defaultText === undefined || this.#written.has(key)) continue;
      if (!this.#takeOwn(key, defaultText)) throw new TypeError(`the default of ${key} does not parse`);
    }
  }

  takeDerived(surroundings: Surroundings): void {
    for (const [key, derive] of derivations) {
      if (this.#written.has(key)) continue;
      const text = derive(this.values, surroundings);
      // What does not parse (a region that an odd endpoint seems to name) counts as not to be worked out.
      if (text !== undefined) this.#takeOwn(key, text);
    }
  }

  #takeOwn(key: SettingKey, text: string): boolean {
    const result = settings[key].schema.safeParse(text);
    if (!result.success) return false;
    this.#values[key] = result.data;
    this.texts.set(key, [text]);
    return true;
  }

  /** A setting that was written wrongly has its problem already: it is not missing too. */
  requireAll(needs: (group: SettingGroup) => boolean): void {
    for (const key of settingKeys) {
      const { absent, description, variables, group } = settings[key];
      if (!needs(group)) continue;
      const known = this.#written.has(key) || this.problems.some((problem) => problem.variable === variables[0]);
      if (absent === 'required' && !known) this.complain(key, ` is missing: ${description}`);
    }
  }

  /** Absolute, with the consumer's name put in. A directory that is missing is told now, and not at the first bad log. */
  readDeadLetterPath(): string | undefined {
    const { deadLetter, consumerName } = this.values;
    if (deadLetter === undefined || consumerName === undefined) return undefined;
    const written = deadLetter.replaceAll('{consumer}', consumerName);
    const path = resolve(this.#written.get('deadLetter')?.baseDirectory ?? '.', written);
    const problem = deadLetterProblem(path);
    if (problem !== undefined) this.complain('deadLetter', `: ${problem}`);
    this.texts.set('deadLetter', [path]);
    return path;
  }

  /** Also makes the paths' texts absolute, so that the log shows which file was meant. */
  readTlsFiles(): TlsFiles {
    if (this.values.proto !== 'tls') return {};
    const paths: { -readonly [Key in TlsFileKey]?: string } = {};
    for (const key of ['ca', 'cert', 'key'] as const) {
      const path = this.values[key];
      if (path === undefined) continue;
      paths[key] = resolve(this.#written.get(key)?.baseDirectory ?? '.', path);
      this.texts.set(key, [paths[key]]);
    }
    const { files, problems } = readTlsFiles(paths);
    for (const { key, phrase } of problems) {
      // A key that is missing is reported where the certificate was given.
      this.problems.push(problemOf(key, phrase, this.#written.get(key) ?? this.#written.get('cert')));
    }
    return files;
  }
}

function phraseOf(error: z.ZodError): string {
  return error.issues.map((issue) => issue.message).join('; ');
}

/** Problems of one setting stand together, in the order of the help; those of no setting (unknown keys and flags) first. */
function inTableOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const names = settingKeys.map((key) => settings[key].variables[0]);
  const place = (problem: ConfigProblem) => names.indexOf(problem.variable ?? '');
  return problems.toSorted((a, b) => place(a) - place(b));
}
