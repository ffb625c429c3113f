/**
 * JSON in which some values are no strings; what json.ts says holds here too. Not a row: whether a value is JSON takes
 * more than a look at its bytes.
 *
 * - `nest`: a field whose value is a JSON object or array is embedded as one, as it was written, white space between
 *   its tokens left out: numbers keep all their digits, members their order. Any other value stays a string.
 * - `inferTypes`: a value becomes a number, `true`, `false` or `null` only where its text is exactly what
 *   `JSON.stringify` would give back for it: `200` and `0.5` do, `007`, `1.10`, `1e3`, `-0` and integers beyond 2^53 - 1
 *   stay strings, so that no reader can lose a digit.
 *
 * What is too long ends within a string, or before a member; numbers and embedded values are whole or not there.
 */
import type { LogView } from './log-view.ts';
import type { TextFormat } from './text-format.ts';

export interface JsonTextOptions {
  /** Fields by the names that they are written under. */
  readonly nest?: readonly string[];
  readonly inferTypes?: boolean;
}

export function createJsonText(options: JsonTextOptions): TextFormat {
  const nested = new Set(options.nest);
  const inferTypes = options.inferTypes === true;
  return {
    kind: 'text',
    name: 'json',
    format(log: LogView): string {
      return `{${[...members(log)].map(([name, text]) => `${name}:${text}`).join(',')}}`;
    },
    cut(log: LogView, maxBytes: number): string {
      let cut = '';
      let roomBytes = maxBytes - '{}'.length;
      for (const [name, text] of members(log)) {
        const opening = `${cut === '' ? '' : ','}${name}:`;
        const valueBytes = roomBytes - Buffer.byteLength(opening);
        const value = Buffer.byteLength(text) <= valueBytes ? text : beginningOf(text, valueBytes);
        if (value === undefined) break;
        cut += opening + value;
        if (value !== text) break;
        roomBytes = valueBytes - Buffer.byteLength(text);
      }
      return `{${cut}}`;
    },
  };

  /** Names and values as they are written. */
  function members(log: LogView): Map<string, string> {
    const first = new Map<string, string>();
    // Of fields with one name the first counts.
    for (const [name, value] of log.fields()) if (!first.has(name)) first.set(name, value);
    const text = (name: string, value: string) => (nested.has(name) ? embedded(value) : scalar(value, inferTypes));
    return new Map([...first].map(([name, value]) => [quoted(name), text(name, value)]));
  }
}

/** What a string may be cut between: escapes and characters. */
const stringParts = /\\u[0-9a-f]{4}|\\.|[^\\]/gu;

/** A string that is a part of a longer one; undefined where there is no room for one, or it is another value. */
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

function embedded(value: string): string {
  if (!/^[ \t\n\r]*[[{]/.test(value)) return quoted(value);
  try {
    JSON.parse(value);
  } catch {
    return quoted(value);
  }
  return compact(value);
}

/** @param json valid: outside of strings a quotation mark begins one */
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
 * @returns where it has ended, behind its last quotation mark
 */
function endOfString(json: string, quote: number): number {
  for (let at = quote + 1; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at + 1;
  }
  return json.length;
}
