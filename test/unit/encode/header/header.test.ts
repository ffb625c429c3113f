import { afterEach, describe, expect, it } from 'vitest';
import { byteSource } from '../../../../src/core/byte-source.ts';
import { type HeaderOptions, HeaderWriter } from '../../../../src/encode/header/header.ts';
import { Output } from '../../../../src/encode/text/output.ts';
import { NO_TIME_NS } from '../../../../src/encode/wire/log-walker.ts';
import { cleanHeaderField, cleanLegacyHostname, cleanTag } from '../../../../src/rules/header-fields.ts';

const modern: HeaderOptions = { rfc: '5424', facility: 1, severity: 6, hostname: 'web-1' };
const legacy: HeaderOptions = { ...modern, rfc: '3164', appName: 'app', timeZone: 'utc' };

function header(options: HeaderOptions, time: number, timeNs = NO_TIME_NS): string {
  const writer = new HeaderWriter(options);
  const output = new Output(byteSource(new Uint8Array(writer.maxBytes)));
  writer.write(output, time, timeNs);
  return Buffer.from(output.bytes.subarray(0, output.position)).toString('latin1');
}

describe('a header of RFC 5424', () => {
  it('has every field, nil where nothing is given', () => {
    expect(header(modern, 1_790_000_000)).toBe('<14>1 2026-09-21T14:13:20Z web-1 - - - - ');
    expect(header({ ...modern, appName: 'sls', procId: '42', msgId: 'log' }, 1)).toBe(
      '<14>1 1970-01-01T00:00:01Z web-1 sls 42 log - ',
    );
  });

  it('cuts nanoseconds to microseconds, and never rounds up into the next second', () => {
    expect(header(modern, 1_790_000_000, 999_999_999)).toContain('T14:13:20.999999Z');
    expect(header(modern, 1_790_000_000, 1999)).toContain('T14:13:20.000001Z');
    expect(header(modern, 1_790_000_000, 0)).toContain('T14:13:20.000000Z');
  });

  it('leaves out a fraction that is a second or more', () => {
    expect(header(modern, 1_790_000_000, 1_000_000_000)).toContain('T14:13:20Z');
  });

  it('has the nil timestamp for time 0, and reaches to the end of uint32', () => {
    expect(header(modern, 0, 5000)).toBe('<14>1 - web-1 - - - - ');
    expect(header(modern, 4_102_444_799)).toContain(' 2099-12-31T23:59:59Z ');
    expect(header(modern, 4_102_444_800)).toMatch(/^<\d+>1 - /);
    expect(header(modern, 2 ** 32 - 1)).toMatch(/^<\d+>1 - /);
    expect(header(modern, 951_782_400)).toContain(' 2000-02-29T00:00:00Z ');
  });
});

describe('a header of RFC 3164', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it('pads the day with a space, and has neither year nor fraction', () => {
    expect(header(legacy, 1_790_000_000, 5)).toBe('<14>Sep 21 14:13:20 web-1 app: ');
    expect(header(legacy, 1_788_500_000)).toBe('<14>Sep  4 05:33:20 web-1 app: ');
  });

  it('has the epoch for time 0, as it has no nil', () => {
    expect(header(legacy, 0)).toBe('<14>Jan  1 00:00:00 web-1 app: ');
  });

  it('is in local time unless told otherwise', () => {
    process.env.TZ = 'Asia/Shanghai';
    const { timeZone: _, ...local } = legacy;
    expect(header(local, 1_790_000_000)).toBe('<14>Sep 21 22:13:20 web-1 app: ');
    expect(header(legacy, 1_790_000_000)).toBe('<14>Sep 21 14:13:20 web-1 app: ');
  });

  it('always has a TAG, and the process id where there is one', () => {
    expect(header({ ...legacy, appName: '-' }, 0)).toContain(' slssyslog: ');
    expect(header({ ...legacy, appName: 'my-app', procId: '42' }, 0)).toContain(' myapp[42]: ');
  });
});

describe('HeaderWriter', () => {
  it.each([
    [{ facility: 24 }, 'facility is 24'],
    [{ facility: -1 }, 'facility is -1'],
    [{ facility: 1.5 }, 'facility is 1.5'],
    [{ severity: 8 }, 'severity is 8'],
  ])('refuses %j', (wrong, message) => {
    expect(() => new HeaderWriter({ ...modern, ...wrong })).toThrow(message);
    expect(() => new HeaderWriter({ ...modern, ...wrong })).toThrow(
      expect.objectContaining({ code: 'encoder-options', action: 'fatal' }),
    );
  });
});

describe('header fields', () => {
  it('of RFC 5424 are printable ASCII of limited length, one `_` for each other character', () => {
    expect(cleanHeaderField('my host\n', 255)).toBe('my_host_');
    expect(cleanHeaderField('é😀!~', 255)).toBe('__!~');
    expect(cleanHeaderField('abcdef', 4)).toBe('abcd');
    expect(cleanHeaderField('', 4)).toBe('-');
  });

  it('of RFC 3164 have no character that a receiver takes for the TAG', () => {
    expect(cleanLegacyHostname('fe80::1')).toBe('fe80::1');
    expect(cleanLegacyHostname('a[b]/c d')).toBe('a_b__c_d');
    expect(cleanLegacyHostname('sshd:')).toBe('sshd');
    expect(cleanLegacyHostname('sshd: x')).toBe('sshd__x');
    expect(cleanLegacyHostname('::1:')).toBe('__1');
    expect(cleanLegacyHostname('web-01_.')).toBe('web-01');
    expect(cleanLegacyHostname('')).toBe('unknown');
    expect(cleanLegacyHostname(':é')).toBe('unknown');
    expect(cleanTag('sls-syslog 2')).toBe('slssyslog2');
    expect(cleanTag('a'.repeat(40))).toHaveLength(32);
    expect(cleanTag('é-')).toBe('slssyslog');
  });
});
