/**
 * Parses RFC 5424 messages, strictly by the ABNF of section 6:
 *
 *     <PRI>1 SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]
 *
 * Written from the RFC, and independently of the code that encodes messages.
 */
import { isDigit, isPrintable, type Malformed, parse, readPriority, Scanner, text } from './scanner.ts';

export interface Message5424 {
  readonly isValid: true;
  readonly rfc: '5424';
  readonly facility: number;
  readonly severity: number;
  /** The text as received; undefined for the NILVALUE, as the next four fields. */
  readonly timestamp: string | undefined;
  readonly hostname: string | undefined;
  readonly appName: string | undefined;
  readonly procId: string | undefined;
  readonly msgId: string | undefined;
  readonly structuredData: readonly SdElement[];
  /** MSG, with its BOM where it has one. */
  readonly message: Uint8Array;
}

export interface SdElement {
  readonly id: string;
  /** Names, and values unescaped. */
  readonly params: readonly (readonly [name: string, value: string])[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5d;
const DASH = 0x2d;
const MAX_FRACTION_DIGITS = 6;
/** IANA, "syslog Structured Data ID Values": ids without an enterprise number. */
const registeredIds = new Set([
  'timeQuality',
  'origin',
  'meta',
  'snmp',
  'alarm',
  'ssign',
  'ssign-cert',
  'PCNNode',
  'PCNTerm',
]);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns the fields, or the first rule that is broken */
export function parse5424(bytes: Uint8Array, start = 0, end = bytes.length): Message5424 | Malformed {
  return parse(() => read(new Scanner(bytes, start, end)));
}

function read(scanner: Scanner): Message5424 {
  const { facility, severity } = readPriority(scanner);
  scanner.expect('1', 'VERSION is 1');
  scanner.expect(' ', 'VERSION is 1, and one space follows');
  const timestamp = readTimestamp(scanner);
  scanner.expect(' ', 'one space follows TIMESTAMP');
  const hostname = readField(scanner, 255, 'HOSTNAME is - or 1 to 255 printable US-ASCII characters');
  scanner.expect(' ', 'one space follows HOSTNAME');
  const appName = readField(scanner, 48, 'APP-NAME is - or 1 to 48 printable US-ASCII characters');
  scanner.expect(' ', 'one space follows APP-NAME');
  const procId = readField(scanner, 128, 'PROCID is - or 1 to 128 printable US-ASCII characters');
  scanner.expect(' ', 'one space follows PROCID');
  const msgId = readField(scanner, 32, 'MSGID is - or 1 to 32 printable US-ASCII characters');
  scanner.expect(' ', 'one space follows MSGID');
  const structuredData = readStructuredData(scanner);
  if (!scanner.isAtEnd) scanner.expect(' ', 'one space follows STRUCTURED-DATA');
  const message = readMessage(scanner);
  return {
    isValid: true,
    rfc: '5424',
    facility,
    severity,
    timestamp,
    hostname,
    appName,
    procId,
    msgId,
    structuredData,
    message,
  };
}

function readField(scanner: Scanner, max: number, rule: string): string | undefined {
  const word = scanner.word(isPrintable, max, rule);
  return word === '-' ? undefined : word;
}

/** 6.2.3: RFC 3339 with an upper-case T and Z, no leap seconds, at most six digits of a fraction. */
function readTimestamp(scanner: Scanner): string | undefined {
  const from = scanner.at;
  if (scanner.peek() === DASH) {
    scanner.at += 1;
    return undefined;
  }
  const year = scanner.number(4, 0, 9999, 'TIMESTAMP is - or begins with a year of 4 digits');
  scanner.expect('-', 'TIMESTAMP: - follows the year');
  const month = scanner.number(2, 1, 12, 'TIMESTAMP: a month is 01 to 12');
  scanner.expect('-', 'TIMESTAMP: - follows the month');
  scanner.number(2, 1, daysIn(year, month), 'TIMESTAMP: there is no such day in the month');
  scanner.expect('T', 'TIMESTAMP: T follows the date');
  scanner.number(2, 0, 23, 'TIMESTAMP: an hour is 00 to 23');
  scanner.expect(':', 'TIMESTAMP: a colon follows the hour');
  scanner.number(2, 0, 59, 'TIMESTAMP: a minute is 00 to 59');
  scanner.expect(':', 'TIMESTAMP: a colon follows the minute');
  scanner.number(2, 0, 59, 'TIMESTAMP: a second is 00 to 59');
  if (scanner.peek() === 0x2e) {
    scanner.at += 1;
    scanner.word(isDigit, MAX_FRACTION_DIGITS, 'TIMESTAMP: a fraction has 1 to 6 digits');
  }
  readOffset(scanner);
  return text(scanner.bytes, from, scanner.at);
}

function readOffset(scanner: Scanner): void {
  const sign = scanner.peek();
  const isOffset = sign === 0x2b || sign === DASH;
  if (!isOffset) {
    scanner.expect('Z', 'TIMESTAMP ends with Z or an offset like +08:00');
    return;
  }
  scanner.at += 1;
  scanner.number(2, 0, 23, "TIMESTAMP: an offset's hour is 00 to 23");
  scanner.expect(':', 'TIMESTAMP: an offset has a colon');
  scanner.number(2, 0, 59, "TIMESTAMP: an offset's minute is 00 to 59");
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** 6.3: `-`, or elements without anything between them. */
function readStructuredData(scanner: Scanner): readonly SdElement[] {
  if (scanner.peek() === DASH) {
    scanner.at += 1;
    return [];
  }
  const elements: SdElement[] = [];
  do {
    const from = scanner.at;
    const element = readElement(scanner);
    if (elements.some(({ id }) => id === element.id)) scanner.fail(`SD-ID ${element.id} comes twice`, from);
    elements.push(element);
  } while (scanner.peek() === 0x5b);
  return elements;
}

function readElement(scanner: Scanner): SdElement {
  scanner.expect('[', 'STRUCTURED-DATA is - or begins with [');
  const from = scanner.at;
  const id = scanner.word(isNameCharacter, 32, 'SD-ID is 1 to 32 printable US-ASCII characters without = ] "');
  checkId(scanner, id, from);
  const params: (readonly [string, string])[] = [];
  while (scanner.peek() !== BRACKET) {
    scanner.expect(' ', 'SD-ELEMENT: a space and a parameter follow, or ]');
    const rule = 'PARAM-NAME is 1 to 32 printable US-ASCII characters without = ] "';
    const name = scanner.word(isNameCharacter, 32, rule);
    scanner.expect('=', 'PARAM-NAME is followed by =');
    scanner.expect('"', 'PARAM-VALUE begins with "');
    params.push([name, readValue(scanner)]);
  }
  scanner.at += 1;
  return { id, params };
}

/** 6.3.2 */
function checkId(scanner: Scanner, id: string, from: number): void {
  const at = id.indexOf('@');
  if (at < 0 ? registeredIds.has(id) : /^[^@]+@[1-9]\d*(\.\d+)*$/.test(id)) return;
  scanner.fail(`SD-ID ${id} is neither registered nor name@<enterprise number>`, from);
}

/** 6.3.3: UTF-8, with exactly `"`, `\` and `]` escaped. */
function readValue(scanner: Scanner): string {
  const from = scanner.at;
  const value: number[] = [];
  for (;;) {
    if (scanner.isAtEnd) scanner.fail('PARAM-VALUE ends with "');
    let byte = scanner.peek();
    scanner.at += 1;
    if (byte === QUOTE) break;
    if (byte === BRACKET) scanner.fail('PARAM-VALUE: ] is escaped with \\', scanner.at - 1);
    if (byte === BACKSLASH) {
      byte = scanner.peek();
      if (byte !== QUOTE && byte !== BACKSLASH && byte !== BRACKET) {
        scanner.fail('PARAM-VALUE: only ", \\ and ] are escaped, and every \\ is', scanner.at - 1);
      }
      scanner.at += 1;
    }
    value.push(byte);
  }
  return decode(scanner, Uint8Array.from(value), from, 'PARAM-VALUE is UTF-8');
}

function isNameCharacter(byte: number): boolean {
  return isPrintable(byte) && byte !== 0x3d && byte !== BRACKET && byte !== QUOTE;
}

/** 6.4: any octets; UTF-8 if MSG begins with the BOM. */
function readMessage(scanner: Scanner): Uint8Array {
  const message = scanner.rest();
  if (message[0] === 0xef && message[1] === 0xbb && message[2] === 0xbf) {
    decode(scanner, message, scanner.at, 'MSG begins with the BOM, and is UTF-8 then');
  }
  return message;
}

function decode(scanner: Scanner, bytes: Uint8Array, at: number, rule: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return scanner.fail(rule, at);
  }
}
