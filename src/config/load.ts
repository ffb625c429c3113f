/**
 * From what was written (sections over flags over environment over the file's top over preset over defaults) to the
 * effective configuration, or to every problem at once.
 */
import { ConfigError, type ConfigProblem } from '../core/errors.ts';
import { assembleConfig, assembleReplayConfig, type ReplayValues } from './assemble.ts';
import { exposedFiles } from './checks/exposed-files.ts';
import { ConfigInterner, clashesOf, withOneOperation } from './checks/flows-together.ts';
import { likelyMistakes } from './checks/likely-mistakes.ts';
import { objections } from './checks/settings-checks.ts';
import { warningsAbout } from './checks/warnings.ts';
import { type Explained, explain } from './explain.ts';
import type { FlowReading } from './flow-reading.ts';
import type { Flow, OperationConfig, ReplayConfig } from './model/config.ts';
import type { Surroundings } from './model/derive.ts';
import { type FlowPlan, planFlows } from './model/flows.ts';
import { type CheckModule, Reading } from './reading.ts';
import { type Effective, effectiveFlows, effectiveTexts } from './redact.ts';
import type { SettingGroup } from './settings/setting.ts';
import { type SettingKey, settingKeys, settings, type Values } from './settings/settings.ts';
import { readEnvironment } from './sources/environment.ts';
import { type ConfigFile, readConfigFile } from './sources/file.ts';
import type { RawValues } from './sources/raw-value.ts';
import type { Section, Sections } from './sources/sections.ts';
import type { TlsFilesGiven } from './sources/tls-files.ts';
import { createVariables, type Variables } from './sources/variables.ts';
import { readVendorLists, vendorListVariables } from './sources/vendor-lists.ts';

export interface Flags {
  readonly values: RawValues;
  /** Unknown flags, flags without their value. */
  readonly problems: readonly ConfigProblem[];
}

export interface LoadedFlows {
  /** At least one. */
  readonly flows: readonly Flow[];
  /** Equal in all flows. */
  readonly operation: OperationConfig;
  /** Every setting in a user's words, secrets masked, for the log's first line. */
  readonly effective: Effective;
  /** The time zones of time stamps, each once, with their offsets now: `local: Asia/Shanghai by /etc/localtime, UTC+08:00`. */
  readonly timeZones: readonly string[];
  /** What is allowed, but has to be said at every start. */
  readonly warnings: readonly string[];
  /** Certificates of our own that are not valid at present: no reason not to start, but wrong. Among the warnings too. */
  readonly outdated: readonly ConfigProblem[];
  /** Each value with where it is from. */
  explain(): Explained;
}

export interface LoadedReplay extends Pick<LoadedFlows, 'effective' | 'warnings'> {
  readonly config: ReplayConfig;
}

/**
 * @param checkModule asked about a module of the user's, which is not run then; absent: it is run, to see whether it can be
 * @throws ConfigError with every problem that was found
 */
