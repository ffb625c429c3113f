/**
 * Finds the end of a JSON value in UTF-8 bytes, without building the value: accepts exactly what `JSON.parse` accepts.
 * Nesting uses no stack.
 */

/** Returned where the bytes are not JSON. */
export const NO_JSON = -1;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const BACKSLASH = 0x5c;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;
const DOT = 0x2e;

/** By byte: whether a string may contain it unescaped. */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 0 : 1,
);
const isSpace = Uint8Array.from({ length: 256 }, (_, byte) => (' \t\n\r'.includes(String.fromCharCode(byte)) ? 1 : 0));
const isDigit = bytesOf('0123456789');
const isHexDigit = bytesOf('0123456789abcdefABCDEF');
const isShortEscape = bytesOf('"\\/bfnrt');
const literals = ['true', 'false', 'null'].map((text) => Uint8Array.from(Buffer.from(text)));

/** Nesting depth up to which no memory is allocated. */
const USUAL_DEPTH = 256;
/** The closing bytes of the values around the present one, outermost first; used within a call only. */
const usualCloses = new Uint8Array(USUAL_DEPTH);

/** @returns the first index from `at` that is not white space, or `end` */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && isSpace[bytes[next]!] === 1) next++;
  return next;
}

/**
 * @param at where a value is to begin
 * @returns the index behind the value, or NO_JSON
 */
export function endOfValue(bytes: Uint8Array, at: number, end: number): number {
  let closes = usualCloses;
  let depth = 0;
  let next = at;
  for (;;) {
    const byte = next < end ? bytes[next]! : 0;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      const close = byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
      next = skipSpace(bytes, next + 1, end);
      if (next >= end) return NO_JSON;
      if (bytes[next] !== close) {
        if (depth === closes.length) closes = twice(closes);
        closes[depth++] = close;
        if (close === CLOSE_OBJECT) next = valueOfMember(bytes, endOfString(bytes, next, end), end);
        if (next === NO_JSON) return NO_JSON;
        continue;
      }
      next++;
    } else {
      next = byte === QUOTE ? endOfString(bytes, next, end) : endOfScalar(bytes, next, end);
      if (next === NO_JSON) return NO_JSON;
    }
    // A value has ended, and perhaps values around it.
    for (;;) {
      if (depth === 0) return next;
      next = skipSpace(bytes, next, end);
      if (next >= end) return NO_JSON;
      const close = closes[depth - 1]!;
      const found = bytes[next++]!;
      if (found === COMMA) {
        next = skipSpace(bytes, next, end);
        if (close === CLOSE_OBJECT) next = valueOfMember(bytes, endOfString(bytes, next, end), end);
        if (next === NO_JSON) return NO_JSON;
        break;
      }
      if (found !== close) return NO_JSON;
      depth--;
    }
  }
}

/**
 * @param at where a string is to begin
 * @returns the index behind its last quotation mark, or NO_JSON
 */
export function endOfString(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || bytes[at] !== QUOTE) return NO_JSON;
  let next = at + 1;
  for (;;) {
    while (next < end && isPlain[bytes[next]!] === 1) next++;
    if (next >= end) return NO_JSON;
    const byte = bytes[next]!;
    if (byte === QUOTE) return next + 1;
    if (byte !== BACKSLASH) return NO_JSON;
    next = endOfEscape(bytes, next, end);
    if (next === NO_JSON) return NO_JSON;
  }
}

/**
 * @param keyEnd the index behind an object's key, or NO_JSON
 * @returns where the member's value is to begin, or NO_JSON
 */
export function valueOfMember(bytes: Uint8Array, keyEnd: number, end: number): number {
  if (keyEnd === NO_JSON) return NO_JSON;
  const colon = skipSpace(bytes, keyEnd, end);
  return colon < end && bytes[colon] === COLON ? skipSpace(bytes, colon + 1, end) : NO_JSON;
}

/** @param at of a backslash */
function endOfEscape(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return NO_JSON;
  const byte = bytes[at + 1]!;
  if (isShortEscape[byte] === 1) return at + 2;
  if (byte !== 0x75 || at + 6 > end) return NO_JSON;
  for (let digit = at + 2; digit < at + 6; digit++) if (isHexDigit[bytes[digit]!] === 0) return NO_JSON;
  return at + 6;
}

/** The end of a number, true, false or null. */
function endOfScalar(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return NO_JSON;
  const first = bytes[at]!;
  if (first === MINUS || isDigit[first] === 1) return endOfNumber(bytes, at, end);
  const literal = literals.find((each) => each[0] === first);
  if (literal === undefined || at + literal.length > end) return NO_JSON;
  for (let index = 1; index < literal.length; index++) if (bytes[at + index] !== literal[index]) return NO_JSON;
  return at + literal.length;
}

function endOfNumber(bytes: Uint8Array, at: number, end: number): number {
  const whole = bytes[at] === MINUS ? at + 1 : at;
  let next = endOfDigits(bytes, whole, end);
  if (next === NO_JSON || (bytes[whole] === 0x30 && next > whole + 1)) return NO_JSON;
  if (next < end && bytes[next] === DOT) {
    next = endOfDigits(bytes, next + 1, end);
    if (next === NO_JSON) return NO_JSON;
  }
  if (next >= end || (bytes[next]! | 0x20) !== 0x65) return next;
  next++;
  if (next < end && (bytes[next] === 0x2b || bytes[next] === MINUS)) next++;
  return endOfDigits(bytes, next, end);
}

/** The end of one or more digits. */
function endOfDigits(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && isDigit[bytes[next]!] === 1) next++;
  return next === at ? NO_JSON : next;
}

function bytesOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) table[byte] = 1;
  return table;
}

function twice(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}
