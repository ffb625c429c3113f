/**
 * JSON in which some values are not strings; otherwise as json.ts says. Not a format row, since a value has to be
 * parsed to know whether it is JSON.
 *
 * - `nest`: a value that is a JSON object or array is embedded as it is, without white space between its tokens:
 *   numbers keep all digits, members their order. Any other value stays a string, and so does one of more than
 *   1,048,576 characters.
 * - `inferTypes`: a value becomes a number, `true`, `false` or `null` only where its text is exactly what
 *   `JSON.stringify` would give back: `200` and `0.5` do, `007`, `1.10`, `1e3`, `-0` and integers beyond 2^53 - 1 stay
 *   strings, so that no reader can lose a digit.
 *
 * An object that is too long is cut within a string, or before a member; numbers and embedded values are never cut.
 */
import type { FieldsInSteps, TextFormat } from '../parts/text-format.ts';

export interface JsonTextOptions {
  /** Names, as written, of the fields whose JSON is embedded. */
  readonly nest?: readonly string[];
  readonly inferTypes?: boolean;
}

export function createJsonText(options: JsonTextOptions): TextFormat {
  const nested = new Set(options.nest);
  const inferTypes = options.inferTypes === true;
  return {
    kind: 'text',
    name: 'json',
    format: (log) => [...parts(log.fields())].join(''),
    cut(log, maxBytes) {
      const steps = cut(log.fields(), maxBytes);
      for (;;) {
        const { done, value } = steps.next();
        if (done) return value;
      }
    },
    inSteps: { format: parts, cut },
  };

  function* parts(fields: FieldsInSteps): Generator<string, undefined> {
    let between = '{';
    for (const member of members(fields)) {
      yield member ? `${between}${member.name}:${member.text}` : '';
      if (member) between = ',';
    }
    yield between === '{' ? '{}' : '}';
    return undefined;
  }

  function* cut(fields: FieldsInSteps, maxBytes: number): Generator<undefined, string> {
    const written: string[] = [];
    let roomBytes = maxBytes - '{}'.length;
    let looked = 0;
    for (const member of members(fields)) {
      if (++looked % STEP_MEMBERS === 0) yield;
      if (!member) continue;
      const { name, text } = member;
      const opening = `${written.length === 0 ? '' : ','}${name}:`;
      const valueBytes = roomBytes - Buffer.byteLength(opening);
      const value = Buffer.byteLength(text) <= valueBytes ? text : beginningOf(text, valueBytes);
      if (value === undefined) break;
      written.push(opening + value);
      if (value !== text) break;
      roomBytes = valueBytes - Buffer.byteLength(text);
    }
    return `{${written.join('')}}`;
  }

  /** Names and values as they are written; `undefined` for a field whose name an earlier one had. */
  function* members(fields: FieldsInSteps): Generator<{ name: string; text: string } | undefined, undefined> {
    const names = new Set<string>();
    for (const field of fields) {
      if (field === undefined || names.has(field[0])) {
        yield undefined;
        continue;
      }
      const [name, value] = field;
      names.add(name);
      yield { name: quoted(name), text: nested.has(name) ? embedded(value) : scalar(value, inferTypes) };
    }
    return undefined;
  }
}

/** Members in a step, which takes about a millisecond. */
const STEP_MEMBERS = 256;

/** Escapes and characters, between which a string may be cut. */
const stringParts = /\\u[0-9a-f]{4}|\\.|[^\\]/gu;

/** The JSON string `text`, cut to `maxBytes`; undefined where there is no room for a string, or `text` is not one. */
function beginningOf(text: string, maxBytes: number): string | undefined {
  let roomBytes = maxBytes - '""'.length;
  if (!text.startsWith('"') || roomBytes < 0) return undefined;
  let end = 1;
  for (const [part] of text.slice(1, -1).matchAll(stringParts)) {
    roomBytes -= Buffer.byteLength(part);
    if (roomBytes < 0) break;
    end += part.length;
  }
  return `${text.slice(0, end)}"`;
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f');
}

function scalar(value: string, inferTypes: boolean): string {
  return inferTypes && isExactScalar(value) ? value : quoted(value);
}

const LONGEST_NUMBER = 32;

function isExactScalar(text: string): boolean {
  if (text === 'true' || text === 'false' || text === 'null') return true;
  if (text.length > LONGEST_NUMBER || !/^-?\d/.test(text)) return false;
  const number = Number(text);
  if (JSON.stringify(number) !== text) return false;
  return !Number.isInteger(number) || Number.isSafeInteger(number);
}

/** A longer value would take too long to parse. */
const LONGEST_EMBEDDED = 1 << 20;

function embedded(value: string): string {
  if (value.length > LONGEST_EMBEDDED || !/^[ \t\n\r]*[[{]/.test(value)) return quoted(value);
  try {
    JSON.parse(value);
  } catch {
    return quoted(value);
  }
  return compact(value);
}

/** Removes white space between tokens. @param json valid: outside of strings a quotation mark begins one */
function compact(json: string): string {
  let result = '';
  let position = 0;
  while (position < json.length) {
    const quote = json.indexOf('"', position);
    const end = quote === -1 ? json.length : quote;
    result += json.slice(position, end).replace(/[ \t\n\r]+/g, '');
    if (quote === -1) break;
    position = endOfString(json, quote);
    result += json.slice(quote, position).replaceAll('\x7f', '\\u007f');
  }
  return result;
}

/**
 * @param json valid; a string begins at `quote`
 * @returns index behind the string's closing quotation mark
 */
function endOfString(json: string, quote: number): number {
  for (let at = quote + 1; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at + 1;
  }
  return json.length;
}