export function loadFlows(flags: Flags, surroundings: Surroundings, checkModule?: CheckModule): LoadedFlows {
  const { common, variables, file, problems, scrub } = readWritten(flags, surroundings);
  const lists = readVendorLists(variables, surroundings.workingDirectory);
  problems.push(...lists.problems);
  if (lists.sources && file?.sections.sources) {
    const message = `the file has sources, and ${vendorListVariables.join(', ')} name others; unset those, or leave the sources out`;
    problems.push({ message, variable: 'SLS_PROJECTS' });
  }
  const sections: Sections = { ...(lists.sources && { sources: lists.sources }), ...file?.sections };
  const plan = planFlows(common, sections);
  problems.push(...plan.problems);

  const interner = new ConfigInterner();
  const readings: FlowReading[] = [];
  const made: Flow[] = [];
  const earlierProblems = [...problems];
  for (const each of plan.flows) {
    const reading = new Reading(each.written, each.sections);
    const tlsFiles = readOne(reading, each.written, surroundings, { file, earlierProblems, checkModule });
    const { pipeline, source, receiver, required } = each;
    const deadLetterPath = reading.readDeadLetterPath({ pipeline, source, receiver });
    readings.push({ plan: each, reading, tlsFiles });
    problems.push(...reading.problems);
    if (problems.length === 0) {
      const config = assembleConfig(reading.values as Values, reading.messageText(), tlsFiles, deadLetterPath);
      made.push({ pipeline, source, receiver, required, config: interner.intern(config) });
    }
  }
  problems.push(...problemsOfUnread(plan.flows, common, sections));
  problems.push(...idleEverywhere(readings));
  if (problems.length === 0)
    problems.push(...clashesOf(made.map((flow, index) => ({ flow, plan: plan.flows[index]! }))));
  const flows = withOneOperation(made);
  const [first] = flows;
  if (problems.length > 0 || !first) throw new ConfigError(inOrder(problems, scrub));
  for (const { reading } of readings) reading.showDrainTimeout(first.config.operation.drainTimeoutMs);
  const nowMs = surroundings.now();
  const warnings = new Set([
    ...variables.warnings,
    ...exposedFiles(file, readings),
    ...readings.flatMap(({ reading }) => likelyMistakes(reading.values, reading.texts, nowMs)),
    ...plan.warnings,
    ...readings.flatMap(({ reading }) => reading.warnings),
    ...flows.flatMap(({ config }) => warningsAbout(config)),
  ]);
  return {
    flows,
    operation: first.config.operation,
    effective: scrub(effectiveFlows(readings)),
    timeZones: [...new Set(readings.flatMap(({ reading }) => reading.timeZone ?? []))].map(scrub),
    warnings: [...warnings].map(scrub),
    outdated: inOrder(
      readings.flatMap(({ reading }) => reading.outdated),
      scrub,
    ),
    explain: () => scrub(explain(readings)),
  };
}

/** Problems of values that are in no flow, by a misspelt name or because they are not used. */
function problemsOfUnread(flows: readonly FlowPlan[], common: RawValues, sections: Sections): readonly ConfigProblem[] {
  const read = new Set(flows.flatMap((flow): Section[] => Object.values(flow.sections)));
  const all: readonly Section[] = Object.values(sections).flat();
  const unread = all.filter((section) => !read.has(section)).map(({ values }) => values);
  return (flows.length === 0 ? [common, ...unread] : unread).flatMap((written) => {
    const reading = new Reading(written);
    reading.takeWritten();
    return reading.problems;
  });
}

/**
 * For `dead-letter replay`: the log service need not be given, nor a dead-letter file, which would be the one that is
 * replayed.
 * @throws ConfigError with every problem that was found
 */
export function loadReplayConfig(flags: Flags, surroundings: Surroundings): LoadedReplay {
  const { common, variables, file, problems, scrub } = readWritten(flags, surroundings);
  const reading = new Reading(common);
  const tlsFiles = readOne(reading, common, surroundings, {
    file,
    earlierProblems: [...problems],
    needs: (group) => group !== 'service' && group !== 'group',
    notNeeded: ['deadLetter'],
  });
  problems.push(...reading.problems);
  if (problems.length > 0) throw new ConfigError(inOrder(problems, scrub));
  const config = assembleReplayConfig(reading.values as ReplayValues, reading.messageText(), tlsFiles);
  const nowMs = surroundings.now();
  const warnings = [
    ...variables.warnings,
    ...exposedFiles(file, [{ tlsFiles }]),
    ...reading.warnings,
    ...likelyMistakes(reading.values, reading.texts, nowMs),
    ...warningsAbout(config),
  ].map(scrub);
  if (Object.keys(file?.sections ?? {}).length > 0) {
    warnings.push(
      "the file's sections are not read by a replay: it takes the receiver at the top of the file, or flags",
    );
  }
  return { config, effective: scrub(effectiveTexts(reading.texts)), warnings };
}

