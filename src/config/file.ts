/**
 * The configuration file: YAML, one flat mapping with the same keys as the flags.
 *
 * YAML's failsafe schema makes every plain value text, so that `logstore: 0123`, `from: 2026-03-01T00:00:00Z`
 * and `timeout: 20s` arrive as they were written and are parsed by the same schemas as flags and variables.
 * Messages of the YAML library may quote the file, which may hold a secret: only its error codes are used.
 */
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import type { Alias, Scalar } from 'yaml';
import type { ConfigProblem } from '../errors.ts';
import { problemOf, type RawValue, type RawValues } from './raw-value.ts';
import { readBytes } from './read-text-file.ts';
import { kebabCase } from './setting.ts';
import { type SettingKey, settingByName, settings } from './settings.ts';
import { didYouMean } from './suggest.ts';

export interface ConfigFile {
  readonly values: RawValues;
  readonly problems: readonly ConfigProblem[];
  /** False: nothing is known of what the file would have set. */
  readonly readable: boolean;
}

const syntaxHints: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: 'there is an unknown escape inside double quotes; use single quotes for text with a backslash',
  BAD_INDENT: 'the indentation does not fit',
  BAD_SCALAR_START: 'a value that begins with a special character has to be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a value that holds ": " has to be quoted',
  MISSING_CHAR: 'a quote, bracket or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a colon and a value are missing',
  MULTIPLE_DOCS: 'it holds more than one document',
  TAB_AS_INDENT: 'tabs cannot indent',
  UNEXPECTED_TOKEN:
    'something is there that does not belong; text with a special character, such as "||", has to be quoted',
};

/** @param path as the user gave it; relative to `workingDirectory` */
export function readConfigFile(path: string, workingDirectory: string): ConfigFile {
  const absolute = resolve(workingDirectory, path);
  const unusable = (phrase: string, at?: string): ConfigFile => ({
    values: new Map(),
    problems: [{ ...problemOf('config', `: ${path} ${phrase}`), ...(at !== undefined && { at }) }],
    readable: false,
  });
  const outcome = readBytes(absolute);
  if ('problem' in outcome) return unusable(outcome.problem);
  const text = decodeUtf8(outcome.bytes);
  if (text === undefined) return unusable('is not UTF-8 text');
  return parseConfigFile(text, path, dirname(absolute)) ?? unusable('is not a mapping of keys to values', `${path}:1`);
}

/** Not before there is a file: without one the process starts sooner. */
function loadYaml(): typeof import('yaml') {
  return createRequire(import.meta.url)('yaml') as typeof import('yaml');
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @returns undefined when the text is YAML, but no mapping */
export function parseConfigFile(text: string, path: string, baseDirectory: string): ConfigFile | undefined {
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } = loadYaml();
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  const placeOf = (offset: number) => `${path}:${lines.linePos(offset).line}`;

  const [syntaxError] = document.errors;
  if (syntaxError) {
    const at = placeOf(syntaxError.pos[0]);
    const hint = syntaxHints[syntaxError.code] ?? syntaxError.code;
    return {
      values: new Map(),
      problems: [{ ...problemOf('config', `: ${path} is not YAML: ${hint}`), at }],
      readable: false,
    };
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && isNull(contents)))
    return { values: new Map(), problems: [], readable: true };
  if (!isMap(contents)) return undefined;

  const values = new Map<SettingKey, RawValue>();
  const problems: ConfigProblem[] = [];
  const seenAt = new Map<SettingKey, string>();
  const follow = (node: unknown) => (isAlias(node) ? (node as Alias).resolve(document) : node);

  for (const pair of contents.items) {
    const keyNode = pair.key;
    if (!isScalar(keyNode)) {
      problems.push({ message: `${path} has a key that is not text`, at: placeOf(contents.range?.[0] ?? 0) });
      continue;
    }
    const name = String(keyNode.value);
    const at = placeOf(keyNode.range?.[0] ?? 0);
    const key = settingByName.get(kebabCase(name));
    if (key === undefined) {
      problems.push({ message: `unknown key ${JSON.stringify(name)}${didYouMean(kebabCase(name), fileKeys)}`, at });
      continue;
    }
    const raw = (texts: readonly string[]): RawValue => ({ texts, origin: at, at, baseDirectory });
    if (settings[key].noFile) {
      problems.push(problemOf(key, ' cannot be set in the file itself', raw([])));
      continue;
    }
    const first = seenAt.get(key);
    if (first !== undefined) {
      problems.push(
        problemOf(key, `: ${JSON.stringify(name)} sets it a second time; the first is at ${first}`, raw([])),
      );
      continue;
    }
    seenAt.set(key, at);

    const value = follow(pair.value);
    if (isAlias(pair.value) && value === undefined) {
      problems.push(problemOf(key, ' begins with *, which YAML takes for an alias: quote it', raw([])));
      continue;
    }
    if (value === null || value === undefined || (isScalar(value) && isNull(value))) continue;
    if (isScalar(value)) {
      values.set(key, raw(splitList(key, String(value.value))));
    } else if (isSeq(value) && settings[key].repeatable) {
      const items = value.items.map(follow);
      if (items.every(isScalar)) values.set(key, raw(items.map((item) => String(item.value))));
      else problems.push(problemOf(key, ' takes a list of plain values', raw([])));
    } else {
      problems.push(problemOf(key, isSeq(value) ? ' takes one value, not a list' : ' takes a plain value', raw([])));
    }
  }
  return { values, problems, readable: true };
}

const fileKeys = [...settingByName].filter(([, key]) => !settings[key].noFile).map(([name]) => name);

/** The failsafe schema knows no null: `key:`, `key: ~` and `key: null` leave a setting unset, as everywhere in YAML. */
function isNull(node: Scalar): boolean {
  return node.type === 'PLAIN' && ['', '~', 'null'].includes(String(node.value));
}

/** A flag, a variable or a plain value in the file may hold several, with commas between. */
export function splitList(key: SettingKey, text: string): readonly string[] {
  return settings[key].repeatable ? text.split(',').map((part) => part.trim()) : [text];
}
