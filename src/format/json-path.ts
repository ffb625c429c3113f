/** A value within JSON text, as it was written there: nothing of a number is lost. Pure. */

/**
 * @param path keys of objects, or indexes of arrays in decimal, from the outside in; at least one
 * @returns a string without its quotes and escapes, a number, `true` or `false` as it is written, an object or array as
 * its text; undefined where the text is no JSON, nothing is there, or null is. Of a key given twice the last counts.
 */
export function jsonAt(json: string, path: readonly string[]): string | undefined {
  return isJsonContainer(json) ? valueAt(json, path) : undefined;
}

/** Whether a text is a JSON object or array. */
export function isJsonContainer(text: string): boolean {
  return /^[ \t\n\r]*[[{]/.test(text) && isJson(text);
}

/**
 * `jsonAt` of a text that is known to be a JSON object or array: to look at several paths of one text.
 * @param json valid
 */
export function valueAt(json: string, path: readonly string[]): string | undefined {
  let span: Span | undefined = { start: 0, end: json.length };
  for (const key of path) {
    span = span && memberOf(json, span.start, key);
    if (span === undefined) return undefined;
  }
  const text = json.slice(span?.start, span?.end);
  if (text === 'null') return undefined;
  return text.startsWith('"') ? String(JSON.parse(text)) : text;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @param json valid; a value begins at `start`, perhaps behind white space */
function memberOf(json: string, start: number, key: string): Span | undefined {
  let at = skipSpace(json, start);
  if (json[at] === '[') return /^(?:0|[1-9]\d{0,8})$/.test(key) ? elementOf(json, at, Number(key)) : undefined;
  if (json[at] !== '{') return undefined;
  let found: Span | undefined;
  at = skipSpace(json, at + 1);
  while (json[at] === '"') {
    const keyEnd = endOfString(json, at);
    const isIt = String(JSON.parse(json.slice(at, keyEnd))) === key;
    const valueStart = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = endOfValue(json, valueStart);
    if (isIt) found = { start: valueStart, end };
    at = skipSpace(json, end);
    if (json[at] !== ',') break;
    at = skipSpace(json, at + 1);
  }
  return found;
}

/** @param json valid; an array begins at `start` */
function elementOf(json: string, start: number, index: number): Span | undefined {
  let at = skipSpace(json, start + 1);
  for (let passed = 0; json[at] !== ']'; passed++) {
    const end = endOfValue(json, at);
    if (passed === index) return { start: at, end };
    at = skipSpace(json, end);
    if (json[at] !== ',') return undefined;
    at = skipSpace(json, at + 1);
  }
  return undefined;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && ' \t\n\r'.includes(json[at]!)) at++;
  return at;
}

function endOfValue(json: string, start: number): number {
  if (json[start] === '"') return endOfString(json, start);
  if (json[start] !== '{' && json[start] !== '[') {
    let at = start;
    while (at < json.length && !',]} \t\n\r'.includes(json[at]!)) at++;
    return at;
  }
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const char = json[at];
    if (char === '"') at = endOfString(json, at) - 1;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  return json.length;
}

/**
 * @param json valid; a string begins at `quote`
 * @returns where it has ended, behind its last quotation mark
 */
export function endOfString(json: string, quote: number): number {
  for (let at = quote + 1; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at + 1;
  }
  return json.length;
}
