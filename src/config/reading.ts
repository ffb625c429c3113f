/** Settings as they were written → values, with all that is wrong; one for each way of logs. */
import { resolve } from 'node:path';
import type { z } from 'zod';
import { AppError, type ConfigProblem } from '../core/errors.ts';
import { describeTimeZone } from '../encode/header/time-zone.ts';
import { brokenParts, type Plain, partAt, plainOf, writtenOf } from '../schema/plain.ts';
import { formatDuration } from '../schema/units.ts';
import { deadLetterProblem } from './checks/dead-letter-path.ts';
import type { Objection } from './checks/objection.ts';
import { type CheckTls, derivations, type Surroundings } from './model/derive.ts';
import type { FlowSections } from './model/flows.ts';
import { formatFaults } from './model/format-spec.ts';
import { choosePreset, factsOf, framingWarning } from './settings/preset-choice.ts';
import type { SettingGroup } from './settings/setting.ts';
import {
  type PartialValues,
  type SettingKey,
  sectionKindOf,
  settingByName,
  settingKeys,
  settings,
} from './settings/settings.ts';
import { type MissingPlace, problemOf, type RawValue, type RawValues, shown } from './sources/raw-value.ts';
import { nodeOfTexts, structuredIssues } from './sources/structured.ts';
import { readTlsFiles, type TlsFileKey, type TlsFilesGiven, tlsFileKeys } from './sources/tls-files.ts';

/** @param file absolute; what is wrong with the module, a sentence, as far as can be seen without running it */
export type CheckModule = (file: string) => string | undefined;

/** What is known so far. One a load, thrown away after it. */
export class Reading {
  readonly problems: ConfigProblem[] = [];
  /** What has no meaning here, but was written for several flows: it may have one in another. */
  readonly idle: ConfigProblem[] = [];
  /** What is allowed, but has to be said. */
  readonly warnings: string[] = [];
  /** Certificates of our own that are not valid at present; among the warnings too. */
  readonly outdated: ConfigProblem[] = [];
  /** Each setting's text, defaults included, as somebody could have written it. */
  readonly texts = new Map<SettingKey, Plain>();
  /** Where each was found: `--port`, `SYSLOG_PORT`, `c.yaml:7`, `default`, `derived`. */
  readonly origins = new Map<SettingKey, string>();
  /** The time zone of time stamps: its name, where it is from, and its offset now; absent: it does not exist. */
  timeZone?: string;
  /** What else is to be known of a value: what a preset's rests on, what a local zone is. */
  readonly notes = new Map<SettingKey, string>();
  /** Each text as in `texts`, but with what was put in by `${…}`. */
  readonly #plain = new Map<SettingKey, Plain>();
  /** Settings with a structure, each part with its place. */
  readonly #structured = new Map<SettingKey, RawValue>();
  readonly #withProblem = new Set<SettingKey>();
  readonly #written: RawValues;
  readonly #sections: FlowSections;
  readonly #values: { -readonly [Key in keyof PartialValues]: unknown } = {};

  constructor(written: RawValues, sections: FlowSections = {}) {
    this.#written = written;
    this.#sections = sections;
  }

  get values(): PartialValues {
    return this.#values as PartialValues;
  }

  complain(key: SettingKey, phrase: string): void {
    this.#addProblem(key, problemOf(key, phrase, this.#placeOf(key)));
  }

