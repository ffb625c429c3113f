/**
 * Finds values within JSON by their paths, as they are written there, so that numbers keep all digits. For any number
 * of paths the text is read once, and validated at the same time.
 *
 *     event:eventName, event:userIdentity.type  →  the tree { eventName, userIdentity: { type } } guides the reading
 *
 * Where a key is repeated, the last value counts, as with `JSON.parse`.
 */
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  endOfString,
  endOfValue,
  NO_JSON,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  valueOfMember,
} from './json-scan.ts';

/**
 * Finds one value within JSON.
 * @param path keys of objects, or indexes of arrays in decimal, from the outside in; at least one
 * @returns a string without its quotes and escapes; a number, `true` or `false` as written; an object or array as its
 * text; undefined where the text is not a JSON object or array, or the value is missing or null
 */
export function jsonAt(json: string, path: readonly string[]): string | undefined {
  const paths = new JsonPaths();
  const number = paths.add(path);
  const bytes = Buffer.from(json, 'utf8');
  paths.read(bytes, 0, bytes.length);
  if (!paths.has(number)) return undefined;
  return paths.unescaped(number, bytes) ?? bytes.toString('utf8', paths.startOf(number), paths.endOf(number));
}

/** Number of a path, from `JsonPaths.add`. */
export type PathNumber = number;

/** A node of the tree of paths. */
interface PathNode {
  /** Undefined at the root. */
  readonly key: string | undefined;
  /** The key in UTF-8; undefined for a key that UTF-8 cannot encode. */
  readonly bytes: Uint8Array | undefined;
  /** The key as an index of an array; undefined where it is not an index. */
  readonly index: number | undefined;
  /** The path that ends here. */
  path: PathNumber | undefined;
  /** The paths that end here or deeper. */
  readonly paths: PathNumber[];
  readonly children: PathNode[];
  /** The children by the length of their bytes, which spares most members a comparison. */
  readonly byLength: (PathNode[] | undefined)[];
}

const NO_BYTES = new Uint8Array(0);
const NOWHERE = -1;
const NULL_START = 0x6e;

/** Paths into the JSON of one field. */
export class JsonPaths {
  readonly #root = pathNode(undefined);
  /** By path number, for the text read last: where the value is, and whether it is a string. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #areStrings: boolean[] = [];
  /** The text, while it is read; not kept afterwards. */
  #bytes: Uint8Array = NO_BYTES;
  #end = 0;

