import { describe, expect, test } from 'vitest';
import type { TextSchema } from '../../../src/schema/text.ts';
import { bandwidth, duration, formatDuration, rate, size } from '../../../src/schema/units.ts';

function complaint(schema: TextSchema<unknown>, text: string): string {
  const result = schema.safeParse(text);
  return result.success ? `accepted as ${String(result.data)}` : result.error.issues.map((i) => i.message).join('; ');
}

describe('durations', () => {
  const schema = duration({ min: '1ms', max: '24h' });

  test.each([
    ['200ms', 200],
    ['20s', 20_000],
    ['1m', 60_000],
    ['2h', 7_200_000],
    ['1.5s', 1_500],
    ['0.25m', 15_000],
    ['20 s', 20_000],
  ])('%s is %i ms', (text, milliseconds) => {
    expect(schema.parse(text)).toBe(milliseconds);
  });

  test.each(['20', '1.5'])('a bare %s is told its unit', (text) => {
    expect(complaint(schema, text)).toContain(`write ${text}s if that is what you mean`);
  });

  test.each(['', 's', '-1s', '1S', '1d', '20sec', '1m30s', '1e3s', '٢s', 'toString', '1constructor', ' 1s'])(
    '%j is no duration',
    (text) => {
      expect(complaint(schema, text)).toMatch(/is not a duration|is empty/);
    },
  );

  test('bounds are told in the words of a user', () => {
    expect(complaint(duration({ min: '1s', max: '10m' }), '999ms')).toBe('is out of range: 1s to 10m');
    expect(complaint(duration({ min: '1s', max: '10m' }), '11m')).toBe('is out of range: 1s to 10m');
    expect(duration({ min: '1s', max: '10m' }).parse('10m')).toBe(600_000);
  });

  test.each([
    [20_000, '20s'],
    [1_500, '1500ms'],
    [60_000, '1m'],
    [7_200_000, '2h'],
    [90_000, '90s'],
  ])('%i ms are written as %s, which reads back as the same', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
    expect(schema.parse(text)).toBe(milliseconds);
  });
});

describe('what is suggested for a number without a unit is within the bounds', () => {
  const message = size({ min: '480B', max: '64MiB' });
  test.each<[string, TextSchema<unknown>, string, string]>([
    ['the usual unit', message, '64', '64MiB'],
    ['bytes', message, '600', '600B'],
    ['what is left', size({ min: '1MiB', max: '16GiB' }), '20000', '20000kB'],
    ['milliseconds', duration({ min: '1s', max: '1h' }), '30000', '30000ms'],
    ['minutes', duration({ min: '1m', max: '24h' }), '20', '20m'],
    ['bytes a second', bandwidth({ min: '1kB/s', max: '10GB/s' }), '1000000', '1000000B/s'],
  ])('%s', (_name, schema, text, suggested) => {
    expect(complaint(schema, text)).toContain(`has no unit; write ${suggested} if that is what you mean`);
    expect(schema.safeParse(suggested).success).toBe(true);
  });

  test.each<[string, TextSchema<unknown>, string]>([
    ['0', message, '480B to 64MiB'],
    ['9'.repeat(20), message, '480B to 64MiB'],
    ['0', rate({ min: '1/s', max: '100/s' }), '1/s to 100/s'],
  ])('nothing where %s is out of range with any', (text, schema, range) => {
    expect(complaint(schema, text)).toContain(`has no unit, and with any is out of range: ${range} (units: `);
  });
});

describe('sizes', () => {
  const schema = size({ min: '1B', max: '16GiB' });

  test.each([
    ['64MiB', 64 * 2 ** 20],
    ['8KiB', 8192],
    ['1GB', 1e9],
    ['1GiB', 2 ** 30],
    ['5kB', 5000],
    ['100B', 100],
    ['0.5KiB', 512],
  ])('%s is %i bytes', (text, bytes) => {
    expect(schema.parse(text)).toBe(bytes);
  });

  test('a bare number is told its unit', () => {
    expect(complaint(schema, '64')).toContain('write 64MiB if that is what you mean');
  });

  test.each(['64M', '64mib', 'MiB', '1TiB'])('%s is no size', (text) => {
    expect(complaint(schema, text)).toContain('is not a size');
  });
});

describe('rates', () => {
  const schema = rate({ min: '1/s', max: '10000000/s' });

  test.each([
    ['5000/s', 5_000],
    ['1/s', 1],
    ['200 /s', 200],
  ])('%s is %i a second', (text, perSecond) => {
    expect(schema.parse(text)).toBe(perSecond);
  });

  test('a bare number is told its unit', () => {
    expect(complaint(schema, '5000')).toContain('write 5000/s if that is what you mean');
  });

  test.each(['5000/', '5000/m', '5k/s', '/s', '5000s', '5000/s/s', '-5/s'])('%s is no rate', (text) => {
    expect(complaint(schema, text)).toContain('is not a rate');
  });

  test('nothing at all is no limit', () => {
    expect(complaint(schema, '0/s')).toBe('is out of range: 1/s to 10000000/s');
  });
});

describe('bandwidths', () => {
  const schema = bandwidth({ min: '1kB/s', max: '10GB/s' });

  test.each([
    ['10MB/s', 10_000_000],
    ['512KiB/s', 512 * 1024],
    ['1.5MB/s', 1_500_000],
  ])('%s is %i bytes a second', (text, perSecond) => {
    expect(schema.parse(text)).toBe(perSecond);
  });

  test('a bare number is told its unit', () => {
    expect(complaint(schema, '10')).toContain('write 10MB/s if that is what you mean');
  });

  test.each(['10MB', '10Mbit/s', '10Mbps', '10/s', '10mb/s'])('%s is no bandwidth', (text) => {
    expect(complaint(schema, text)).toContain('is not a bandwidth; give a number and one of the units B/s, KiB/s');
  });
});
