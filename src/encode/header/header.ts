/**
 * Writes the header before MSG, up to and with the space:
 *
 *     RFC 5424   <14>1 2026-11-20T10:11:12.345678Z host app procid msgid - ␠MSG
 *     RFC 3164   <14>Nov 20 10:11:12 host tag[pid]: ␠MSG
 *
 * Where messages carry STRUCTURED-DATA, the header ends before it: `… msgid ␠`.
 *
 * The time is the event's (`Time` and `TimeNs` of the log), never the current time: see timestamp.ts. By default:
 * - 5424: UTC; six digits below the second where the log has TimeNs (cut, not rounded), none otherwise. A TimeNs of a
 *   second and more is no fraction, and is left out. Time 0 means that the source had none: `-`.
 * - 3164: local time, no year, no fraction, no NILVALUE: Time 0 is Jan  1 00:00:00 UTC in local time.
 *
 * A writer's headers differ only in the time, which many messages share: so the bytes are kept for one second.
 */
import { byteSource } from '../../core/byte-source.ts';
import { AppError } from '../../core/errors.ts';
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
} from '../../rules/header-fields.ts';
import type { Lead, SecondOfLead } from '../lead/lead.ts';
import { Output } from '../text/output.ts';
import { createTimestamp, type Timestamp, type TimestampOptions } from './timestamp.ts';

/** All of a header that does not change with the time. */
export interface HeaderOptions extends TimestampOptions {
  readonly rfc: '5424' | '3164';
  /** 0..23 */
  readonly facility: number;
  /** 0..7 */
  readonly severity: number;
  readonly hostname: string;
  /** APP-NAME, or TAG in RFC 3164; default `-` (in RFC 3164: DEFAULT_TAG). */
  readonly appName?: string;
  /** Default `-`, which RFC 3164 leaves out. */
  readonly procId?: string;
  /** Default `-`; RFC 3164 has none. */
  readonly msgId?: string;
}

const NANOSECONDS_A_SECOND = 1_000_000_000;
const NANOSECOND_DIGITS = 9;
const AUTO_DIGITS = 6;
const DOT = 0x2e;

export class HeaderWriter implements Lead {
  readonly maxBytes: number;
  readonly facility: number;
  readonly severity: number;

  readonly #bytes: Output;
  readonly #start: Uint8Array;
  readonly #tail: Uint8Array;
  readonly #timestamp: Timestamp;
  /** The second in `#bytes`, where its fraction goes, and whether there may be one. */
  #second = -1;
  #fractionAt = 0;
  #hasFraction = false;

  /**
   * @param structuredData `nil` writes `-`; `follows`: the caller writes it after the header (RFC 5424 only)
   * @param timestamp made from the same options; headers may share it
   * @throws AppError action `fatal`, code `encoder-options` or `time-zone`: facility or severity out of range,
   * structured data in RFC 3164, or an invalid option of the time stamp
   */
  constructor(
    options: HeaderOptions,
    structuredData: 'nil' | 'follows' = 'nil',
    timestamp: Timestamp = createTimestamp(options.rfc, options),
  ) {
    const priority = priorityOf(options);
    this.facility = options.facility;
    this.severity = options.severity;
    const modern = options.rfc === '5424';
    if (!modern && structuredData === 'follows') throw invalid('RFC 3164 has no structured data for an identity.');
    this.#start = ascii(modern ? `<${priority}>1 ` : `<${priority}>`);
    this.#tail = ascii(modern ? tail5424(options, structuredData) : tail3164(options));
    this.#timestamp = timestamp;
    this.maxBytes = this.#start.length + timestamp.maxBytes + this.#tail.length;
    this.#bytes = new Output(byteSource(new Uint8Array(this.maxBytes)));
  }

  write(output: Output, time: number, timeNs: number): void {
    if (time !== this.#second) this.#prepare(time);
    const header = this.#bytes;
    const digits = this.#fractionDigits(timeNs);
    if (digits === 0) {
      output.copy(header, 0, header.position);
      return;
    }
    output.copy(header, 0, this.#fractionAt);
    output.byte(DOT);
    const nanoseconds = isFraction(timeNs) ? timeNs : 0;
    output.decimal(Math.floor(nanoseconds / 10 ** (NANOSECOND_DIGITS - digits)), digits);
    output.copy(header, this.#fractionAt, header.position);
  }

  length(time: number, timeNs: number): number {
    if (time !== this.#second) this.#prepare(time);
    const digits = this.#fractionDigits(timeNs);
    return this.#bytes.position + (digits === 0 ? 0 : 1 + digits);
  }

  copySecond(target: Uint8Array, time: number): SecondOfLead {
    if (time !== this.#second) this.#prepare(time);
    const { bytes, position } = this.#bytes;
    target.set(bytes.subarray(0, position));
    const takesFraction = this.#hasFraction && this.#timestamp.digits !== 0;
    return { length: position, fractionAt: takesFraction ? this.#fractionAt : undefined };
  }

  /** Digits after the point; 0: no digits, and no point. */
  #fractionDigits(timeNs: number): number {
    const { digits } = this.#timestamp;
    if (!this.#hasFraction) return 0;
    return digits === 'auto' ? (isFraction(timeNs) ? AUTO_DIGITS : 0) : digits;
  }

  #prepare(time: number): void {
    const header = this.#bytes;
    header.position = 0;
    header.text(this.#start);
    this.#hasFraction = this.#timestamp.writeSecond(header, time);
    this.#fractionAt = header.position;
    if (this.#hasFraction) this.#timestamp.writeZone(header);
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

function isFraction(timeNs: number): boolean {
  return timeNs >= 0 && timeNs < NANOSECONDS_A_SECOND;
}

/** The number in PRI (RFC 5424, section 6.2.1). */
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
