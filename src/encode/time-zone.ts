/** How far a time zone is ahead of UTC, by the instant: what a zone's rules for summer and winter come to. */
import { AppError } from '../errors.ts';

export interface TimeZone {
  readonly isUtc: boolean;
  /**
   * @param time unix seconds, 0 to 2^32 - 1
   * @returns seconds ahead of UTC, negative behind it; whole minutes, since a time stamp can say no less
   */
  offset(time: number): number;
}

/** Zones change at a quarter of an hour, with few exceptions long ago. */
const QUARTER_SECONDS = 900;
const MAX_KEPT_QUARTERS = 1024;

/**
 * @param name `utc`, `local` (the zone of the process, `TZ`) or an IANA name such as `Asia/Shanghai`
 * @throws AppError code `encoder-options`, action `fatal`: there is no such zone
 */
export function createTimeZone(name: string): TimeZone {
  if (name === 'utc') return { isUtc: true, offset: () => 0 };
  const offsetOf = name === 'local' ? localOffset : namedOffset(name);
  const kept = new Map<number, number | undefined>();
  return {
    isUtc: false,
    offset(time) {
      const quarter = Math.floor(time / QUARTER_SECONDS);
      if (!kept.has(quarter)) {
        if (kept.size === MAX_KEPT_QUARTERS) kept.clear();
        const first = offsetOf(quarter * QUARTER_SECONDS);
        const last = offsetOf((quarter + 1) * QUARTER_SECONDS - 1);
        kept.set(quarter, first === last ? first : undefined);
      }
      return kept.get(quarter) ?? offsetOf(time);
    },
  };
}

function localOffset(time: number): number {
  return wholeMinutes(-new Date(time * 1000).getTimezoneOffset() * 60);
}

function namedOffset(timeZone: string): (time: number) => number {
  const format = createFormat(timeZone);
  return (time) => {
    const fields = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of format.formatToParts(time * 1000)) {
      if (type in fields) fields[type as keyof typeof fields] = Number(value);
    }
    const { year, month, day, hour, minute, second } = fields;
    return wholeMinutes(Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - time);
  };
}

function createFormat(timeZone: string): Intl.DateTimeFormat {
  const number = 'numeric';
  const fields = { year: number, month: number, day: number, hour: number, minute: number, second: number } as const;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', calendar: 'gregory', ...fields });
  } catch (cause) {
    throw new AppError(
      `There is no time zone ${JSON.stringify(timeZone)}; use utc, local, or an IANA name such as Asia/Shanghai.`,
      { code: 'encoder-options', action: 'fatal', cause },
    );
  }
}

/** Towards zero. */
function wholeMinutes(seconds: number): number {
  return Math.trunc(seconds / 60) * 60;
}
