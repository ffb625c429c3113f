/**
 * Writes the log's own time as the time stamp of a header:
 *
 *     rfc3339   2026-11-20T10:11:12.345678Z   RFC 5424, section 6.2.3; as an option in RFC 3164 too
 *               2026-11-20T18:11:12.345678+08:00
 *     legacy    Nov 20 10:11:12               RFC 3164, section 4.1.2: the day padded with a space
 *     year      Nov 20 2026 10:11:12          legacy with the year, as Cisco's devices send it (`service timestamps
 *                                             log datetime year`) and rsyslog reads it (ParseTIMESTAMP3164: a number
 *                                             above 1970 in the place of the hour is a year, "found e.g. in Cisco
 *                                             devices")
 */
import { AppError } from '../../core/errors.ts';
import type { Output } from '../text/output.ts';
import { Calendar } from './calendar.ts';
import { createTimeZone } from './time-zone.ts';

export interface TimestampOptions {
  /**
   * `utc`, `local` (the machine's zone: zone/local-zone.ts), or an IANA name such as `Asia/Shanghai`. Default: `utc`;
   * in RFC 3164 `local`, which that RFC asks for, though the message does not name the zone.
   */
  readonly timeZone?: string;
  /**
   * Digits below the second, cut, not rounded: 0 to 6, zeros where the log has no fraction; `auto`: 6 where the log has
   * a fraction, none otherwise. Default `auto`. The forms `legacy` and `year` have none.
   */
  readonly timestampDigits?: number | 'auto';
  /** RFC 3164 only; default `legacy`. */
  readonly rfc3164Time?: Rfc3164Time;
}

export type Rfc3164Time = 'legacy' | 'year' | 'rfc3339';

/** Writes a time stamp in two parts, between which a fraction may stand. */
export interface Timestamp {
  /** Upper bound of a stamp's bytes, fraction included. */
  readonly maxBytes: number;
  readonly digits: number | 'auto';
  /** @returns true: a fraction may follow, and the zone has to */
  writeSecond(output: Output, time: number): boolean;
  /** Writes the zone at the second that was written last. */
  writeZone(output: Output): void;
}

const MAX_DIGITS = 6;
const SECOND_BYTES = '2099-12-31T23:59:59.999999'.length;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(ascii);
const SPACE = 0x20;
const PLUS = 0x2b;
const DASH = 0x2d;
const COLON = 0x3a;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;

/** @throws AppError action `fatal`, code `encoder-options` or `time-zone`: no such time zone, or not 0 to 6 digits */
export function createTimestamp(rfc: '5424' | '3164', options: TimestampOptions): Timestamp {
  const { timeZone = rfc === '5424' ? 'utc' : 'local', timestampDigits = 'auto', rfc3164Time = 'legacy' } = options;
  const isWhole = Number.isInteger(timestampDigits) && Number(timestampDigits) >= 0;
  if (timestampDigits !== 'auto' && !(isWhole && timestampDigits <= MAX_DIGITS)) {
    throw new AppError(`A time stamp has 0 to ${MAX_DIGITS} digits below the second, not ${timestampDigits}.`, {
      code: 'encoder-options',
      action: 'fatal',
    });
  }
  const clock = new LocalClock(timeZone);
  const maxBytes = SECOND_BYTES + (clock.isUtc ? 'Z' : '+00:00').length;
  if (rfc === '3164' && rfc3164Time !== 'rfc3339') {
    const writeSecond = (output: Output, time: number) => writeLegacy(output, clock.at(time), rfc3164Time);
    return { maxBytes, digits: 0, writeSecond, writeZone: () => undefined };
  }
  return {
    maxBytes,
    digits: timestampDigits,
    writeSecond: (output, time) => writeRfc3339(output, time, clock, rfc === '5424'),
    writeZone: (output) => writeZone(output, clock),
  };
}

/** A calendar that shows the time of a zone. */
class LocalClock {
  readonly isUtc: boolean;
  /** The zone's seconds ahead of UTC at the time that is shown. */
  offset = 0;
  readonly calendar = new Calendar();
  readonly #zone;

  constructor(timeZone: string) {
    this.#zone = createTimeZone(timeZone);
    this.isUtc = this.#zone.isUtc;
  }

  at(time: number): Calendar {
    this.offset = this.#zone.offset(time);
    this.calendar.set(time + this.offset);
    return this.calendar;
  }
}

/**
 * Writes RFC 5424's NILVALUE for time 0, which means that the source had none, and for years outside 1970 to 2099,
 * where rsyslog takes the rest of the header for text.
 */
function writeRfc3339(output: Output, time: number, clock: LocalClock, hasNil: boolean): boolean {
  const calendar = clock.at(time);
  if (hasNil && (time === 0 || calendar.year < 1970 || calendar.year > 2099)) {
    output.byte(DASH);
    return false;
  }
  output.decimal(calendar.year, 4);
  output.byte(DASH);
  output.decimal(calendar.month + 1, 2);
  output.byte(DASH);
  output.decimal(calendar.day, 2);
  output.byte(UPPER_T);
  writeClock(output, calendar);
  return true;
}

function writeZone(output: Output, { isUtc, offset }: LocalClock): void {
  if (isUtc) {
    output.byte(UPPER_Z);
    return;
  }
  const minutes = Math.abs(offset) / 60;
  output.byte(offset < 0 ? DASH : PLUS);
  output.decimal(Math.floor(minutes / 60), 2);
  output.byte(COLON);
  output.decimal(minutes % 60, 2);
}

function writeLegacy(output: Output, calendar: Calendar, form: 'legacy' | 'year'): boolean {
  output.text(MONTHS[calendar.month]!);
  output.byte(SPACE);
  if (calendar.day < 10) output.byte(SPACE);
  output.decimal(calendar.day);
  output.byte(SPACE);
  if (form === 'year') {
    output.decimal(calendar.year, 4);
    output.byte(SPACE);
  }
  writeClock(output, calendar);
  return false;
}

function writeClock(output: Output, calendar: Calendar): void {
  output.decimal(calendar.hours, 2);
  output.byte(COLON);
  output.decimal(calendar.minutes, 2);
  output.byte(COLON);
  output.decimal(calendar.seconds, 2);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
