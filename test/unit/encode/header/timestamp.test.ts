import { describe, expect, it } from 'vitest';
import { byteSource } from '../../../../src/core/byte-source.ts';
import { type HeaderOptions, HeaderWriter } from '../../../../src/encode/header/header.ts';
import { createTimeZone } from '../../../../src/encode/header/time-zone.ts';
import { Output } from '../../../../src/encode/text/output.ts';
import { NO_TIME_NS } from '../../../../src/encode/wire/log-walker.ts';

const base: HeaderOptions = { rfc: '5424', facility: 1, severity: 6, hostname: 'h', appName: 'a' };

/** The header up to the host name. */
function stamp(options: Partial<HeaderOptions>, time: number, timeNs = NO_TIME_NS): string {
  const writer = new HeaderWriter({ ...base, ...options });
  const output = new Output(byteSource(new Uint8Array(writer.maxBytes)));
  writer.write(output, time, timeNs);
  expect(output.position).toBe(writer.length(time, timeNs));
  const text = Buffer.from(output.bytes.subarray(0, output.position)).toString();
  return /^<14>(?:1 )?(.*) h /.exec(text)![1]!;
}

const seconds = (iso: string) => Date.parse(iso) / 1000;

describe('a time zone', () => {
  it.each([
    ['Asia/Shanghai', '2026-11-20T10:11:12Z', '2026-11-20T18:11:12+08:00'],
    ['Asia/Kolkata', '2026-11-20T20:11:12Z', '2026-11-21T01:41:12+05:30'],
    ['America/St_Johns', '2026-01-01T02:00:00Z', '2025-12-31T22:30:00-03:30'],
    ['Asia/Kathmandu', '2026-02-28T20:00:00Z', '2026-03-01T01:45:00+05:45'],
    // In summer and in winter, to the second (EU: 01:00 UTC on the last Sundays of March and October).
    ['Europe/Berlin', '2026-03-29T00:59:59Z', '2026-03-29T01:59:59+01:00'],
    ['Europe/Berlin', '2026-03-29T01:00:00Z', '2026-03-29T03:00:00+02:00'],
    ['Europe/Berlin', '2026-10-25T00:59:59Z', '2026-10-25T02:59:59+02:00'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00+01:00'],
    ['Europe/London', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00+00:00'],
    // By half an hour, at 15:00 UTC.
    ['Australia/Lord_Howe', '2026-04-04T14:59:59Z', '2026-04-05T01:59:59+11:00'],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z', '2026-04-05T01:30:00+10:30'],
    // In the middle of a quarter of an hour, and by seconds: -00:44:30 is written as -00:44.
    ['Africa/Monrovia', '1972-01-07T00:44:29Z', '1972-01-07T00:00:29-00:44'],
    ['Africa/Monrovia', '1972-01-07T00:44:30Z', '1972-01-07T00:44:30+00:00'],
  ])('%s at %s is %s', (timeZone, iso, expected) => {
    expect(stamp({ timeZone }, seconds(iso))).toBe(expected);
    expect(Date.parse(stamp({ timeZone }, seconds(iso)))).toBe(Date.parse(iso));
  });

  it('has the offset that Intl gives, second by second over a change, whatever was asked before', () => {
    const zone = createTimeZone('America/New_York');
    const change = seconds('2026-11-01T06:00:00Z');
    for (let time = change + 1_000; time >= change - 1_000; time -= 7) {
      expect(zone.offset(time)).toBe(time < change ? -4 * 3600 : -5 * 3600);
    }
    for (let n = 0; n < 3_000; n++) zone.offset(n * 86_400);
    expect(zone.offset(change - 1)).toBe(-4 * 3600);
  });

  it('is refused where there is none of that name', () => {
    const create = () => new HeaderWriter({ ...base, timeZone: 'Asia/Peking2' });
    expect(create).toThrow('no time zone "Asia/Peking2"');
    expect(create).toThrow(expect.objectContaining({ code: 'encoder-options', action: 'fatal' }));
  });

  it('writes no year that rsyslog refuses: 1970 to 2099, as the zone has it', () => {
    expect(stamp({ timeZone: 'America/New_York' }, 1)).toBe('-');
    expect(stamp({ timeZone: 'Asia/Shanghai' }, 1)).toBe('1970-01-01T08:00:01+08:00');
    expect(stamp({ timeZone: 'Asia/Shanghai' }, seconds('2099-12-31T16:00:00Z'))).toBe('-');
    expect(stamp({ timeZone: 'America/New_York' }, seconds('2100-01-01T04:59:59Z'))).toBe('2099-12-31T23:59:59-05:00');
  });
});

describe('digits below the second', () => {
  it.each([
    ['auto', 123_456_789, '.123456Z'],
    ['auto', NO_TIME_NS, 'Z'],
    [0, 123_456_789, 'Z'],
    [1, 123_456_789, '.1Z'],
    [3, 123_456_789, '.123Z'],
    [3, 999_999_999, '.999Z'],
    [6, 1_999, '.000001Z'],
    [3, NO_TIME_NS, '.000Z'],
    [3, 1_000_000_000, '.000Z'],
  ] as const)('%s of %i: %s', (timestampDigits, timeNs, end) => {
    expect(stamp({ timestampDigits }, 1_790_000_000, timeNs)).toBe(`2026-09-21T14:13:20${end}`);
  });

  it('are none of the nil, and stand before the offset', () => {
    expect(stamp({ timestampDigits: 3 }, 0, 5)).toBe('-');
    expect(stamp({ timestampDigits: 3, timeZone: 'Asia/Shanghai' }, 1, 5)).toBe('1970-01-01T08:00:01.000+08:00');
  });

  it.each([-1, 7, 1.5, Number.NaN])('are refused: %d', (timestampDigits) => {
    expect(() => new HeaderWriter({ ...base, timestampDigits })).toThrow('0 to 6 digits');
  });
});

describe('a time stamp of RFC 3164', () => {
  const legacy = { rfc: '3164', timeZone: 'Asia/Shanghai' } as const;
  const time = seconds('2026-11-05T10:11:12Z');

  it.each([
    ['legacy', 'Nov  5 18:11:12'],
    ['year', 'Nov  5 2026 18:11:12'],
    ['rfc3339', '2026-11-05T18:11:12.000001+08:00'],
  ] as const)('may be %s', (rfc3164Time, expected) => {
    expect(stamp({ ...legacy, rfc3164Time }, time, 1_000)).toBe(expected);
  });

  it('has no nil', () => {
    expect(stamp({ ...legacy, rfc3164Time: 'rfc3339', timeZone: 'utc' }, 0)).toBe('1970-01-01T00:00:00Z');
    expect(stamp({ ...legacy, rfc3164Time: 'year', timeZone: 'utc' }, 0)).toBe('Jan  1 1970 00:00:00');
  });
});
