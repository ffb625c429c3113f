/** The configuration file: YAML, a mapping with the same keys as the flags. */
import { dirname, resolve } from 'node:path';
import type { ConfigProblem } from '../../core/errors.ts';
import { readSettings, sectionNames } from './file-settings.ts';
import { createInterpolate } from './interpolate.ts';
import { problemOf, type RawValues } from './raw-value.ts';
import { readBytes } from './read-text-file.ts';
import { readSections, type Sections } from './sections.ts';
import { createVariables, type Variables } from './variables.ts';
import { type Interpolate, parseYaml } from './yaml.ts';

export interface ConfigFile {
  /** Absolute; absent of a text that is in no file. */
  readonly path?: string;
  /** The settings at the top of the file. */
  readonly values: RawValues;
  /** The sections that the file has. */
  readonly sections: Sections;
  readonly problems: readonly ConfigProblem[];
  /** What was put in for `${…}`: to be shown nowhere. */
  readonly substituted?: ReadonlySet<string>;
  /** False: nothing is known of what the file would have set. */
  readonly readable: boolean;
}

/** 20,000 addresses in a list of a rule take a third of it. */
const mostMib = 1;

/** @param path as the user gave it; relative to `workingDirectory` */
export function readConfigFile(
  path: string,
  workingDirectory: string,
  variables: Variables = createVariables({}),
): ConfigFile {
  const absolute = resolve(workingDirectory, path);
  const unusable = (phrase: string, at?: string): ConfigFile => ({
    values: new Map(),
    sections: {},
    problems: [{ ...problemOf('config', `: ${path} ${phrase}`), ...(at !== undefined && { at }) }],
    readable: false,
  });
  const outcome = readBytes(absolute, mostMib);
  if ('problem' in outcome) return unusable(outcome.problem);
  const text = decodeUtf8(outcome.bytes);
  if (text === undefined) return unusable('is not UTF-8 text');
  const baseDirectory = dirname(absolute);
  const substituted = new Set<string>();
  const interpolate = createInterpolate({ variables, baseDirectory, onPutIn: (value) => substituted.add(value) });
  const file = parseConfigFile(text, path, baseDirectory, interpolate);
  return file ? { ...file, path: absolute, substituted } : unusable('is not a mapping of keys to values', `${path}:1`);
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @returns undefined when the text is YAML, but no mapping */
export function parseConfigFile(
  text: string,
  path: string,
  baseDirectory: string,
  interpolate?: Interpolate,
): ConfigFile | undefined {
  const outcome = parseYaml(text, (line) => `${path}:${line}`, interpolate);
  if (!('root' in outcome)) {
    const phrase = 'syntax' in outcome ? ` is not YAML: ${outcome.syntax}` : outcome.excess;
    const problem = { ...problemOf('config', `: ${path}${phrase}`), at: outcome.at };
    return { values: new Map(), sections: {}, problems: [problem], readable: false };
  }
  const { root } = outcome;
  if (root.kind === 'nothing') return { values: new Map(), sections: {}, problems: [], readable: true };
  if (root.kind !== 'mapping') return undefined;
  const isSection = ({ key }: { key: string }) => (sectionNames as readonly string[]).includes(key);
  const place = { path, baseDirectory };
  const { values, problems } = readSettings(
    root.entries.filter((entry) => !isSection(entry)),
    place,
  );
  const { sections, problems: more } = readSections(root.entries.filter(isSection), place);
  return { values, sections, problems: [...problems, ...more], readable: true };
}
