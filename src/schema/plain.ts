/**
 * Values of a file as plain data: text, lists and mappings, each part with the line that it stands in. Pure.
 *
 * A setting whose value is a list or a mapping (`where`, `rules`, `map`) has a schema that takes `Plain`. What it
 * complains of is an issue with a path (`[1, 'when', 'range']`) and a phrase. Where the path leads to text, the phrase
 * continues that text in quotes (`"x" is not a number`); elsewhere it continues the path's name (`rules[1].when has no
 * test`). A phrase never repeats the text itself.
 */
/** All leaves are text, as they were written; what was left empty (`key:`, `~`, `null`) is not there. */
export type Plain = string | readonly Plain[] | { readonly [key: string]: Plain };

/** What a setting takes besides one text; `texts`: a text, or a list of them. */
export type Structure = 'list' | 'mapping' | 'texts';

export type PlainPath = readonly PropertyKey[];

/** The same with places; `at` is `sls-syslog.yaml:7`, or what else is to be told as the place. */
export type PlainNode =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** As it stands in the file, where `${…}` in it was replaced: what may be shown. */
      readonly written?: string;
      readonly at: string;
    }
  | { readonly kind: 'list'; readonly items: readonly PlainNode[]; readonly at: string }
  | { readonly kind: 'mapping'; readonly entries: readonly PlainEntry[]; readonly at: string }
  | { readonly kind: 'nothing'; readonly at: string }
  /** `phrase` continues the name of whatever has this value. */
  | { readonly kind: 'broken'; readonly phrase: string; readonly at: string };

export interface PlainEntry {
  readonly key: string;
  /** Of the key. */
  readonly at: string;
  readonly node: PlainNode;
}

/** @returns undefined for nothing, and for what is broken (see `brokenParts`) */
export function plainOf(node: PlainNode): Plain | undefined {
  return convert(node, ({ text }) => text);
}

/** What may be shown of it. */
export function writtenOf(node: PlainNode): Plain | undefined {
  return convert(node, ({ text, written }) => written ?? text);
}

function convert(node: PlainNode, textOf: (node: PlainNode & { kind: 'text' }) => string): Plain | undefined {
  if (node.kind === 'text') return textOf(node);
  // An item that is left empty keeps its place, so that paths go on to fit.
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
 * What cannot be used whatever it is for: `${…}` that stands for nothing, an item that is left empty, a key that is there
 * twice, or no key.
 */
export function brokenParts(node: PlainNode, path: PlainPath = []): readonly BrokenPart[] {
  if (node.kind === 'broken') return [{ path, phrase: node.phrase, at: node.at }];
  if (node.kind === 'list') {
    return node.items.flatMap((item, index) => {
      const itsPath = [...path, index];
      // `[null]` would otherwise stand for the empty text.
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
    // Schemas leave it out without a word.
    if (key === '__proto__') return [{ path: [...path, key], phrase: ' is a name that no setting takes', at }];
    const inside = brokenParts(value, [...path, key]);
    if (first === entry) return inside;
    return [{ path: [...path, key], phrase: ` is there a second time; the first is at ${first.at}`, at }, ...inside];
  });
}

/** @returns the place of what the path leads to, or of the nearest part above it that is there */
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

/** @returns what the path leads to, or undefined */
export function partAt(value: Plain | undefined, path: PlainPath): Plain | undefined {
  let part = value;
  for (const step of path) {
    if (typeof part !== 'object' || !Object.hasOwn(part, step)) return undefined;
    part = (part as { readonly [key: PropertyKey]: Plain })[step];
  }
  return part;
}

/** `[1, 'when', 'a b']` → `[1].when["a b"]` */
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
 * Several values of one setting, as of a flag that was given twice: lists one after another (what is no list is an item
 * of its own), mappings together.
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
