/** Addresses as logs have them: read by themselves, and as both encoders write them. */
import { describe, expect, it } from 'vitest';
import { ADDRESS_TEXT_BYTES, addressIn } from '../../../../src/format/parts/address.ts';
import { createFormat, type FormatSpec } from '../../../../src/format/registry.ts';
import { oracleLog } from '../../../support/oracles/format-oracle.ts';
import { formatWriters } from '../../../support/oracles/format-writers.ts';

/** What is read of a value: version, address, port, and whether that is all. */
function read(value: string): readonly [number, string, string, boolean] | undefined {
  const found = addressIn(value.slice(0, ADDRESS_TEXT_BYTES));
  if (found === undefined) return undefined;
  const { version, start, end, text, portStart, portEnd, isAll } = found;
  return [version, text ?? value.slice(start, end), value.slice(portStart, portEnd), isAll];
}

const long = `${' '.repeat(49)}192.0.2.1`;

describe('an address in a value', () => {
  it.each([
    ['192.0.2.1', [4, '192.0.2.1', '', true]],
    ['192.0.2.1:4711', [4, '192.0.2.1', '4711', true]],
    ['2001:db8::1', [6, '2001:db8::1', '', true]],
    ['2001:db8::1:4711', [6, '2001:db8::1:4711', '', true]],
    ['[2001:db8::1]', [6, '2001:db8::1', '', true]],
    ['[2001:db8::1]:0', [6, '2001:db8::1', '0', true]],
    ['[192.0.2.1]:65535', [4, '192.0.2.1', '65535', true]],
    ['fe80::1%eth0', [6, 'fe80::1', '', false]],
    ['[fe80::1%25en0]:80', [6, 'fe80::1', '80', false]],
    ['192.0.2.1, 198.51.100.7', [4, '192.0.2.1', '', false]],
    ['192.0.2.1:80, 198.51.100.7:81', [4, '192.0.2.1', '80', false]],
    [' \t192.0.2.1 ', [4, '192.0.2.1', '', true]],
    [`${long}, 1`, [4, '192.0.2.1', '', false]],
    ['::ffff:192.0.2.1', [4, '192.0.2.1', '', true]],
    ['[::FFFF:192.0.2.1]:80', [4, '192.0.2.1', '80', true]],
    ['0:0:0:0:0:ffff:c000:0201', [4, '192.0.2.1', '', true]],
    ['::ffff:0:0', [4, '0.0.0.0', '', true]],
    ['::ffff:0:192.0.2.1', [6, '::ffff:0:192.0.2.1', '', true]],
    ['::192.0.2.1', [6, '::192.0.2.1', '', true]],
    ['0::', [6, '0::', '', true]],
  ] as const)('%j', (value, expected) => {
    expect(read(value)).toEqual(expected);
  });

  it.each([
    ...[
      '',
      ' ',
      ',192.0.2.1',
      '-',
      'unknown, 192.0.2.1',
      '192.0.2.1:',
      '192.0.2.1:65536',
      '192.0.2.1:1x',
      '192.0.2.1 x',
    ],
    ...['192.0.2.1%eth0', 'fe80::1%', 'fe80::1%a b', '[2001:db8::1', '2001:db8::1]', '[2001:db8::1]80', '[]', '[::1]:'],
    ...['192.0.2.1/24', 'host:80', '192.0.2:80', ':80', `${' '.repeat(7)}${long}, 1`, `${' '.repeat(56)}192.0.2.1`],
  ])('%j is none', (value) => {
    expect(read(value)).toBeUndefined();
  });
});

describe.each(formatWriters)('by the $name', ({ write }) => {
  const text = (spec: FormatSpec, fields: Record<string, string>): string =>
    write(createFormat(spec), oracleLog(fields))
      .toString()
      .replace(/^.*?(?:rt|devTime)=1795169472000./, '');
  const cef = { format: 'cef', map: { src: 'ip', dst: 'to' } } as const;
  const leef = { format: 'leef', map: { src: 'ip', dst: 'to' } } as const;
  const rest = ' topic= source=';

  it.each([
    ['192.0.2.1', `src=192.0.2.1${rest}`],
    ['192.0.2.1:4711', `src=192.0.2.1 spt=4711${rest}`],
    ['[2001:db8::1]', `c6a2=2001:db8::1 c6a2Label=Source IPv6 Address${rest}`],
    ['[2001:db8::1]:80', `c6a2=2001:db8::1 c6a2Label=Source IPv6 Address spt=80${rest}`],
    ['fe80::1%eth0', `c6a2=fe80::1 c6a2Label=Source IPv6 Address${rest} ip=fe80::1%eth0`],
    ['192.0.2.1, 198.51.100.7', `src=192.0.2.1${rest} ip=192.0.2.1, 198.51.100.7`],
    ['192.0.2.1:80, 198.51.100.7', `src=192.0.2.1 spt=80${rest} ip=192.0.2.1:80, 198.51.100.7`],
    ['::ffff:192.0.2.1', `src=192.0.2.1${rest}`],
    ['::ffff:c000:201', `src=192.0.2.1${rest}`],
    ['unknown, 192.0.2.1', `${rest.slice(1)} ip=unknown, 192.0.2.1`],
  ])('CEF has of %s %s', (ip, expected) => {
    expect(text(cef, { ip })).toBe(expected);
  });

  it('puts the port of dst under dpt, and LEEF’s under srcPort and dstPort', () => {
    expect(text(cef, { to: '192.0.2.1:443' })).toBe(`dst=192.0.2.1 dpt=443${rest}`);
    expect(text(leef, { ip: '[2001:db8::1]:80', to: '192.0.2.1:443' })).toBe(
      'src=2001:db8::1\tsrcPort=80\tdst=192.0.2.1\tdstPort=443\t__topic__=\t__source__=',
    );
  });

  it('takes no port where the mapping has another, and keeps the field that says more', () => {
    const map = { ...cef.map, spt: 'port' };
    expect(text({ format: 'cef', map }, { ip: '192.0.2.1:80', port: '81' })).toBe(
      `src=192.0.2.1 spt=81${rest} ip=192.0.2.1:80`,
    );
    expect(text({ format: 'cef', map }, { ip: '192.0.2.1:80', port: '-' })).toBe(`src=192.0.2.1 spt=80${rest} port=-`);
    expect(text({ format: 'cef', map: { ...cef.map, spt: '=' } }, { ip: '192.0.2.1:80' })).toBe(
      `src=192.0.2.1${rest} ip=192.0.2.1:80`,
    );
    expect(text({ format: 'cef', map: { spt: '=7', ...cef.map } }, { ip: '192.0.2.1:80' })).toBe(
      `spt=7 src=192.0.2.1${rest} ip=192.0.2.1:80`,
    );
  });

  it('takes the port of the address that it takes, and of no other', () => {
    const map = { src: ['real', 'ip'] };
    expect(text({ format: 'cef', map }, { real: '192.0.2.1', ip: '192.0.2.2:80' })).toBe(
      `src=192.0.2.1${rest} ip=192.0.2.2:80`,
    );
    expect(text({ format: 'cef', map }, { real: '-', ip: '192.0.2.2:80' })).toBe(`src=192.0.2.2 spt=80${rest} real=-`);
  });

  it('reads addresses within JSON', () => {
    const map = { src: 'event:from' };
    expect(text({ format: 'cef', map }, { event: '{"from":"[2001:db8::1]:80"}' })).toContain(
      'c6a2=2001:db8::1 c6a2Label=Source IPv6 Address spt=80 ',
    );
  });
});
