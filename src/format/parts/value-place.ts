/**
 * How a user names a value of a log:
 *
 *     remote_addr                              a field, by its flattened name
 *     __tag__:__hostname__                     a tag
 *     event:userIdentity.userName              within a field that holds JSON: keys of objects, from the outside in
 *     sourceIPs:0                              an element of an array there, by its index
 *     annotations:"authorization.k8s.io/decision"    a key that has dots in it
 *     "odd:name"                               a field whose name has a colon in it, in JSON's quotes
 *
 * In a mapping (`map: {src: …}`) also a constant, the log's own time, and a list of which the first value counts that
 * exists, is not empty, and is of the key's type:
 *
 *     "=value"
 *     __time__
 *     [user, event:userIdentity.userName]
 *
 * In the head of CEF and LEEF, where constants are usual, a plain text is a constant, and a field is in braces, with a
 * text for where it is missing; or a list of these:
 *
 *     Acme                {event_type}                {event_type|unknown}                ["{type}", "{kind}", "none"]
 */
import { AppError } from '../../core/errors.ts';
import { utf8 } from './bytes.ts';
import type { FieldPlace, ValueSource } from './mapped.ts';

/** A value as a mapping names it: `"=value"`, `field`, `field:path`; of a list, the first that exists. */
export type ValueText = string | readonly string[];

/** The name for the log's own time. */
export const LOG_TIME = '__time__';

const TAG_PREFIX = '__tag__:';

/** @throws AppError with code `format` and action `fatal`, whose message says what is wrong with the text */
export function parsePlace(text: string): FieldPlace {
  const { field, rest } = splitField(text);
  if (field === '') throw malformed(text, 'names no field');
  if (rest === undefined) return { field: utf8(field) };
  return { field: utf8(field), path: parsePath(text, rest) };
}

/** @throws AppError with code `format` and action `fatal`, whose message says what is wrong with the text */
export function parseValue(text: ValueText): ValueSource {
  const texts = typeof text === 'string' ? [text] : text;
  if (texts.length === 0) throw malformed('[]', 'is empty: it names neither a field nor a constant');
  const constantAt = texts.findIndex((each) => each.startsWith('='));
  if (constantAt === 0) {
    if (texts.length > 1) throw malformed(texts[0]!, 'is always there, so nothing behind it is ever used');
    return { kind: 'constant', bytes: utf8(texts[0]!.slice(1)) };
  }
  if (texts.length === 1 && texts[0] === LOG_TIME) return { kind: 'log-time' };
  if (texts.includes(LOG_TIME)) {
    throw malformed(LOG_TIME, "is the log's own time, which is always there; give it alone, and not in a list");
  }
  if (constantAt !== -1) {
    throw malformed(texts[constantAt]!, 'is a constant; a constant cannot stand behind fields in this list');
  }
  return { kind: 'fields', places: texts.map(parsePlace) };
}

/** A field of the head: the first of some places that has a value, or else a constant. */
export interface HeadText {
  readonly places: readonly FieldPlace[];
  readonly orElse: string;
}

/**
 * @param orElse the constant, where the text has none
 * @throws AppError with code `format` and action `fatal`, whose message says what is wrong with the text
 */
export function parseHeadText(text: ValueText, orElse: string): HeadText {
  const texts = typeof text === 'string' ? [text] : text;
  const places: FieldPlace[] = [];
  for (const [index, each] of texts.entries()) {
    const [, place, fallback] = /^\{([^{}|]+)(?:\|([^{}]*))?\}$/.exec(each) ?? [];
    const constant = place === undefined ? each : fallback;
    if (place === undefined && /[{}]/.test(each)) {
      throw malformed(each, 'has braces in it; give either text, or one {field} or {field|text} and nothing else');
    }
    if (place !== undefined) places.push(parsePlace(place));
    if (constant === undefined) continue;
    if (index < texts.length - 1) throw malformed(each, 'is always there, so nothing behind it is ever used');
    return { places, orElse: constant };
  }
  return { places, orElse };
}

/** A name for people: the last key of a path, or the field. */
export function placeName(place: FieldPlace): string {
  return place.path?.at(-1) ?? Buffer.from(place.field).toString('utf8');
}

function splitField(text: string): { readonly field: string; readonly rest: string | undefined } {
  const quoted = /^"(?:[^"\\]|\\.)*"/.exec(text)?.[0];
  if (quoted !== undefined) {
    const behind = text.slice(quoted.length);
    if (behind !== '' && !behind.startsWith(':'))
      throw malformed(text, 'has text behind the closing quote; only a colon may follow the quote');
    return { field: unquoted(text, quoted), rest: behind === '' ? undefined : behind.slice(1) };
  }
  if (text.startsWith('"')) throw malformed(text, 'begins with a quote that is never closed');
  const from = text.startsWith(TAG_PREFIX) ? TAG_PREFIX.length : 0;
  const colon = text.indexOf(':', from);
  return colon === -1 ? { field: text, rest: undefined } : { field: text.slice(0, colon), rest: text.slice(colon + 1) };
}

function parsePath(text: string, path: string): string[] {
  const keys: string[] = [];
  for (let position = 0; position <= path.length; ) {
    const [key = ''] = /^(?:"(?:[^"\\]|\\.)*"|[^."]*)/.exec(path.slice(position)) ?? [];
    if (key === '') throw malformed(text, 'has an empty key behind its colon');
    keys.push(key.startsWith('"') ? unquoted(text, key) : key);
    position += key.length;
    if (position < path.length && path[position] !== '.') throw malformed(text, 'has a quote in the middle of a key');
    position++;
  }
  return keys;
}

function unquoted(text: string, quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw malformed(text, 'has quotes that are no JSON string');
  }
}

function malformed(text: string, why: string): AppError {
  return new AppError(
    `${JSON.stringify(text)} ${why}. A value is "field", "field:key.key" for JSON in a field, or "=constant".`,
    { code: 'format', action: 'fatal' },
  );
}
