/**
 * The header before a message, up to and with the space:
 *
 *     RFC 5424   <14>1 2026-11-20T10:11:12.345678Z host app procid msgid - ␠MSG
 *     RFC 3164   <14>Nov 20 10:11:12 host tag[pid]: ␠MSG
 *
 * Where messages carry STRUCTURED-DATA, the header ends before it: `… msgid ␠`.
 *
 * Time is when the event happened (`Time` of the log, `TimeNs` with it), never the current time.
 * - 5424: UTC; six digits below the second where the log has TimeNs (cut, not rounded), none otherwise.
 *   A TimeNs of a second and more is no fraction, and is left out. Time 0 means that the source had none: `-`.
 *   So does a time from 2100 on: rsyslog refuses such a year, and then takes the rest of the header for text.
 * - 3164: no year, no fraction, no nil: Time 0 is Jan  1 00:00:00 of UTC (or what that is in the local zone).
 *
 * All but the time is the same in every message, and the time is the same in many: the header's bytes are kept
 * for the second that they were made for.
 */
import { AppError } from '../errors.ts';
import { Calendar } from './calendar.ts';
import {
  cleanHeaderField,
  cleanLegacyHostname,
  cleanLegacyProcId,
  cleanTag,
  MAX_APP_NAME_LENGTH,
  MAX_HOSTNAME_LENGTH,
  MAX_MSG_ID_LENGTH,
  MAX_PROC_ID_LENGTH,
  NIL,
} from './header-fields.ts';
import { byteSource, Output } from './output.ts';

export interface HeaderOptions {
  readonly rfc: '5424' | '3164';
  /** 0..23 */
  readonly facility: number;
  /** 0..7 */
  readonly severity: number;
  readonly hostname: string;
  /** APP-NAME, or TAG in RFC 3164; default `-` (in RFC 3164: DEFAULT_TAG). */
  readonly appName?: string;
  /** Default `-`; in RFC 3164 then left out. */
  readonly procId?: string;
  /** Default `-`; RFC 3164 has none. */
  readonly msgId?: string;
  /** RFC 3164 only, which wants local time and does not say so in the message; default `local`. */
  readonly timeZone?: 'utc' | 'local';
}

const MAX_TIMESTAMP_BYTES = '2099-12-31T23:59:59.999999Z'.length;
const YEAR_2100 = 4_102_444_800;
const NANOSECONDS_A_SECOND = 1_000_000_000;
const NANOSECONDS_A_MICROSECOND = 1000;
const FRACTION_BYTES = '.999999'.length;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(ascii);
const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;

export class HeaderWriter {
  /** No header is longer. */
  readonly maxBytes: number;
  /** Of the messages. */
  readonly facility: number;
  readonly severity: number;

  readonly #bytes: Output;
  readonly #lead: Uint8Array;
  readonly #tail: Uint8Array;
  readonly #calendar: Calendar;
  readonly #writeSecond: (output: Output, time: number, calendar: Calendar) => boolean;
  /** The second that `#bytes` was made for, where a fraction goes, and whether one may. */
  #second = -1;
  #fractionAt = 0;
  #hasFraction = false;

  /**
   * @param structuredData `nil` writes `-`; `follows`: whoever writes on begins with it (RFC 5424 only)
   * @throws AppError code `encoder-options`, action `fatal`: facility or severity out of range, or structured data
   * in RFC 3164
   */
  constructor(options: HeaderOptions, structuredData: 'nil' | 'follows' = 'nil') {
    const priority = priorityOf(options);
    this.facility = options.facility;
    this.severity = options.severity;
    const modern = options.rfc === '5424';
    if (!modern && structuredData === 'follows') throw invalid('RFC 3164 has no structured data for an identity.');
    this.#lead = ascii(modern ? `<${priority}>1 ` : `<${priority}>`);
    this.#tail = ascii(modern ? tail5424(options, structuredData) : tail3164(options));
    this.#writeSecond = modern ? write5424Second : write3164Second;
    this.#calendar = new Calendar(modern ? 'utc' : (options.timeZone ?? 'local'));
    this.maxBytes = this.#lead.length + MAX_TIMESTAMP_BYTES + this.#tail.length;
    this.#bytes = new Output(byteSource(new Uint8Array(this.maxBytes)));
  }

