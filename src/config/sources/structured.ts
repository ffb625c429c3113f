/** Values with a structure: from the text of flags and variables, and what their schemas complain of. Pure. */
import type { z } from 'zod';
import type { Structure } from '../../schema/plain.ts';
import { joinNodes, type PlainNode, type PlainPath } from '../../schema/plain.ts';
import { type SettingKey, settings } from '../settings/settings.ts';
import type { RawValue } from './raw-value.ts';
import { parseYaml } from './yaml.ts';

/** `{field: status, in: [500]}` as in a file; of a mapping also `name=value`. */
export function nodeOfTexts(key: SettingKey, raw: RawValue): PlainNode {
  const { structure = 'list' } = settings[key];
  const nodes = raw.texts.map((text) => nodeOfText(key, structure, text, raw.origin));
  return joinNodes(structure, nodes, raw.origin);
}

function nodeOfText(key: SettingKey, structure: Structure, text: string, at: string): PlainNode {
  if (text.trim() === '') {
    return { kind: 'broken', phrase: ': "" is empty; give a value or leave the setting out', at };
  }
  const pair = structure === 'mapping' ? /^((?:[^={}[\]:]|:(?!\s))+)=(.*)$/s.exec(text) : null;
  if (pair) {
    const [, name = '', value = ''] = pair;
    return { kind: 'mapping', entries: [{ key: name.trim(), at, node: nodeOfPairsValue(key, value, at) }], at };
  }
  if (structure === 'texts' && !text.trimStart().startsWith('[')) return { kind: 'text', text, at };
  const outcome = parseYaml(text, () => at);
  if ('root' in outcome) return outcome.root;
  if ('excess' in outcome) return { kind: 'broken', phrase: outcome.excess, at };
  return { kind: 'broken', phrase: ` is not YAML: ${outcome.syntax}`, at };
}

/** Names of fields become a list where the setting takes one, and never a second pair, which would pass for a name. */
function nodeOfPairsValue(key: SettingKey, value: string, at: string): PlainNode {
  if (key === 'map' && value.startsWith('[')) return nodeOfText(key, 'list', value, at);
  if ((key === 'map' || key === 'rename') && /^[^=].*,[^,=]+=/s.test(value)) {
    return { kind: 'broken', phrase: ' has a second pair behind it; write {a: b, c: d}, or give the flag twice', at };
  }
  return { kind: 'text', text: value, at };
}

export interface StructuredIssue {
  readonly path: PlainPath;
  readonly phrase: string;
  /** Whose line it is, where that is not the path's: a key that should not be in the mapping. */
  readonly place?: PlainPath;
  /** The text is something else altogether. */
  readonly isMisshapen?: boolean;
}

/** Zod's own words for what is of the wrong shape, in the voice of the others; phrases of our own schemas as they are. */
export function structuredIssues(error: z.ZodError): readonly StructuredIssue[] {
  return error.issues.flatMap((issue) => issuesOf(issue, []));
}

function issuesOf(issue: z.core.$ZodIssue, above: PlainPath): readonly StructuredIssue[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union') {
    // The branch that takes such a shape is the one that was meant; of several, the one that got furthest.
    const ofShape = issue.errors.filter((each) => expectedShape(each) === undefined);
    const branches = ofShape.map((each) => each.flatMap((inner) => issuesOf(inner, path)));
    const depth = (issues: readonly StructuredIssue[]) => Math.max(0, ...issues.map((each) => each.path.length));
    const [best] = branches.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length);
    const wanted = issue.errors.map((each) => shapes[expectedShape(each) ?? '']).filter((each) => each !== undefined);
    if (best) return best;
    if (wanted.length !== 2) return [{ path, phrase: issue.message }];
    return [{ path, phrase: `is neither ${wanted.join(' nor ')}`, isMisshapen: true }];
  }
  if (issue.code === 'unrecognized_keys' && isZodsOwn(issue.message)) {
    return issue.keys.map((name) => ({ path: [...path, name], phrase: 'belongs to an unknown key' }));
  }
  if (issue.code === 'unrecognized_keys') {
    // A line of the message for each (see `namingUnknownKeys`).
    const phrases = issue.message.split('\n');
    return issue.keys.map((name, index) => ({ path, phrase: phrases[index] ?? issue.message, place: [...path, name] }));
  }
  if (issue.code === 'invalid_type' && isZodsOwn(issue.message)) {
    if (issue.message.endsWith('received undefined')) return [{ path, phrase: 'is missing' }];
    return [{ path, phrase: `is not ${shapes[issue.expected] ?? issue.expected}`, isMisshapen: true }];
  }
  if (issue.code === 'too_small' && isZodsOwn(issue.message)) {
    return [{ path, phrase: `is empty; give ${issue.origin === 'string' ? 'a text' : 'one at least'}` }];
  }
  if (issue.code === 'invalid_key') return [{ path, phrase: 'belongs to a key that cannot be one' }];
  return [{ path, phrase: issue.message }];
}

/** Where all that a branch complains of is that it takes something else altogether: what it takes. */
function expectedShape([first, ...others]: readonly z.core.$ZodIssue[]): string | undefined {
  const isOther = first?.code === 'invalid_type' && first.path.length === 0 && others.length === 0;
  return isOther ? first.expected : undefined;
}

function isZodsOwn(message: string): boolean {
  return /^(Invalid|Unrecognized|Too small)/.test(message);
}

const shapes: Readonly<Record<string, string>> = {
  string: 'a plain value',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};
