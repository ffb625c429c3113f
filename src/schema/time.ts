/** Schemas of points in time (`--from`, `--until`), and of the zone and precision of time stamps. */
import { type Complain, meantWord, type TextSchema, textSchema } from './text.ts';

const isoPattern =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)? ?([Zz]|[+-]\d{1,2}(?::?\d{2})?)?$/;

/**
 * One of the words, an ISO 8601 time with its zone, or unix seconds → the word, or unix seconds. As in the vendor's
 * sample, `2018-12-26 0:0:0+8:00`, a space for the `T` and single digits are taken too.
 */
export function pointInTime<const Word extends string>(...words: readonly Word[]): TextSchema<Word | number> {
  return textSchema<Word | number>((text, complain) => {
    const word = words.find((candidate) => candidate === text.toLowerCase());
    if (word !== undefined) return word;
    if (/^\d+$/.test(text)) return unixSeconds(text, complain);
    return isoSeconds(text, words, complain);
  });
}

function unixSeconds(text: string, complain: Complain): number {
  // Until the year 2286 unix seconds have ten digits; thirteen digits are milliseconds.
  if (text.length === 13) return complain('looks like milliseconds; give unix seconds');
  return text.length <= 10 ? Number(text) : complain('is no unix time in seconds');
}

function isoSeconds(text: string, words: readonly string[], complain: Complain): number {
  const match = isoPattern.exec(text);
  if (!match) {
    return complain(
      `is none of ${words.join(', ')}, an ISO time such as 2026-03-01T00:00:00Z, or unix seconds${meantWord(text, words)}`,
    );
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map((n) => Number(n ?? 0));
  const zone = match[7];
  if (zone === undefined) return complain('names no time zone; end it with Z, or with an offset such as +08:00');
  const milliseconds = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(milliseconds);
  // Date.UTC carries over (the 30th of February becomes a day in March): month and day have to come back unchanged.
  const exists =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  const offsetMinutes = zoneOffsetMinutes(zone);
  if (!exists || offsetMinutes === undefined) return complain('is no date and time that exists');
  const seconds = milliseconds / 1000 - offsetMinutes * 60;
  return seconds >= 0 ? seconds : complain('is before 1970');
}

/** Minutes east of Greenwich of `Z`, `+08:00`, `+0800`, `+8:00` or `+8`. */
function zoneOffsetMinutes(zone: string): number | undefined {
  if (zone.toUpperCase() === 'Z') return 0;
  const [, sign, hours = '', minutes = '0'] = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(zone) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  if (Number(hours) > 14 || Number(minutes) > 59) return undefined;
  return sign === '-' ? -total : total;
}

/** `utc`, `local`, or a name of the IANA time zone database, in its own spelling. */
export const timeZone: TextSchema<string> = textSchema((text, complain) => {
  const lower = text.toLowerCase();
  if (lower === 'utc' || lower === 'local') return lower;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    return complain('is no time zone; give utc, local or a name such as Asia/Shanghai');
  }
});

export const timePrecision: TextSchema<number | 'auto'> = textSchema((text, complain) => {
  if (text.toLowerCase() === 'auto') return 'auto';
  return /^[0-6]$/.test(text) ? Number(text) : complain('is neither auto nor a number of digits from 0 to 6');
});
