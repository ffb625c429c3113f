import { describe, expect, test } from 'vitest';
import { parsePosixRule } from '../../../../../src/encode/header/zone/posix-rule.ts';

const seconds = (iso: string) => Date.parse(iso) / 1000;
const hour = 3600;

describe('a rule of POSIX', () => {
  test.each([
    ['CST-8', '2026-07-01T00:00:00Z', 8],
    ['<+0545>-5:45', '2026-07-01T00:00:00Z', 5.75],
    ['EST5', '2026-07-01T00:00:00Z', -5],
    // The European Union: 01:00 UTC on the last Sundays of March and October.
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-03-29T00:59:59Z', 1],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-03-29T01:00:00Z', 2],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-10-25T00:59:59Z', 2],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-10-25T01:00:00Z', 1],
    // Summer over the turn of the year.
    ['NZST-12NZDT,M9.5.0,M4.1.0/3', '2026-01-01T00:00:00Z', 13],
    ['NZST-12NZDT,M9.5.0,M4.1.0/3', '2026-07-01T00:00:00Z', 12],
    ['NZST-12NZDT,M9.5.0,M4.1.0/3', '2026-12-31T23:59:59Z', 13],
    // By half an hour, and by a time that is negative.
    ['<+1030>-10:30<+11>-11,M10.1.0,M4.1.0', '2026-01-01T00:00:00Z', 11],
    ['<-02>2<-01>,M3.5.0/-1,M10.5.0/0', '2026-03-29T00:59:59Z', -2],
    ['<-02>2<-01>,M3.5.0/-1,M10.5.0/0', '2026-03-29T01:00:00Z', -1],
    // Without a rule: that of the United States.
    ['EST5EDT', '2026-03-08T06:59:59Z', -5],
    ['EST5EDT', '2026-03-08T07:00:00Z', -4],
    // By days of the year: the 60th is the 1st of March always (J60), or the 29th of February of a leap year (59).
    ['AAA0BBB,J60/0,J300/0', '2024-02-29T23:59:59Z', 0],
    ['AAA0BBB,J60/0,J300/0', '2024-03-01T00:00:00Z', 1],
    ['AAA0BBB,59/0,300/0', '2024-02-28T23:59:59Z', 0],
    ['AAA0BBB,59/0,300/0', '2024-02-29T00:00:00Z', 1],
    // RFC 8536, section 3.3.1: summer time all year.
    ['EST5EDT,0/0,J365/25', '2026-01-01T04:59:59Z', -4],
    ['EST5EDT,0/0,J365/25', '2026-01-01T05:00:00Z', -4],
    ['EST5EDT,0/0,J365/25', '2026-07-01T00:00:00Z', -4],
  ])('%s at %s', (rule, iso, hours) => {
    expect(parsePosixRule(rule)?.(seconds(iso))).toBe(hours * hour);
  });

  test.each([
    '',
    'CST',
    'Asia/Shanghai',
    'C-8',
    '-8',
    'CST-8x',
    'CET-1CEST,M13.1.0,M10.5.0',
    'CET-1CEST,M3.6.0,M10.5.0',
    'CET-1CEST,J0,J10',
    'CET-1CEST,366,10',
    'CET-1CEST,M3.5.0',
  ])('%j is none', (text) => {
    expect(parsePosixRule(text)).toBeUndefined();
  });
});
