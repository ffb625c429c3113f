/**
 * Values of a configuration file as plain data: text, lists and mappings, each with its line. Pure.
 *
 * A setting whose value is a list or a mapping (`where`, `rules`, `map`) has a schema that takes `Plain`. A problem is
 * an issue with a path (`[1, 'when', 'range']`) and a phrase. Where the path leads to text, the phrase continues that
 * text in quotes (`"x" is not a number`); elsewhere it continues the path's name (`rules[1].when has no test`). A
 * phrase never repeats the text, which may be a secret.
 */
/** Scalars are text, as written; values that are left empty (`key:`, `~`, `null`) are absent. */
export type Plain = string | readonly Plain[] | { readonly [key: string]: Plain };

/** The structure that a setting takes beside one text; `texts`: a text, or a list of them. */
export type Structure = 'list' | 'mapping' | 'texts';

export type PlainPath = readonly PropertyKey[];

/** `Plain` with places; `at` is `sls-syslog.yaml:7`, or another text for the place. */
export type PlainNode =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** The text as in the file, where `${…}` in it was replaced: this may be shown. */
      readonly written?: string;
      readonly at: string;
    }
  | { readonly kind: 'list'; readonly items: readonly PlainNode[]; readonly at: string }
  | { readonly kind: 'mapping'; readonly entries: readonly PlainEntry[]; readonly at: string }
  | { readonly kind: 'nothing'; readonly at: string }
  /** `phrase` continues the name of the setting with this value. */
  | { readonly kind: 'broken'; readonly phrase: string; readonly at: string };

export interface PlainEntry {
  readonly key: string;
  /** Place of the key. */
  readonly at: string;
  readonly node: PlainNode;
}

/** @returns undefined for nothing, and for a broken node (see `brokenParts`) */
export function plainOf(node: PlainNode): Plain | undefined {
  return convert(node, ({ text }) => text);
}

/** Like `plainOf`, but with the texts that may be shown. */
export function writtenOf(node: PlainNode): Plain | undefined {
  return convert(node, ({ text, written }) => written ?? text);
}

function convert(node: PlainNode, textOf: (node: PlainNode & { kind: 'text' }) => string): Plain | undefined {
  if (node.kind === 'text') return textOf(node);
  // An item that is left empty keeps its index, so that paths stay right.
  if (node.kind === 'list') return node.items.map((item) => convert(item, textOf) ?? '');
  if (node.kind !== 'mapping') return undefined;
  const entries = node.entries.map(({ key, node: value }) => [key, convert(value, textOf)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Plain] => entry[1] !== undefined));
}

const EMPTY_ITEM = ' is left empty; put quotes around it if it is text: "null", "~", ""';

export interface BrokenPart {
  readonly path: PlainPath;
  readonly phrase: string;
  readonly at: string;
}

/**
 * Problems that no schema is needed for: `${…}` without a value, an item that is left empty, a repeated key, a key that
 * no setting takes.
 */
export function brokenParts(node: PlainNode, path: PlainPath = []): readonly BrokenPart[] {
  if (node.kind === 'broken') return [{ path, phrase: node.phrase, at: node.at }];
  if (node.kind === 'list') {
    return node.items.flatMap((item, index) => {
      const itsPath = [...path, index];
      // `[null]` would otherwise mean the empty text.
      return item.kind === 'nothing'
        ? [{ path: itsPath, phrase: EMPTY_ITEM, at: item.at }]
        : brokenParts(item, itsPath);
    });
  }
  if (node.kind !== 'mapping') return [];
  const firsts = new Map(node.entries.toReversed().map((entry) => [entry.key, entry]));
  return node.entries.flatMap((entry) => {
    const { key, at, node: value } = entry;
    const first = firsts.get(key) ?? entry;
    // Schemas drop it silently.
    if (key === '__proto__') return [{ path: [...path, key], phrase: ' is a name that no setting takes', at }];
    const inside = brokenParts(value, [...path, key]);
    if (first === entry) return inside;
    return [{ path: [...path, key], phrase: ` is there a second time; the first is at ${first.at}`, at }, ...inside];
  });
}

/** @returns the place of the path's node, or of the nearest one above it that exists */
export function placeAt(node: PlainNode, path: PlainPath): string {
  let place = node.at;
  let current: PlainNode | undefined = node;
  for (const step of path) {
    if (current?.kind === 'mapping') {
      const entry: PlainEntry | undefined = current.entries.find(({ key }) => key === step);
      current = entry?.node;
      place = entry?.at ?? place;
    } else if (current?.kind === 'list') {
      current = current.items[Number(step)];
      place = current?.at ?? place;
    } else {
      return place;
    }
  }
  return place;
}

/** @returns the value at the path, or undefined */
export function partAt(value: Plain | undefined, path: PlainPath): Plain | undefined {
  let part = value;
  for (const step of path) {
    if (typeof part !== 'object' || !Object.hasOwn(part, step)) return undefined;
    part = (part as { readonly [key: PropertyKey]: Plain })[step];
  }
  return part;
}

/** Formats a path: `[1, 'when', 'a b']` → `[1].when["a b"]`. */
export function pathText(path: PlainPath): string {
  return path
    .map((step) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = String(step);
      return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name.slice(0, 80))}]`;
    })
    .join('');
}

/**
 * Joins several values of one setting, as from a repeated flag: lists are concatenated (a value that is not a list is
 * one item), mappings are merged.
 */
export function joinNodes(structure: Structure, nodes: readonly PlainNode[], at: string): PlainNode {
  const [first] = nodes;
  if (nodes.length === 1 && first !== undefined) return first;
  const broken = nodes.find(({ kind }) => kind === 'broken' || (structure === 'mapping' && kind !== 'mapping'));
  if (broken) return broken;
  if (structure === 'mapping') {
    return { kind: 'mapping', entries: nodes.flatMap((node) => (node.kind === 'mapping' ? node.entries : [])), at };
  }
  return { kind: 'list', items: nodes.flatMap((node) => (node.kind === 'list' ? node.items : [node])), at };
}
