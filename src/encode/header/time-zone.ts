/** A time zone's offset from UTC at a given time, summer time included. */
import { AppError } from '../../core/errors.ts';
import { readLocalZone, type ZoneEnvironment } from './zone/local-zone.ts';
import { namedOffset } from './zone/named-zone.ts';
import type { ZoneOffset } from './zone/posix-rule.ts';

export interface TimeZone {
  readonly isUtc: boolean;
  /**
   * @param time unix seconds, 0 to 2^32 - 1
   * @returns seconds ahead of UTC, negative behind it; whole minutes, as time stamps have no smaller unit
   */
  offset(time: number): number;
}

/** Offsets change at a quarter of an hour, with few exceptions long ago. */
const QUARTER_SECONDS = 900;
const MAX_KEPT_QUARTERS = 1024;

/**
 * @param name `utc`, `local` (see zone/local-zone.ts) or an IANA name such as `Asia/Shanghai`
 * @throws AppError code `encoder-options` or `time-zone`, action `fatal`: there is no such zone
 */
export function createTimeZone(name: string): TimeZone {
  if (name === 'utc') return { isUtc: true, offset: () => 0 };
  const exact = offsetOf(name, process.env).offset;
  const offset: ZoneOffset = (time) => wholeMinutes(exact(time));
  const kept = new Map<number, number | undefined>();
  return {
    isUtc: false,
    offset(time) {
      const quarter = Math.floor(time / QUARTER_SECONDS);
      if (!kept.has(quarter)) {
        if (kept.size === MAX_KEPT_QUARTERS) kept.clear();
        const first = offset(quarter * QUARTER_SECONDS);
        const last = offset((quarter + 1) * QUARTER_SECONDS - 1);
        kept.set(quarter, first === last ? first : undefined);
      }
      return kept.get(quarter) ?? offset(time);
    },
  };
}

/**
 * Describes a zone for the log and `config show`: `utc`, `Asia/Tokyo, UTC+09:00`, `local: Asia/Shanghai by
 * /etc/localtime, UTC+08:00`.
 * @param name as for `createTimeZone`
 * @param time unix seconds at which the offset is given
 * @throws AppError like `createTimeZone`
 */
export function describeTimeZone(name: string, environment: ZoneEnvironment, time: number): string {
  if (name === 'utc') return 'utc';
  const { label, offset } = offsetOf(name, environment);
  return `${label}, UTC${offsetText(wholeMinutes(offset(time)))}`;
}

function offsetOf(name: string, environment: ZoneEnvironment): { readonly label: string; readonly offset: ZoneOffset } {
  if (name === 'local') {
    const zone = readLocalZone(environment);
    return { label: `local: ${zone.name} by ${zone.source}`, offset: zone.offset };
  }
  try {
    return { label: name, offset: namedOffset(name) };
  } catch (cause) {
    throw new AppError(
      `There is no time zone ${JSON.stringify(name)}; use utc, local, or an IANA name such as Asia/Shanghai.`,
      { code: 'encoder-options', action: 'fatal', cause },
    );
  }
}

/** Formats an offset: `+08:00`. */
function offsetText(seconds: number): string {
  const minutes = Math.abs(seconds) / 60;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Rounds to whole minutes, towards zero. */
function wholeMinutes(seconds: number): number {
  return Math.trunc(seconds / 60) * 60;
}
