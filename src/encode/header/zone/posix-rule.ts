/**
 * Parses a time zone as in POSIX's `TZ` (Base Definitions, section 8.3), and at the end of zone files (RFC 8536,
 * section 3.3):
 *
 *     CST-8                          8 hours ahead of UTC: the sign is inverted
 *     CET-1CEST,M3.5.0,M10.5.0/3     summer from the last Sunday of March to the last Sunday of October
 *     <-02>2<-01>,M3.5.0/-1,M10.5.0/0
 *
 * Pure.
 */

/** Seconds ahead of UTC at a time, negative behind it. */
export type ZoneOffset = (time: number) => number;

interface Change {
  /** The day of the change in a year, counted from the start of 1970. */
  readonly day: (year: number) => number;
  /** Seconds of local time on that day; may be negative, or beyond the day. */
  readonly second: number;
}

const DAY_SECONDS = 86_400;
const DEFAULT_SECOND = 2 * 3600;
/** glibc's rule for a zone that has summer time, but no rule for it. */
const DEFAULT_CHANGES = 'M3.2.0,M11.1.0';

const name = '([A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)';
const hours = '([+-]?\\d{1,3}(?::\\d{1,2}){0,2})';
const change = '(?:J\\d{1,3}|\\d{1,3}|M\\d{1,2}\\.\\d\\.\\d)';
const zonePattern = new RegExp(
  `^${name}${hours}(?:${name}${hours}?(?:,(${change}(?:/${hours})?),(${change}(?:/${hours})?))?)?$`,
);

/** @returns undefined where the text is no such rule */
export function parsePosixRule(text: string): ZoneOffset | undefined {
  const match = zonePattern.exec(text);
  if (!match) return undefined;
  const [, , standardText = '', summerName, summerText, startText, , endText] = match;
  const standard = aheadOf(standardText);
  if (summerName === undefined) return () => standard;
  const summer = summerText === undefined ? standard + 3600 : aheadOf(summerText);
  const [defaultStart = '', defaultEnd = ''] = DEFAULT_CHANGES.split(',');
  const start = parseChange(startText ?? defaultStart);
  const end = parseChange(endText ?? defaultEnd);
  return start && end && ((time) => offsetBetween(time, { standard, summer, start, end }));
}

interface Rule {
  readonly standard: number;
  readonly summer: number;
  readonly start: Change;
  readonly end: Change;
}

/** The offset by the last change before a time; also of the years around, as a change may be days off its own day. */
function offsetBetween(time: number, { standard, summer, start, end }: Rule): number {
  const year = new Date(time * 1000).getUTCFullYear();
  let offset = standard;
  let latest = Number.NEGATIVE_INFINITY;
  for (let each = year - 1; each <= year + 1; each++) {
    const began = start.day(each) * DAY_SECONDS + start.second - standard;
    const ended = end.day(each) * DAY_SECONDS + end.second - summer;
    if (ended <= time && ended > latest) [latest, offset] = [ended, standard];
    // Where summer begins at its very end (RFC 8536: summer time all year), summer goes on.
    if (began <= time && began >= latest) [latest, offset] = [began, summer];
  }
  return offset;
}

function parseChange(text: string): Change | undefined {
  const [date = '', secondText] = text.split('/');
  const second = secondText === undefined ? DEFAULT_SECOND : secondsOf(secondText);
  const day = parseDate(date);
  return day && { day, second };
}

function parseDate(date: string): Change['day'] | undefined {
  if (date.startsWith('M')) {
    const [month = 0, week = 0, weekday = 0] = date.slice(1).split('.').map(Number);
    if (month < 1 || month > 12 || week < 1 || week > 5 || weekday > 6) return undefined;
    return (year) => weekdayOf(year, month, week, weekday);
  }
  if (date.startsWith('J')) {
    const day = Number(date.slice(1));
    if (day < 1 || day > 365) return undefined;
    // `J` never counts the 29th of February.
    return (year) => firstDay(year) + day - 1 + (isLeap(year) && day >= 60 ? 1 : 0);
  }
  const day = Number(date);
  return day > 365 ? undefined : (year) => firstDay(year) + day;
}

/** @param week 5: the last of the month */
function weekdayOf(year: number, month: number, week: number, weekday: number): number {
  const first = Date.UTC(year, month - 1, 1) / 1000 / DAY_SECONDS;
  const next = Date.UTC(year, month, 1) / 1000 / DAY_SECONDS;
  // The first day of 1970 was a Thursday.
  const firstWeekday = (((first + 4) % 7) + 7) % 7;
  let day = first + ((weekday - firstWeekday + 7) % 7) + (week - 1) * 7;
  if (day >= next) day -= 7;
  return day;
}

function firstDay(year: number): number {
  return Date.UTC(year, 0, 1) / 1000 / DAY_SECONDS;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** Seconds ahead of UTC; POSIX counts those behind it. */
function aheadOf(text: string): number {
  return 0 - secondsOf(text);
}

/** `[+-]h[h[h]][:mm[:ss]]` */
function secondsOf(text: string): number {
  const [hour = 0, minute = 0, second = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  const seconds = hour * 3600 + minute * 60 + second;
  return text.startsWith('-') ? 0 - seconds : seconds;
}
