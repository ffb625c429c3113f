/** The configuration file: YAML, a mapping with the same keys as the flags. */
import { dirname, resolve } from 'node:path';
import type { ConfigProblem } from '../errors.ts';
import type { PlainEntry, PlainNode } from './plain.ts';
import { problemOf, type RawValue, type RawValues } from './raw-value.ts';
import { readBytes } from './read-text-file.ts';
import { kebabCase } from './setting.ts';
import { type SettingKey, settingByName, settings } from './settings.ts';
import { didYouMean } from './suggest.ts';
import { parseYaml } from './yaml.ts';

export interface ConfigFile {
  readonly values: RawValues;
  readonly problems: readonly ConfigProblem[];
  /** False: nothing is known of what the file would have set. */
  readonly readable: boolean;
}

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

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @returns undefined when the text is YAML, but no mapping */
export function parseConfigFile(text: string, path: string, baseDirectory: string): ConfigFile | undefined {
  const outcome = parseYaml(text, (line) => `${path}:${line}`);
  if ('syntax' in outcome) {
    const problem = { ...problemOf('config', `: ${path} is not YAML: ${outcome.syntax}`), at: outcome.at };
    return { values: new Map(), problems: [problem], readable: false };
  }
  const { root } = outcome;
  if (root.kind === 'nothing') return { values: new Map(), problems: [], readable: true };
  if (root.kind !== 'mapping') return undefined;
  return { ...readSettings(root.entries, path, baseDirectory), readable: true };
}

function readSettings(
  entries: readonly PlainEntry[],
  path: string,
  baseDirectory: string,
): { readonly values: RawValues; readonly problems: readonly ConfigProblem[] } {
  const values = new Map<SettingKey, RawValue>();
  const problems: ConfigProblem[] = [];
  const seenAt = new Map<SettingKey, string>();
  for (const { key: name, at, node } of entries) {
    if (node.kind === 'broken' && name === '?') {
      problems.push({ message: `${path} has a key that is not text`, at });
      continue;
    }
    const key = settingByName.get(kebabCase(name));
    if (key === undefined) {
      problems.push({ message: `unknown key ${JSON.stringify(name)}${didYouMean(kebabCase(name), fileKeys)}`, at });
      continue;
    }
    const raw = { texts: [], origin: at, at, baseDirectory };
    const complain = (phrase: string) => problems.push(problemOf(key, phrase, raw));
    const first = seenAt.get(key);
    if (settings[key].noFile) complain(' cannot be set in the file itself');
    else if (first !== undefined) complain(`: ${JSON.stringify(name)} sets it a second time; the first is at ${first}`);
    else {
      seenAt.set(key, at);
      const given = givenBy(key, node, at);
      if (typeof given === 'string') complain(given);
      else if (given) values.set(key, { ...raw, ...given });
    }
  }
  return { values, problems };
}

type Given = Pick<RawValue, 'texts' | 'written' | 'node'>;

/** @returns what was given, nothing where it is left out, or a phrase that says what is wrong */
function givenBy(key: SettingKey, node: PlainNode, at: string): Given | string | undefined {
  const { repeatable, structure } = settings[key];
  if (node.kind === 'nothing') return undefined;
  if (structure !== undefined) return { texts: [], node: { ...node, at } };
  if (node.kind === 'broken') return node.phrase;
  if (node.kind === 'mapping') return ' takes a plain value';
  if (node.kind === 'list') {
    if (!repeatable) return ' takes one value, not a list';
    const items = node.items.flatMap((item) => (item.kind === 'text' ? [item] : []));
    if (items.length < node.items.length) return ' takes a list of plain values';
    return { texts: items.map(({ text }) => text), ...writtenTexts(items) };
  }
  const texts = splitList(key, node.text);
  // Of a text that was put in, nobody knows which part of the list it is.
  return { texts, ...(node.written !== undefined && { written: texts.map(() => node.written!) }) };
}

function writtenTexts(items: readonly (PlainNode & { kind: 'text' })[]): Pick<RawValue, 'written'> {
  if (items.every(({ written }) => written === undefined)) return {};
  return { written: items.map(({ text, written }) => written ?? text) };
}

const fileKeys = [...settingByName].filter(([, key]) => !settings[key].noFile).map(([name]) => name);

/** A flag, a variable or a plain value in the file may hold several, with commas between. */
export function splitList(key: SettingKey, text: string): readonly string[] {
  return settings[key].repeatable ? text.split(',').map((part) => part.trim()) : [text];
}