  /**
   * @param time unix seconds, 0 to 2^32 - 1
   * @param timeNs nanoseconds within the second; negative where there are none
   */
  write(output: Output, time: number, timeNs: number): void {
    if (time !== this.#second) this.#prepare(time);
    const header = this.#bytes;
    if (!this.#writesFraction(timeNs)) {
      output.copy(header, 0, header.position);
      return;
    }
    output.copy(header, 0, this.#fractionAt);
    output.byte(DOT);
    output.decimal(Math.floor(timeNs / NANOSECONDS_A_MICROSECOND), FRACTION_BYTES - 1);
    output.copy(header, this.#fractionAt, header.position);
  }

  /** Bytes that `write` would write. */
  length(time: number, timeNs: number): number {
    if (time !== this.#second) this.#prepare(time);
    return this.#bytes.position + (this.#writesFraction(timeNs) ? FRACTION_BYTES : 0);
  }

  /**
   * Copies the header of a second without a fraction, for an encoder that puts that in by itself.
   * @returns its length, and where in it a fraction goes; undefined where it takes none
   */
  copySecond(target: Uint8Array, time: number): { readonly length: number; readonly fractionAt: number | undefined } {
    if (time !== this.#second) this.#prepare(time);
    const { bytes, position } = this.#bytes;
    target.set(bytes.subarray(0, position));
    return { length: position, fractionAt: this.#hasFraction ? this.#fractionAt : undefined };
  }

  #writesFraction(timeNs: number): boolean {
    return this.#hasFraction && timeNs >= 0 && timeNs < NANOSECONDS_A_SECOND;
  }

  #prepare(time: number): void {
    const header = this.#bytes;
    header.position = 0;
    header.text(this.#lead);
    this.#hasFraction = this.#writeSecond(header, time, this.#calendar);
    this.#fractionAt = header.position;
    if (this.#hasFraction) header.byte(UPPER_Z);
    header.text(this.#tail);
    this.#second = time;
  }
}

function tail5424(options: HeaderOptions, structuredData: 'nil' | 'follows'): string {
  const fields = [
    cleanHeaderField(options.hostname, MAX_HOSTNAME_LENGTH),
    cleanHeaderField(options.appName ?? NIL, MAX_APP_NAME_LENGTH),
    cleanHeaderField(options.procId ?? NIL, MAX_PROC_ID_LENGTH),
    cleanHeaderField(options.msgId ?? NIL, MAX_MSG_ID_LENGTH),
    ...(structuredData === 'nil' ? [NIL] : []),
  ];
  return ` ${fields.join(' ')} `;
}

function tail3164(options: HeaderOptions): string {
  const procId = cleanLegacyProcId(options.procId ?? '');
  const pid = procId === '' ? '' : `[${procId}]`;
  return ` ${cleanLegacyHostname(options.hostname)} ${cleanTag(options.appName ?? '')}${pid}: `;
}

/** `2026-11-20T10:11:12`; true, as a fraction and the `Z` follow. `-` and false for a time that cannot be. */
function write5424Second(output: Output, time: number, calendar: Calendar): boolean {
  if (time === 0 || time >= YEAR_2100) {
    output.byte(DASH);
    return false;
  }
  calendar.set(time);
  output.decimal(calendar.year, 4);
  output.byte(DASH);
  output.decimal(calendar.month + 1, 2);
  output.byte(DASH);
  output.decimal(calendar.day, 2);
  output.byte(UPPER_T);
  writeClock(output, calendar);
  return true;
}

/** `Nov 20 10:11:12`, the day padded with a space; false, as no fraction follows. */
function write3164Second(output: Output, time: number, calendar: Calendar): boolean {
  calendar.set(time);
  output.text(MONTHS[calendar.month]!);
  output.byte(SPACE);
  if (calendar.day < 10) output.byte(SPACE);
  output.decimal(calendar.day);
  output.byte(SPACE);
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

/** PRI (RFC 5424, section 6.2.1). */
function priorityOf({ facility, severity }: HeaderOptions): number {
  if (!Number.isInteger(facility) || facility < 0 || facility > 23) {
    throw invalid(`The facility is ${facility}; it must be a whole number from 0 (kern) to 23 (local7).`);
  }
  if (!Number.isInteger(severity) || severity < 0 || severity > 7) {
    throw invalid(`The severity is ${severity}; it must be a whole number from 0 (emerg) to 7 (debug).`);
  }
  return facility * 8 + severity;
}

function invalid(message: string): AppError {
  return new AppError(message, { code: 'encoder-options', action: 'fatal' });
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