interface Written {
  /** All that was written outside of the file's sections. */
  readonly common: RawValues;
  /** All that were looked at, with what has to be said about them. */
  readonly variables: Variables;
  readonly file: ConfigFile | undefined;
  readonly problems: ConfigProblem[];
  readonly scrub: Scrub;
}

function readWritten(flags: Flags, { environment, workingDirectory }: Surroundings): Written {
  const variables = createVariables(environment);
  const given = readEnvironment(variables, workingDirectory);
  const fileName = flags.values.get('config') ?? given.values.get('config');
  const file = fileName?.texts[0] ? readConfigFile(fileName.texts[0], workingDirectory, variables) : undefined;
  return {
    common: new Map([...(file?.values ?? []), ...given.values, ...flags.values]),
    variables,
    file,
    problems: [...flags.problems, ...given.problems, ...(file?.problems ?? [])],
    scrub: createScrub(file?.substituted ?? new Set()),
  };
}

interface ReadOptions {
  readonly file: ConfigFile | undefined;
  readonly earlierProblems: readonly ConfigProblem[];
  /** Whether what is required in this group has to be there; absent: in all. */
  readonly needs?: (group: SettingGroup) => boolean;
  /** Settings that count as given, to those that ask for them. */
  readonly notNeeded?: readonly SettingKey[];
  readonly checkModule?: CheckModule | undefined;
}

function readOne(
  reading: Reading,
  written: RawValues,
  surroundings: Surroundings,
  { file, earlierProblems, needs = () => true, notNeeded = [], checkModule }: ReadOptions,
): TlsFilesGiven {
  reading.takeWritten();
  reading.takePreset();
  reading.takeDefaults();
  reading.takeDerived(surroundings);
  reading.readTimeZone(surroundings);
  // Nobody knows what a file that could not be read would have set.
  if (file?.readable !== false) reading.requireAll(needs, earlierProblems);
  const given = (key: SettingKey) => written.has(key) || notNeeded.includes(key);
  for (const each of objections(reading.values, given)) reading.object(each);
  reading.checkFraming();
  const tlsFiles = reading.readTlsFiles(surroundings.checkTls);
  reading.checkFormat(checkModule);
  return tlsFiles;
}

/** What is written for several flows is wrong only if it has a meaning in none of them. */
function idleEverywhere(readings: readonly FlowReading[]): readonly ConfigProblem[] {
  const [first = [], ...others] = readings.map(({ reading }) => reading.idle);
  return first.filter(({ path }) => others.every((idle) => idle.some((other) => other.path === path)));
}

/** Each once; those of one setting stand together, in the order of the help, those of no setting first, sections last. */
function inOrder(problems: readonly ConfigProblem[], scrub: Scrub): readonly ConfigProblem[] {
  const names = settingKeys.map((key) => settings[key].variables[0]);
  const place = ({ variable, path }: ConfigProblem) => {
    const known = names.indexOf(variable ?? '');
    return known < 0 && path !== undefined ? names.length : known;
  };
  const once = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return scrub([...once.values()].toSorted((a, b) => place(a) - place(b)));
}

type Scrub = <T>(value: T) => T;

/** Shorter texts would be found by chance. */
const shortestScrubbed = 8;

/**
 * Values that were put into the file by `${…}` are shown as they were written; this is for what was made of them since:
 * names that they are a part of, phrases about a file.
 */
function createScrub(substituted: ReadonlySet<string>): Scrub {
  // Also as it stands in quotes. The longest first: a shorter one may be a part of it.
  const spellings = [...substituted].flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
  const secrets = [...new Set(spellings)]
    .filter((text) => text.length >= shortestScrubbed)
    .toSorted((a, b) => b.length - a.length);
  const clean = (text: string) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '${…}'), text);
  const scrub = (value: unknown): unknown => {
    if (typeof value === 'string') return clean(value);
    if (Array.isArray(value)) return value.map(scrub);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, scrub(inner)]));
  };
  return (value) => (secrets.length === 0 ? value : (scrub(value) as typeof value));
}