  /**
   * @param path keys of objects, or indexes of arrays in decimal, from the outside in; at least one
   * @returns the path's number, equal for equal paths
   */
  add(path: readonly string[]): PathNumber {
    const number = this.#starts.length;
    const nodes: PathNode[] = [];
    for (const key of path) nodes.push(childOf(nodes.at(-1) ?? this.#root, key));
    const last = nodes.at(-1)!;
    if (last.path !== undefined) return last.path;
    last.path = number;
    for (const node of nodes) node.paths.push(number);
    this.#starts.push(NOWHERE);
    this.#ends.push(NOWHERE);
    this.#areStrings.push(false);
    return number;
  }

  /**
   * Reads a text, which the other methods then refer to.
   * @param bytes UTF-8; the text is from `start` to `end`
   * @returns false where the text is not a JSON object or array: no path has a value then
   */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.#starts.fill(NOWHERE);
    this.#bytes = bytes;
    this.#end = end;
    const at = skipSpace(bytes, start, end);
    const isContainer = at < end && (bytes[at] === OPEN_OBJECT || bytes[at] === OPEN_ARRAY);
    const behind = isContainer ? this.#value(this.#root, at) : NO_JSON;
    this.#bytes = NO_BYTES;
    if (behind !== NO_JSON && skipSpace(bytes, behind, end) === end) return true;
    this.#starts.fill(NOWHERE);
    return false;
  }

  /** Whether the path has a value other than null. */
  has(path: PathNumber): boolean {
    return this.#starts[path] !== NOWHERE;
  }

  /** Where the path's value begins, a string's behind its quote. This and the next two need `has(path)`. */
  startOf(path: PathNumber): number {
    return this.#starts[path]!;
  }

  endOf(path: PathNumber): number {
    return this.#ends[path]!;
  }

  /**
   * A string that has escapes, without them; undefined for any other value.
   * @param bytes of the text
   */
  unescaped(path: PathNumber, bytes: Uint8Array): string | undefined {
    const start = this.#starts[path]!;
    const end = this.#ends[path]!;
    if (!this.#areStrings[path] || !hasEscape(bytes, start, end)) return undefined;
    return parsedString(bytes, start - 1, end + 1);
  }

  /** @param at where a value begins @returns the index behind it, or NO_JSON */
  #value(node: PathNode, at: number): number {
    const byte = this.#bytes[at];
    let end: number;
    if (node.children.length > 0 && byte === OPEN_OBJECT) end = this.#object(node, at);
    else if (node.children.length > 0 && byte === OPEN_ARRAY) end = this.#array(node, at);
    else end = endOfValue(this.#bytes, at, this.#end);
    if (node.path !== undefined && end !== NO_JSON && byte !== NULL_START) {
      const isString = byte === QUOTE;
      this.#starts[node.path] = isString ? at + 1 : at;
      this.#ends[node.path] = isString ? end - 1 : end;
      this.#areStrings[node.path] = isString;
    }
    return end;
  }

  #object(node: PathNode, at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let next = skipSpace(bytes, at + 1, end);
    if (next < end && bytes[next] === CLOSE_OBJECT) return next + 1;
    for (;;) {
      const keyEnd = endOfString(bytes, next, end);
      const value = valueOfMember(bytes, keyEnd, end);
      if (value === NO_JSON) return NO_JSON;
      const child = memberOf(node, bytes, next, keyEnd);
      next = child === undefined ? endOfValue(bytes, value, end) : this.#again(child, value);
      if (next === NO_JSON) return NO_JSON;
      next = skipSpace(bytes, next, end);
      if (next >= end) return NO_JSON;
      const byte = bytes[next++];
      if (byte === CLOSE_OBJECT) return next;
      if (byte !== COMMA) return NO_JSON;
      next = skipSpace(bytes, next, end);
    }
  }

  #array(node: PathNode, at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let next = skipSpace(bytes, at + 1, end);
    if (next < end && bytes[next] === CLOSE_ARRAY) return next + 1;
    for (let index = 0; ; index++) {
      const child = node.children.find((each) => each.index === index);
      next = child === undefined ? endOfValue(bytes, next, end) : this.#value(child, next);
      if (next === NO_JSON) return NO_JSON;
      next = skipSpace(bytes, next, end);
      if (next >= end) return NO_JSON;
      const byte = bytes[next++];
      if (byte === CLOSE_ARRAY) return next;
      if (byte !== COMMA) return NO_JSON;
      next = skipSpace(bytes, next, end);
    }
  }

  /** Reads a member, and forgets the values of an earlier one with the same key. */
  #again(node: PathNode, at: number): number {
    for (const path of node.paths) this.#starts[path] = NOWHERE;
    return this.#value(node, at);
  }
}

function pathNode(key: string | undefined): PathNode {
  const bytes = key === undefined ? undefined : new Uint8Array(Buffer.from(key, 'utf8'));
  const isText = bytes !== undefined && Buffer.from(bytes).toString('utf8') === key;
  return {
    key,
    bytes: isText ? bytes : undefined,
    index: key !== undefined && /^(?:0|[1-9]\d{0,8})$/.test(key) ? Number(key) : undefined,
    path: undefined,
    paths: [],
    children: [],
    byLength: [],
  };
}

function childOf(node: PathNode, key: string): PathNode {
  const known = node.children.find((child) => child.key === key);
  if (known !== undefined) return known;
  const child = pathNode(key);
  node.children.push(child);
  if (child.bytes !== undefined) {
    const { length } = child.bytes;
    while (node.byLength.length <= length) node.byLength.push(undefined);
    node.byLength[length] = [...(node.byLength[length] ?? []), child];
  }
  return child;
}

/** @param start of a key's first quotation mark @param end behind its last one */
function memberOf(node: PathNode, bytes: Uint8Array, start: number, end: number): PathNode | undefined {
  const length = end - start - 2;
  const alike = length < node.byLength.length ? node.byLength[length] : undefined;
  if (alike !== undefined) {
    for (const child of alike) if (isAt(child.bytes!, bytes, start + 1)) return child;
  }
  if (!hasEscape(bytes, start, end)) return undefined;
  const key = parsedString(bytes, start, end);
  return node.children.find((child) => child.key === key);
}

function isAt(text: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false;
  return true;
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

function parsedString(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
  return String(JSON.parse(text));
}
