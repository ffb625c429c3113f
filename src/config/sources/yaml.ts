/**
 * YAML text → plain data with lines.
 *
 * YAML's failsafe schema makes every plain value text, so that `logstore: 0123`, `from: 2026-03-01T00:00:00Z`
 * and `timeout: 20s` arrive as they were written and are parsed by the same schemas as flags and variables.
 * Messages of the YAML library may quote the file, which may hold a secret: only its error codes are used.
 */
import { createRequire } from 'node:module';
import type { Alias, Document, ErrorCode, Node, Scalar } from 'yaml';
import type { PlainEntry, PlainNode } from '../../schema/plain.ts';

const syntaxHints: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) has an anchor or a tag before it; leave that out, or quote the value',
  BAD_ALIAS: 'a value that begins with * or & has to be quoted, as in query: "* | where status >= 500"',
  BAD_COLLECTION_TYPE: 'there is a tag (!name) that does not fit; leave it out, or quote the value',
  BAD_DIRECTIVE: 'a line that begins with % has to be quoted',
  BAD_DQ_ESCAPE: 'there is an unknown escape inside double quotes; use single quotes for text with a backslash',
  BAD_INDENT: 'the indentation does not fit, or a bracket or brace before it is not closed',
  BAD_PROP_ORDER: 'an anchor (&name) or a tag (!name) stands before a sign such as -; quote the value',
  BAD_SCALAR_START: 'a value that begins with a special character has to be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a value that holds ": " has to be quoted',
  BLOCK_IN_FLOW: 'a list or mapping by indentation stands inside brackets or braces; write it with those too',
  DUPLICATE_KEY: 'a key is there a second time',
  IMPOSSIBLE: 'this cannot be read',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters; a quote or a colon may be missing before it',
  MISSING_CHAR: 'a quote, bracket or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a colon and a value are missing',
  MULTIPLE_ANCHORS: 'a value has two anchors (&name); quote the value if it begins with &',
  MULTIPLE_DOCS: 'it holds more than one document',
  MULTIPLE_TAGS: 'a value has two tags (!name); quote the value if it begins with !',
  NON_STRING_KEY: 'a key is not text',
  RESOURCE_EXHAUSTION: 'lists or mappings lie too deep in each other',
  TAB_AS_INDENT: 'tabs cannot indent',
  TAG_RESOLVE_FAILED: 'a value that begins with ! has to be quoted',
  UNEXPECTED_TOKEN:
    'something is there that does not belong; text with a special character, such as "||", has to be quoted',
};

/**
 * Most values of a file. What an alias stands for counts each time: aliases of aliases make any number of values of a
 * few lines.
 */
const mostNodes = 100_000;
const deepest = 64;

/** What a text in the file stands for, where `${…}` is in it. */
export type Interpolate = (text: string) => { readonly text: string } | { readonly problem: string };

export type YamlOutcome =
  /** `root` is of kind `nothing` for an empty text. */
  | { readonly root: PlainNode }
  /** A phrase: what YAML does not allow there. */
  | { readonly syntax: string; readonly at: string }
  /** A phrase that continues the name of what holds the text: it is YAML, and too much of it. */
  | { readonly excess: string; readonly at: string };

/** @param placeOf of a line, from 1 */
export function parseYaml(text: string, placeOf: (line: number) => string, interpolate?: Interpolate): YamlOutcome {
  const { LineCounter, parseDocument } = loadYaml();
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  const at = (offset: number) => placeOf(lines.linePos(offset).line);
  const [error] = document.errors;
  if (error) return { syntax: syntaxHints[error.code], at: at(error.pos[0]) };
  const root = document.contents as Node | null;
  try {
    return { root: new Converter(document, at, interpolate).node(root, root?.range?.[0] ?? 0) };
  } catch (error) {
    if (!(error instanceof Excess)) throw error;
    return { excess: error.message, at: error.at };
  }
}

/** Ends a conversion at once: of a text that is too much, every value would have the same to say. */
class Excess extends Error {
  readonly at: string;

  constructor(phrase: string, at: string) {
    super(phrase);
    this.at = at;
  }
}

/** Not before there is YAML to read: without it the process starts sooner. */
function loadYaml(): typeof import('yaml') {
  return createRequire(import.meta.url)('yaml') as typeof import('yaml');
}

class Converter {
  readonly #at: (offset: number) => string;
  readonly #interpolate: Interpolate | undefined;
  readonly #yaml = loadYaml();
  readonly #targets: ReadonlyMap<Alias, Node>;
  #nodes = 0;

  constructor(document: Document, at: (offset: number) => string, interpolate: Interpolate | undefined) {
    this.#at = at;
    this.#interpolate = interpolate;
    this.#targets = targetsOf(document);
  }

  /** @param offset where it begins, should it not say that itself */
  node(given: unknown, offset: number, depth = 0): PlainNode {
    const { isAlias, isMap, isScalar, isSeq } = this.#yaml;
    const at = this.#at((given as Node | null)?.range?.[0] ?? offset);
    if (++this.#nodes > mostNodes) {
      throw new Excess(` has more than ${mostNodes} values, counting what aliases (*name) stand for each time`, at);
    }
    if (depth > deepest) throw new Excess(` has lists or mappings more than ${deepest} deep in each other`, at);
    const value: unknown = isAlias(given) ? this.#targets.get(given as Alias) : given;
    if (isAlias(given) && value === undefined) {
      return { kind: 'broken', phrase: ' begins with *, which YAML takes for an alias: quote it', at };
    }
    if (isScalar(value)) return isNull(value) ? { kind: 'nothing', at } : this.#text(String(value.value), at);
    if (isSeq(value)) {
      return { kind: 'list', items: value.items.map((item) => this.node(item, offset, depth + 1)), at };
    }
    if (!isMap(value)) return { kind: 'nothing', at };
    const start = value.range?.[0] ?? offset;
    const entries = value.items.map(({ key, value: inner }): PlainEntry => {
      if (!isScalar(key)) {
        const place = this.#at(start);
        return { key: '?', at: place, node: { kind: 'broken', phrase: ' is a key that is not text', at: place } };
      }
      const keyOffset = key.range?.[0] ?? start;
      return { key: String(key.value), at: this.#at(keyOffset), node: this.node(inner, keyOffset, depth + 1) };
    });
    return { kind: 'mapping', entries, at };
  }

  #text(text: string, at: string): PlainNode {
    const outcome = this.#interpolate?.(text) ?? { text };
    if ('problem' in outcome) return { kind: 'broken', phrase: outcome.problem, at };
    return { kind: 'text', text: outcome.text, ...(outcome.text !== text && { written: text }), at };
  }
}

/**
 * The node that each alias stands for: the last node before it that has its anchor. In one pass: `Alias.resolve` looks through the
 * whole document for each, so 20,000 of them took half a minute.
 */
function targetsOf(document: Document): ReadonlyMap<Alias, Node> {
  const { isAlias, isNode, visit } = loadYaml();
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, (_key, node) => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target) targets.set(node, target);
    } else if (isNode(node) && 'anchor' in node && typeof node.anchor === 'string') anchors.set(node.anchor, node);
  });
  return targets;
}

/** The failsafe schema knows no null: `key:`, `key: ~` and `key: null` leave a setting unset, as everywhere in YAML. */
function isNull(node: Scalar): boolean {
  return node.type === 'PLAIN' && ['', '~', 'null'].includes(String(node.value));
}
