/** A mapping of settings in the configuration file: its top, or a section of it. */
import type { ConfigProblem } from '../../core/errors.ts';
import { type BrokenPart, brokenParts, type PlainEntry, type PlainNode, type PlainPath } from '../../schema/plain.ts';
import { didYouMean, nearestName } from '../../schema/suggest.ts';
import { kebabCase } from '../settings/setting.ts';
import { type SectionKind, type SettingKey, sectionKindOf, settingByName, settings } from '../settings/settings.ts';
import { problemOf, type RawValue, type RawValues } from './raw-value.ts';

/** Where a mapping of settings stands. */
export interface SettingsPlace {
  /** The file, as the user gave it. */
  readonly path: string;
  /** Absolute; what relative paths in it are relative to. */
  readonly baseDirectory: string;
  /** `sources.web`; absent: the top of the file. */
  readonly section?: string;
  readonly kind?: SectionKind;
  /** Keys beside the settings, for hints; they are not among the entries. */
  readonly more?: readonly string[];
}

/** @returns what cannot be used too, marked as refused: it is not missing */
export function readSettings(
  entries: readonly PlainEntry[],
  { path, baseDirectory, section, kind, more = [] }: SettingsPlace,
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
      const where = section === undefined ? '' : ` in ${section}`;
      const message = `unknown key ${JSON.stringify(name)}${where}${hintFor(kebabCase(name), kind, more)}`;
      problems.push({ message, at });
      continue;
    }
    const raw = { texts: [], origin: at, at, baseDirectory, ...(section !== undefined && { section }) };
    const complain = (phrase: string, itsAt = at, part: PlainPath = []) => {
      problems.push(problemOf(key, phrase, { ...raw, origin: itsAt, at: itsAt }, part));
      if (!values.has(key)) values.set(key, { ...raw, refused: true });
    };
    const first = seenAt.get(key);
    if (settings[key].noFile) complain(' cannot be set in the file itself');
    else if (kind !== undefined && sectionKindOf(key) !== kind)
      problems.push(problemOf(key, elsewhere(key, kind), raw));
    else if (first !== undefined) complain(`: ${JSON.stringify(name)} sets it a second time; the first is at ${first}`);
    else {
      seenAt.set(key, at);
      const given = givenBy(key, node, at);
      if (typeof given === 'string') complain(given);
      else if (given && 'broken' in given) for (const { phrase, at, path } of given.broken) complain(phrase, at, path);
      else if (given) values.set(key, { ...raw, ...given });
    }
  }
  return { values, problems };
}

type Given = Pick<RawValue, 'texts' | 'written' | 'node'>;

interface Broken {
  readonly broken: readonly BrokenPart[];
}

/** @returns what was given, nothing where it is left out, or what is wrong: a phrase, or the parts that cannot be used */
function givenBy(key: SettingKey, node: PlainNode, at: string): Given | Broken | string | undefined {
  const { repeatable, structure } = settings[key];
  if (node.kind === 'nothing') return undefined;
  const hasBraces = isBraced(node) || (node.kind === 'list' && node.items.some(isBraced));
  if (hasBraces && (structure === undefined || structure === 'texts')) {
    return ` takes text, and YAML takes {…} for a mapping: put quotes around it, '{field}'`;
  }
  if (structure !== undefined) return { texts: [], node: { ...node, at } };
  if (node.kind === 'broken') return node.phrase;
  if (node.kind === 'mapping') return ' takes a plain value';
  if (node.kind === 'list') {
    if (!repeatable) return ' takes one value, not a list';
    const broken = node.items.flatMap((item, index) => (item.kind === 'broken' ? brokenParts(item, [index]) : []));
    if (broken.length > 0) return { broken };
    const items = node.items.flatMap((item) => (item.kind === 'text' ? [item] : []));
    if (items.length < node.items.length) return ' takes a list of plain values';
    return { texts: items.map(({ text }) => text), ...writtenTexts(items) };
  }
  const texts = splitList(key, node.text);
  // Nobody knows which part of the list a replaced text is.
  return { texts, ...(node.written !== undefined && { written: texts.map(() => node.written!) }) };
}

/** `{cluster}`, `{__tag__:__hostname__|none}`: keys without values, where a field in braces was meant. */
function isBraced(node: PlainNode): boolean {
  return (
    node.kind === 'mapping' && node.entries.length > 0 && node.entries.every((entry) => entry.node.kind === 'nothing')
  );
}

function writtenTexts(items: readonly (PlainNode & { kind: 'text' })[]): Pick<RawValue, 'written'> {
  if (items.every(({ written }) => written === undefined)) return {};
  return { written: items.map(({ text, written }) => written ?? text) };
}

/** Suggests the section's own keys first; a key of another section or of the top may be meant too. */
function hintFor(name: string, kind: SectionKind | undefined, more: readonly string[]): string {
  if (kind === undefined) return didYouMean(name, fileKeys);
  const own = didYouMean(name, [...keysOf(kind), ...more]);
  const nearest = nearestName(name, settingByName.keys());
  const key = nearest === undefined ? undefined : settingByName.get(nearest);
  if (own || key === undefined || settings[key].noFile) return own;
  const right = sectionKindOf(key);
  return `; did you mean "${nearest}", which ${right === undefined ? 'stands at the top of the file' : `belongs to a ${right}`}?`;
}

function elsewhere(key: SettingKey, kind: SectionKind): string {
  const right = sectionKindOf(key);
  return right === undefined
    ? ' is of the whole process: put it at the top of the file'
    : ` belongs to a ${right}, not to a ${kind}: put it there, or at the top of the file for all of them`;
}

function keysOf(kind: SectionKind): readonly string[] {
  return [...settingByName].filter(([, key]) => sectionKindOf(key) === kind).map(([name]) => name);
}

/** Keys of the file that are no settings, but hold some. */
export const sectionNames = ['sources', 'receivers', 'pipelines'] as const;

const fileKeys = [
  ...sectionNames,
  ...[...settingByName].filter(([, key]) => !settings[key].noFile).map(([name]) => name),
];

/** A flag, a variable or a plain value in the file may hold several, with commas between. */
export function splitList(key: SettingKey, text: string): readonly string[] {
  return settings[key].repeatable ? text.split(',').map((part) => part.trim()) : [text];
}