  #addProblem(key: SettingKey, problem: ConfigProblem): void {
    this.#withProblem.add(key);
    this.problems.push(problem);
  }

  object({ key, phrase, idle }: Objection): void {
    const raw = this.#written.get(key);
    const isShared = raw !== undefined && raw.section === undefined && Object.keys(this.#sections).length > 0;
    if (idle && isShared) this.idle.push(problemOf(key, phrase, raw));
    else this.complain(key, phrase);
  }

  /** Where it was written, or else the section where it should be. */
  #placeOf(key: SettingKey): RawValue | MissingPlace | undefined {
    const kind = sectionKindOf(key);
    const section = kind && this.#sections[kind];
    return this.#written.get(key) ?? (section && { section: section.path, at: section.at });
  }

  takeWritten(): void {
    for (const [key, raw] of this.#written) if (!raw.refused) this.take(key, raw);
  }

  take(key: SettingKey, raw: RawValue): void {
    if (settings[key].structure === undefined) this.#takeTexts(key, raw);
    else this.#takeStructured(key, raw);
  }

  #takeTexts(key: SettingKey, raw: RawValue): void {
    const results = raw.texts.map((text) => settings[key].schema.safeParse(text));
    for (const [index, result] of results.entries()) {
      const text = raw.texts[index]!;
      if (result.success) continue;
      const quoted = text === '' ? 'the value' : shown(key, raw.written?.[index] ?? text);
      this.complain(key, `: ${quoted} ${phraseOf(result.error)}`);
    }
    if (results.every((result) => result.success)) {
      const parsed = results.map((result) => result.data);
      this.#values[key] = settings[key].repeatable ? parsed : parsed[0];
      this.texts.set(key, raw.written ?? raw.texts);
      this.#plain.set(key, raw.texts);
      this.origins.set(key, raw.origin);
    }
  }

  #takeStructured(key: SettingKey, raw: RawValue): void {
    const node = raw.node ?? nodeOfTexts(key, raw);
    const withNode = { ...raw, node };
    this.#structured.set(key, withNode);
    const broken = brokenParts(node);
    for (const { path, phrase } of broken) this.#addProblem(key, problemOf(key, phrase, withNode, path));
    const value = plainOf(node);
    if (broken.length > 0 || value === undefined) return;
    const result = settings[key].schema.safeParse(value);
    if (result.success) {
      this.#values[key] = result.data;
      this.texts.set(key, writtenOf(node) ?? []);
      this.#plain.set(key, value);
      this.origins.set(key, raw.origin);
      return;
    }
    const written = writtenOf(node);
    for (const { path, phrase, place, isMisshapen } of structuredIssues(result.error)) {
      const part = partAt(written, path);
      const quoted = typeof part === 'string' ? `: ${shown(key, part)}` : '';
      // A whole sentence, of a parser that is not made for settings, stands by itself.
      const text = /^[a-z]/.test(phrase) ? `${quoted} ${phrase}` : `: ${phrase}`;
      const explained = isMisshapen && path.length === 0 ? `${text}: ${settings[key].description}` : text;
      this.#addProblem(key, problemOf(key, explained, withNode, path, place));
    }
  }

  takePreset(): void {
    const choice = choosePreset(this.values, (key) => this.#written.has(key));
    if (choice === undefined) return;
    const origin = `preset ${this.values.preset} over ${choice.proto}`;
    for (const [key, fact] of factsOf(choice)) {
      if (this.#written.has(key)) continue;
      if (!this.#takeOwn(key, fact.value, origin)) throw new TypeError(`${key} of ${origin} does not parse`);
      this.notes.set(key, fact.verified ? fact.source : `not verified: ${fact.source}`);
    }
  }

  /** A zone that does not exist is found here, and not with the first message. */
  readTimeZone({ environment, now }: Surroundings): void {
    const { timezone } = this.values;
    if (timezone === undefined) return;
    try {
      this.timeZone = describeTimeZone(timezone, environment, now() / 1000);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.complain('timezone', ` is ${timezone}: ${error.message}`);
      return;
    }
    if (timezone === 'local') this.notes.set('timezone', this.timeZone.replace(/^local: /, ''));
  }

  /** A framing given by hand that the preset's port is known not to read. */
  checkFraming(): void {
    const warning = framingWarning(this.values, (key) => this.#written.has(key));
    if (warning !== undefined) this.warnings.push(warning);
  }

  takeDefaults(): void {
    for (const key of settingKeys) {
      const { absent, defaultText } = settings[key];
      if (absent !== 'default' || defaultText === undefined || this.#isKnown(key)) continue;
      if (!this.#takeOwn(key, defaultText, 'default')) throw new TypeError(`the default of ${key} does not parse`);
    }
  }

  takeDerived(surroundings: Surroundings): void {
    for (const [key, derive] of derivations) {
      if (this.#isKnown(key)) continue;
      const text = derive(this.values, surroundings);
      // What does not parse (a region that an odd endpoint seems to name) counts as not to be worked out.
      if (text !== undefined) this.#takeOwn(key, text, 'derived');
    }
  }

  /** Worked out by a source's heartbeats, it is the shortest of all sources'. */
  showDrainTimeout(drainTimeoutMs: number): void {
    if (!this.#written.has('drainTimeout')) this.texts.set('drainTimeout', [formatDuration(drainTimeoutMs)]);
  }

  /** Or refused. */
  #isKnown(key: SettingKey): boolean {
    return this.#written.has(key) || this.texts.has(key);
  }

  #takeOwn(key: SettingKey, text: string, origin: string): boolean {
    const result = settings[key].schema.safeParse(text);
    if (!result.success) return false;
    this.#values[key] = result.data;
    this.texts.set(key, [text]);
    this.#plain.set(key, [text]);
    this.origins.set(key, origin);
    return true;
  }

  /**
   * A setting that was written wrongly has its problem already: it is not missing too.
   * @param earlierProblems what is wrong with flags, variables and the file
   */
  requireAll(needs: (group: SettingGroup) => boolean, earlierProblems: readonly ConfigProblem[]): void {
    for (const key of settingKeys) {
      const { absent, description, variables, group } = settings[key];
      if (!needs(group)) continue;
      const known = this.#written.has(key) || earlierProblems.some((problem) => problem.variable === variables[0]);
      if (absent === 'required' && !known) this.complain(key, ` is missing: ${description}`);
    }
  }

  /**
   * Absolute, with the names put in. A directory that is missing is told now, and not at the first bad log.
   * @param names what stands in for `{pipeline}` and the like, beside `{consumer}`
   */
  readDeadLetterPath(names: Readonly<Record<string, string>>): string | undefined {
    const { deadLetter, consumerName } = this.values;
    if (deadLetter === undefined || consumerName === undefined) return undefined;
    const all: Readonly<Record<string, string>> = { ...names, consumer: consumerName };
    const written = deadLetter.replace(/\{([a-z]+)\}/g, (whole, name: string) => all[name] ?? whole);
    const path = resolve(this.#written.get('deadLetter')?.baseDirectory ?? '.', written);
    const problem = deadLetterProblem(path);
    if (problem !== undefined) this.complain('deadLetter', `: ${problem}`);
    this.texts.set('deadLetter', [path]);
    return path;
  }

  /** All settings that a message is made by, as they are and not as they may be shown: to be compared, not shown. */
  messageText(): string {
    const keys = settingKeys.filter((key) => sectionKindOf(key) === 'pipeline');
    return JSON.stringify(keys.map((key) => [key, this.#plain.get(key) ?? null]));
  }

  /**
   * Makes the format once, to see whether that can be done; a module of the user's is run by it.
   * @param checkModule asked in place of running a module
   */
  checkFormat(checkModule?: CheckModule): void {
    const { module } = this.values;
    if (module !== undefined) {
      const path = resolve(this.#written.get('module')?.baseDirectory ?? '.', module);
      this.#values.module = path;
      this.texts.set('module', [path]);
      this.#plain.set('module', [path]);
    }
    // A value that has a problem already, or was refused before, gets no second one.
    const isOpen = (key: SettingKey) => this.#withProblem.has(key) || this.#written.get(key)?.refused;
    if (settingKeys.some((key) => settings[key].group === 'format' && isOpen(key))) return;
    if (checkModule && this.values.format === 'module' && this.values.module !== undefined) {
      const problem = checkModule(this.values.module);
      if (problem !== undefined)
        this.#addProblem('module', problemOf('module', `: ${problem}`, this.#placeOf('module')));
      return;
    }
    for (const { key, path, message } of formatFaults(this.values, (option) => this.#written.has(option))) {
      const raw = this.#structured.get(key) ?? this.#placeOf(key);
      this.#addProblem(key, problemOf(key, `: ${message}`, raw, path));
    }
  }

  /** Also makes the paths' texts absolute, so that the log shows which file was meant. */
  readTlsFiles(checkTls: CheckTls): TlsFilesGiven {
    if (this.values.proto !== 'tls') return { files: {}, paths: {} };
    const paths: { -readonly [Key in TlsFileKey]?: string } = {};
    for (const key of tlsFileKeys) {
      const path = this.values[key];
      if (path === undefined) continue;
      paths[key] = resolve(this.#written.get(key)?.baseDirectory ?? '.', path);
      this.texts.set(key, [paths[key]]);
    }
    const { files, problems } = readTlsFiles(paths, this.values.keyPassphrase);
    for (const { key, phrase } of problems) {
      // A key that is missing is reported where the certificate was given.
      this.#addProblem(key, problemOf(key, phrase, this.#written.get(key) ?? this.#written.get('cert')));
    }
    this.#checkTls(checkTls, { files, paths });
    return { files, paths };
  }

  #checkTls(checkTls: CheckTls, { files: { cert, crl }, paths }: TlsFilesGiven): void {
    const { tlsMinVersion, tlsCiphers } = this.values;
    const found = checkTls({
      minVersion: tlsMinVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
      ...(tlsCiphers !== undefined && { ciphers: tlsCiphers }),
      ...(crl && { crl }),
      ...(cert && !this.#withProblem.has('cert') && { cert }),
    });
    for (const { setting, phrase, kind } of found) {
      const key = settingByName.get(setting)!;
      const path = setting === 'cert' || setting === 'crl' ? `: ${paths[setting]}` : '';
      const problem = problemOf(key, `${path}${path && ' '}${phrase}`, this.#placeOf(key));
      if (kind === 'wrong') this.#addProblem(key, problem);
      else if (kind === 'outdated') this.outdated.push(problem);
      if (kind !== 'wrong') this.warnings.push(problem.message);
    }
  }
}

function phraseOf(error: z.ZodError): string {
  return error.issues.map((issue) => issue.message).join('; ');
}
