import { describe, expect, test } from 'vitest';
import {
  consumerText,
  endpoint,
  enterpriseId,
  fingerprint,
  hostText,
  maskEndpoint,
  port,
  projectName,
  receiverAddress,
  separator,
} from '../../../../src/config/settings/values.ts';
import { facility, facilityNames, severity, severityNames } from '../../../../src/schema/syslog-names.ts';
import type { TextSchema } from '../../../../src/schema/text.ts';
import { pointInTime } from '../../../../src/schema/time.ts';

function complaint(schema: TextSchema<unknown>, text: string): string {
  const result = schema.safeParse(text);
  return result.success ? `accepted as ${String(result.data)}` : result.error.issues.map((i) => i.message).join('; ');
}

describe('endpoint', () => {
  test.each([
    ['cn-hangzhou.log.aliyuncs.com', 'https://cn-hangzhou.log.aliyuncs.com'],
    ['https://cn-hangzhou.log.aliyuncs.com', 'https://cn-hangzhou.log.aliyuncs.com'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['HTTP://LocalHost:8080/', 'http://localhost:8080'],
    ['[::1]:8443', 'https://[::1]:8443'],
    ['localhost:443', 'https://localhost'],
    ['emulator', 'https://emulator'],
    ['http://us-proxy:8080', 'http://us-proxy:8080'],
    ['cn-hangzhou-intranet.log.aliyuncs.com', 'https://cn-hangzhou-intranet.log.aliyuncs.com'],
    ['log-global.aliyuncs.com', 'https://log-global.aliyuncs.com'],
    ['cn-hangzhou.sls.aliyuncs.com', 'https://cn-hangzhou.sls.aliyuncs.com'],
  ])('%s → %s', (text, origin) => {
    expect(endpoint.parse(text)).toBe(origin);
  });

  test.each([
    ['ftp://cn-hangzhou.log.aliyuncs.com', 'starts with ftp://'],
    ['https://ak:secret@cn-hangzhou.log.aliyuncs.com', 'holds credentials'],
    ['ak:secret@cn-hangzhou.log.aliyuncs.com', 'holds credentials'],
    ['cn-hangzhou.log.aliyuncs.com/logstores/x', 'behind the host'],
    ['cn-hangzhou.log.aliyuncs.com?x=1', 'behind the host'],
    ['cn-hangzhou.log.aliyuncs.com#x', 'behind the host'],
    ['https://', 'is not an endpoint'],
    ['cn-hangzhou', "is not the host of a region's endpoint; give cn-hangzhou.log.aliyuncs.com"],
    ['https://ap-southeast-1', 'give ap-southeast-1.log.aliyuncs.com'],
    ['cn-hangzhou-intranet', 'give cn-hangzhou-intranet.log.aliyuncs.com'],
    ['cn-hangzhou.aliyuncs.com', 'give cn-hangzhou.log.aliyuncs.com'],
    ['sls.cn-hangzhou.aliyuncs.com', 'give cn-hangzhou.log.aliyuncs.com'],
    ['log.cn-hangzhou.aliyuncs.com', 'give cn-hangzhou.log.aliyuncs.com'],
    ['log.aliyuncs.com', 'names no region; give its endpoint, such as'],
    ['https://sls.console.aliyun.com/lognext/project/web', "is the console's address"],
    ['two words', 'is not an endpoint'],
    ['host:99999', 'is not an endpoint'],
  ])('%s: %s', (text, phrase) => {
    expect(complaint(endpoint, text)).toContain(phrase);
  });

  test.each([
    ['https://ak:s3cret@host', 'https://***@host'],
    ['ak:s3cret@host', '***@host'],
    ['https://a@b:s3cret@host/x?token=s3cret', 'https://***@host/x?***'],
    ['host#s3cret', 'host?***'],
    ['https://cn-hangzhou.log.aliyuncs.com', 'https://cn-hangzhou.log.aliyuncs.com'],
  ])('%s is shown as %s', (text, masked) => {
    expect(maskEndpoint(text)).toBe(masked);
  });
});

describe('facility and severity', () => {
  test('each facility by number, name and upper case, as RFC 5424 numbers them', () => {
    expect(facilityNames).toHaveLength(24);
    for (const [number, name] of facilityNames.entries()) {
      expect(facility.parse(String(number))).toBe(number);
      expect(facility.parse(name)).toBe(number);
      expect(facility.parse(name.toUpperCase())).toBe(number);
    }
    expect(facility.parse('local0')).toBe(16);
    expect(facility.parse('local7')).toBe(23);
    expect(facility.parse('authpriv')).toBe(10);
  });

  test('each severity by number and name, and the spellings in use', () => {
    expect(severityNames).toHaveLength(8);
    for (const [number, name] of severityNames.entries()) {
      expect(severity.parse(String(number))).toBe(number);
      expect(severity.parse(name)).toBe(number);
    }
    expect(severity.parse('error')).toBe(3);
    expect(severity.parse('WARN')).toBe(4);
    expect(severity.parse('critical')).toBe(2);
  });

  test.each([
    [facility, '24', 'go from 0 to 23'],
    [facility, 'loca10', 'did you mean "local0"'],
    [severity, '8', 'go from 0 to 7'],
    [severity, 'inof', 'did you mean "info"'],
    [severity, 'constructor', 'is no severity'],
    [facility, '-1', 'is no facility'],
  ])('refused with a hint', (schema, text, phrase) => {
    expect(complaint(schema, text)).toContain(phrase);
  });
});

describe('points in time', () => {
  const from = pointInTime('begin', 'end');

  test.each<[string, string | number]>([
    ['begin', 'begin'],
    ['END', 'end'],
    ['1735689600', 1_735_689_600],
    ['2025-01-01T00:00:00Z', 1_735_689_600],
    ['2025-01-01T08:00:00+08:00', 1_735_689_600],
    ['2024-12-31T19:00-0500', 1_735_689_600],
    ['2025-01-01 8:0:0+8:00', 1_735_689_600],
    ['2025-01-01 08:00:00 +08', 1_735_689_600],
    ['2025-01-01T00:00:00.999Z', 1_735_689_600],
    ['2024-02-29T00:00:00Z', 1_709_164_800],
  ])('%s → %s', (text, position) => {
    expect(from.parse(text)).toBe(position);
  });

  test.each([
    ['2025-01-01T00:00:00', 'names no time zone'],
    ['2025-01-01', 'names no time zone'],
    ['2025-02-29T00:00:00Z', 'no date and time that exists'],
    ['2025-13-01T00:00:00Z', 'no date and time that exists'],
    ['2025-01-01T24:00:00Z', 'no date and time that exists'],
    ['2025-01-01T00:00:00+25:00', 'no date and time that exists'],
    ['1735689600000', 'looks like milliseconds'],
    ['1969-12-31T00:00:00Z', 'before 1970'],
    ['yesterday', 'is none of begin, end, an ISO time'],
  ])('%s: %s', (text, phrase) => {
    expect(complaint(from, text)).toContain(phrase);
  });
});

describe('names', () => {
  test.each([
    [hostText, 'siem.corp', 'siem.corp'],
    [hostText, '10.0.0.1', '10.0.0.1'],
    [hostText, '::1', '::1'],
    [hostText, '[fe80::1%eth0]', 'fe80::1%eth0'],
    [port, '65535', 65_535],
    [receiverAddress, 'siem.corp', { host: 'siem.corp' }],
    [receiverAddress, 'siem.corp:6514', { host: 'siem.corp', port: 6514 }],
    [receiverAddress, '2001:db8::514', { host: '2001:db8::514' }],
    [receiverAddress, '[2001:db8::1]', { host: '2001:db8::1' }],
    [receiverAddress, '[2001:db8::1]:6514', { host: '2001:db8::1', port: 6514 }],
    [projectName, 'web-logs', 'web-logs'],
    [consumerText, 'consumerGroupX_1.2', 'consumerGroupX_1.2'],
    [separator, '||', '||'],
    [separator, '\\t', '\t'],
    [separator, '\\x1f|', '\x1f|'],
    [fingerprint, `sha256:${'AB:'.repeat(31)}AB`, 'ab'.repeat(32)],
    [fingerprint, `SHA-256=${'0f'.repeat(32)}`, '0f'.repeat(32)],
    [fingerprint, '0f'.repeat(32), '0f'.repeat(32)],
    [fingerprint, `${'51:'.repeat(31)}51`, '51'.repeat(32)],
  ])('taken: %#', (schema: TextSchema<unknown>, text, value) => {
    expect(schema.parse(text)).toEqual(value);
  });

  test.each([
    [hostText, 'siem.corp:514', 'holds a port'],
    [hostText, '[::1]:514', 'holds a port'],
    [hostText, 'tcp://siem', 'is a URL'],
    [receiverAddress, 'siem.corp:0', 'not a port'],
    [receiverAddress, '[::1]:65536', 'not a port'],
    [receiverAddress, 'siem:x', 'neither a host name nor an address'],
    [receiverAddress, '[siem]:514', 'neither a host name nor an address'],
    [receiverAddress, 'tcp://siem:514', 'with --proto'],
    [hostText, 'siem corp', 'neither a host name nor an address'],
    [port, '0', 'from 1 to 65535'],
    [port, '65536', 'from 1 to 65535'],
    [port, '5e3', 'from 1 to 65535'],
    [projectName, 'Web', 'lower-case letters'],
    [projectName, 'a', '3 to 63'],
    [consumerText, 'a/b', 'does not fit'],
    [separator, '\n', 'line break'],
    [separator, '\\x0a', 'line break'],
    [separator, '|'.repeat(33), 'longer than 32'],
    [fingerprint, `sha1:${'ab'.repeat(20)}`, 'only sha256'],
    [fingerprint, 'ab'.repeat(31), '64 hex digits'],
  ])('refused: %#', (schema: TextSchema<unknown>, text, phrase) => {
    expect(complaint(schema, text)).toContain(phrase);
  });
});

describe('enterprise id', () => {
  test.each([
    ['1', 1],
    ['32473', 32473],
    ['4294967295', 4_294_967_295],
  ])('%s', (text, number) => expect(enterpriseId.parse(text)).toBe(number));

  test.each(['0', '-1', '1.5', '4294967296', '1.3.6.1.4.1.32473', 'x'])('%s is refused', (text) => {
    expect(complaint(enterpriseId, text)).toContain('is not an enterprise number');
  });
});
