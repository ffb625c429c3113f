/** Zones of the IANA time zone database, from the ICU that comes with Node. */
import type { ZoneOffset } from './posix-rule.ts';

/** @throws RangeError where there is no zone of that name */
export function namedOffset(timeZone: string): ZoneOffset {
  const number = 'numeric';
  const fields = { year: number, month: number, day: number, hour: number, minute: number, second: number } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', calendar: 'gregory', ...fields });
  return (time) => {
    const fields = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of format.formatToParts(time * 1000)) {
      if (type in fields) fields[type as keyof typeof fields] = Number(value);
    }
    const { year, month, day, hour, minute, second } = fields;
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - time;
  };
}
