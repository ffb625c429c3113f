import { isIP, isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs, ipVersion, isInteger } from '../../../../src/format/parts/value-types.ts';

describe('an address', () => {
  // RFC 4291, section 2.2, its own examples among them.
  it.each([
    'ABCD:EF01:2345:6789:ABCD:EF01:2345:6789',
    '2001:DB8:0:0:8:800:200C:417A',
    '2001:DB8::8:800:200C:417A',
    'FF01::101',
    '::1',
    '::',
    '0:0:0:0:0:0:13.1.68.3',
    '0:0:0:0:0:FFFF:129.144.52.38',
    '::13.1.68.3',
    '::FFFF:129.144.52.38',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1::8',
    '64:ff9b::192.0.2.33',
  ])('of version 6: %s', (text) => expect(ipVersion(text)).toBe(6));

  it.each(['0.0.0.0', '255.255.255.255', '192.0.2.7'])('of version 4: %s', (text) => expect(ipVersion(text)).toBe(4));

  it.each([
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '12345::',
    'g::',
    '::1.2.3',
    '::256.1.1.1',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '[::1]',
    'fe80::1%eth0',
    '::1\n',
    '01.2.3.4',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    ' 1.2.3.4',
    '1.2.3.4\n',
  ])('is not: %j', (text) => expect(ipVersion(text)).toBeUndefined());

  it('is what Node takes for one, but for a zone', () => {
    const part = fc.constantFrom('0', '1', 'ffff', '12345', '', ':', '::', '1.2.3.4', '255', '256', '.', '01', 'g');
    const joined = fc
      .array(part, { maxLength: 9 })
      .chain((parts) => fc.constantFrom(':', '.', '').map((between) => parts.join(between)));
    fc.assert(
      fc.property(fc.oneof(joined, fc.ipV4(), fc.ipV6()), (text) => {
        expect(ipVersion(text) ?? 0).toBe(isIP(text));
        expect(ipVersion(text) === 4).toBe(isIPv4(text));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('an integer', () => {
  it.each(['0', '-1', '007', '999999999999999999', '-999999999999999999'])('is %s', (text) => {
    expect(isInteger(text)).toBe(true);
  });
  it.each(['', '-', '+1', '1.0', '1e3', ' 1', '1\n', '1000000000000000000', '0x1'])('is not %j', (text) => {
    expect(isInteger(text)).toBe(false);
  });
});

describe('a time, in epoch milliseconds', () => {
  it.each([
    ['1795169472', '1795169472000'],
    ['1795169472345', '1795169472345'],
    ['1795169472345999', '1795169472345'],
    ['1795169472345999999', '1795169472345'],
    // RFC 3339, section 5.8.
    ['1985-04-12T23:20:50.52Z', '482196050520'],
    ['1996-12-19T16:39:57-08:00', '851042397000'],
    ['1990-12-31T23:59:60Z', '662688000000'],
    ['1990-12-31T15:59:60-08:00', '662688000000'],
    ['1970-01-01T12:00:27.87+00:20', '42027870'],
    ['2026-11-20t10:11:12.3459z', '1795169472345'],
    ['2026-11-20 18:11:12,345+0800', '1795169472345'],
    ['2026-11-20T18:11:12+08', '1795169472000'],
    ['2024-02-29T00:00:00Z', '1709164800000'],
    ['1970-01-01T00:00:00Z', '0'],
    ['1969-12-31T23:00:00-02:00', '3600000'],
  ])('%s is %s', (text, expected) => expect(epochMs(text)).toBe(expected));

  it.each([
    '',
    '0',
    '17951694720',
    '-1795169472',
    '2026-11-20',
    '2026-11-20T10:11:12',
    '2026-11-20T10:11Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T10:60:00Z',
    '2026-11-20T10:11:61Z',
    '2026-11-20T10:11:12.Z',
    '2026-11-20T10:11:12+24:00',
    '1969-12-31T23:59:59Z',
    '0070-01-01T00:00:00Z',
    '2026-11-20T10:11:12Z\n',
  ])('is not: %j', (text) => expect(epochMs(text)).toBeUndefined());
});
