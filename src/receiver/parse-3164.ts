/**
 * Parses RFC 3164 messages, section 4, as strictly as its wording allows:
 *
 *     <PRI>Mmm dd hh:mm:ss HOSTNAME TAG[pid]: MSG
 *
 * A day below 10 has a space before it, and TAG is at most 32 letters and digits.
 */
import { isAlphanumeric, isPrintable, type Malformed, parse, readPriority, Scanner, text } from './scanner.ts';

export interface Message3164 {
  readonly isValid: true;
  readonly rfc: '3164';
  readonly facility: number;
  readonly severity: number;
  /** The text as received. */
  readonly timestamp: string;
  readonly hostname: string;
  readonly tag: string;
  /** Undefined where TAG has no pid. */
  readonly pid: string | undefined;
  readonly message: Uint8Array;
}

/** Days of each month; February has 29, as the message has no year. */
const daysOf: Readonly<Record<string, number>> = {
  Jan: 31,
  Feb: 29,
  Mar: 31,
  Apr: 30,
  May: 31,
  Jun: 30,
  Jul: 31,
  Aug: 31,
  Sep: 30,
  Oct: 31,
  Nov: 30,
  Dec: 31,
};

/** @returns the fields, or the first rule that is broken */
export function parse3164(bytes: Uint8Array, start = 0, end = bytes.length): Message3164 | Malformed {
  return parse(() => read(new Scanner(bytes, start, end)));
}

function read(scanner: Scanner): Message3164 {
  const { facility, severity } = readPriority(scanner);
  const timestamp = readTimestamp(scanner);
  scanner.expect(' ', 'one space follows TIMESTAMP');
  const hostname = scanner.word(isPrintable, 255, 'HOSTNAME is 1 to 255 printable US-ASCII characters');
  scanner.expect(' ', 'one space follows HOSTNAME');
  const tag = scanner.word(isAlphanumeric, 32, 'TAG is 1 to 32 letters and digits');
  const pid = scanner.peek() === 0x5b ? readPid(scanner) : undefined;
  scanner.expect(':', 'a colon follows TAG');
  scanner.expect(' ', 'one space follows the colon');
  return { isValid: true, rfc: '3164', facility, severity, timestamp, hostname, tag, pid, message: scanner.rest() };
}

function readTimestamp(scanner: Scanner): string {
  const from = scanner.at;
  const days = daysOf[text(scanner.bytes, from, Math.min(from + 3, scanner.end))];
  if (days === undefined) scanner.fail('TIMESTAMP begins with a month: Jan, Feb, …');
  scanner.at += 3;
  scanner.expect(' ', 'TIMESTAMP: one space follows the month');
  const rule = 'TIMESTAMP: a day is two characters, with a space before a single digit';
  if (scanner.peek() === 0x20) {
    scanner.at += 1;
    scanner.number(1, 1, 9, rule);
  } else {
    scanner.number(2, 10, days, rule);
  }
  scanner.expect(' ', 'TIMESTAMP: one space follows the day');
  scanner.number(2, 0, 23, 'TIMESTAMP: an hour is 00 to 23');
  scanner.expect(':', 'TIMESTAMP: a colon follows the hour');
  scanner.number(2, 0, 59, 'TIMESTAMP: a minute is 00 to 59');
  scanner.expect(':', 'TIMESTAMP: a colon follows the minute');
  scanner.number(2, 0, 59, 'TIMESTAMP: a second is 00 to 59');
  return text(scanner.bytes, from, scanner.at);
}

function readPid(scanner: Scanner): string {
  scanner.at += 1;
  const isPidCharacter = (byte: number) => isPrintable(byte) && byte !== 0x5d && byte !== 0x5b;
  const pid = scanner.word(isPidCharacter, 128, 'the pid is 1 to 128 printable US-ASCII characters without [ ]');
  scanner.expect(']', 'the pid ends with ]');
  return pid;
}
