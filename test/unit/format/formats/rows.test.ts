import { describe, expect, it } from 'vitest';
import { cefKey } from '../../../../src/format/formats/cef.ts';
import { leefKey } from '../../../../src/format/formats/leef.ts';
import { paramName } from '../../../../src/format/formats/structured-data.ts';
import { createFormat, type FormatSpec } from '../../../../src/format/registry.ts';
import { oracleLog, oracleText } from '../../../support/oracles/format-oracle.ts';

const text = (spec: FormatSpec, fields: Record<string, string>, more: { severity?: number; timeNs?: number } = {}) =>
  oracleText(createFormat(spec), { ...oracleLog(fields), ...more }).toString();

describe('JSON', () => {
  it('is one object of strings, in the order of the fields', () => {
    expect(
      text(
        { format: 'json' },
        { __topic__: 'nginx', __source__: '192.0.2.1', status: '200', 'a"\\b': '\n\u0001é\x7f' },
      ),
    ).toBe('{"__topic__":"nginx","__source__":"192.0.2.1","status":"200","a\\"\\\\b":"\\n\\u0001é\\u007f"}');
  });

  const values = '200 -1 0.5 1.10 007 1e3 -0 9007199254740991 9007199254740993 1e+21 true null undefined NaN'.split(
    ' ',
  );
  it('infers only what JSON writes in the same way, and no integer that a reader could round', () => {
    const fields = Object.fromEntries(values.map((value, index) => [`f${index}`, value]));
    const members = text({ format: 'json', inferTypes: true }, fields).split(',').slice(2);
    expect(members.map((each) => each.replace(/^"f\d+":|}$/g, ''))).toEqual([
      ...['200', '-1', '0.5', '"1.10"', '"007"', '"1e3"', '"-0"', '9007199254740991', '"9007199254740993"', '"1e+21"'],
      ...['true', 'null', '"undefined"', '"NaN"'],
    ]);
  });

  it('nests what is an object or array as it was written, without the space between its tokens', () => {
    const event = '{ "id" : 12345678901234567890,\n "s": " a \\" { ", "list": [ 1, {} ] }';
    expect(text({ format: 'json', nest: ['event', 'n', 'x'] }, { event, n: '17', x: '{no' })).toBe(
      '{"__topic__":"","__source__":"","event":{"id":12345678901234567890,"s":" a \\" { ","list":[1,{}]},"n":"17","x":"{no"}',
    );
  });
});

describe('CEF', () => {
  it('has a head, the mapping, and the rest under own keys', () => {
    const map = { src: 'remote_addr', suser: ['a', 'user'], cs1: 'region', cs2: '=x=y', cs2Label: '=Why' };
    const fields = { remote_addr: '192.0.2.7', user: 'alice', region: 'cn', msg: 'a=b|c\\d\r\n\te', __topic__: 'a|b' };
    expect(
      text({ format: 'cef', map, product: 'P', eventName: 'N' }, fields, { severity: 3, timeNs: 345_000_000 }),
    ).toBe(
      'CEF:0|Alibaba Cloud|P|1.0|a\\|b|N|7|rt=1795169472345 src=192.0.2.7 suser=alice cs1=cn cs1Label=region cs2=x\\=y ' +
        'cs2Label=Why topic=a|b source= slsMsg=a\\=b|c\\\\d\\r\\n e',
    );
  });

  it.each([
    ['192.0.2.7', 'src=192.0.2.7'],
    ['2001:db8::1', 'c6a2=2001:db8::1 c6a2Label=Source IPv6 Address'],
    ['proxy, 192.0.2.7', 'ip=proxy, 192.0.2.7'],
  ])('puts the address %s where it belongs', (ip, expected) => {
    const written = text({ format: 'cef', map: { src: 'ip' } }, { ip })
      .split('|')
      .at(-1);
    expect(written?.split(' topic= source=').join('')).toBe(`rt=1795169472000 ${expected}`);
  });

  it.each([
    ['a label of its own', { c6a2Label: '=Client' }, 'c6a2=2001:db8::1 c6a2Label=Client', 'src=192.0.2.7'],
    ['a label in the log', { c6a2Label: 'l' }, 'c6a2=2001:db8::1 c6a2Label=L', 'src=192.0.2.7 c6a2Label=L'],
  ])('gives an IPv6 address %s, once, and an IPv4 address none of the constants', (_, label, six, four) => {
    const map = { src: 'ip', ...label };
    const write = (ip: string) => text({ format: 'cef', map, unmapped: 'drop' }, { ip, l: 'L' }).split('|').at(-1);
    expect(write('2001:db8::1')).toBe(`rt=1795169472000 ${six}`);
    expect(write('192.0.2.7')).toBe(`rt=1795169472000 ${four}`);
  });

  it.each([
    ['act', 63],
    ['app', 31],
    ['outcome', 63],
    ['externalId', 40],
    ['msg', 1023],
    ['request', 1023],
    ['cs6', 4000],
    ['flexString1Label', 128],
  ])('cuts %s to %i characters', (key, max) => {
    const written = text({ format: 'cef', map: { [key]: 'v' }, unmapped: 'drop' }, { v: '漢'.repeat(5000) });
    expect(written).toContain(` ${key}=${'漢'.repeat(max)}`);
    expect(written.match(/漢+/)?.[0]).toHaveLength(max);
  });

  it('cuts the head, and takes a default where a field is missing or empty', () => {
    const long = 'h'.repeat(2000);
    const spec: FormatSpec = {
      format: 'cef',
      vendor: '{v}',
      product: '{v}',
      version: '{v}',
      eventClassId: '{v}',
      eventName: '{v}',
    };
    const head = text(spec, { v: long }).split('|');
    expect(head.slice(1, 6).map((field) => field.length)).toEqual([63, 63, 31, 1023, 512]);
    expect(text({ format: 'cef', eventClassId: ['{a}', '{b|none}'], eventName: '{b}' }, { b: '' })).toContain(
      '|none|log|2|',
    );
  });

  it('gives each severity its own', () => {
    const severities = [0, 1, 2, 3, 4, 5, 6, 7].map(
      (severity) => text({ format: 'cef' }, {}, { severity }).split('|')[6],
    );
    expect(severities.join(' ')).toBe('10 9 8 7 5 3 2 0');
  });

  const taken = new Set(['src', 'rt', 'mine']);
  it.each([
    ['remote_addr', 'remoteAddr'],
    ['__topic__', 'topic'],
    ['__tag__:__hostname__', 'tagHostname'],
    ['User-Agent', 'UserAgent'],
    ['status', 'status'],
    ['src', 'slsSrc'],
    ['SRC', 'slsSRC'],
    ['_src_', 'slsSrc'],
    ['mine', 'slsMine'],
    ['slsSrc', 'slsSlsSrc'],
  ])('spells %s as %s', (name, key) => {
    expect(cefKey(Buffer.from(name), taken)).toBe(key);
  });

  it('tells names apart by a hash where it has to leave something out', () => {
    const keys = ['', 'ключ', 'клуч', 'a%b', 'a&b', 'x'.repeat(300), `${'x'.repeat(300)}y`].map((name) =>
      cefKey(Buffer.from(name), taken),
    );
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9]+X[0-9a-f]{8}$/);
  });

  it.each([
    [{ 'a b': 'x' }, 'not alphanumeric'],
    [{ src: '__time__' }, 'holds no time'],
    [{ src: '' }, 'names no field'],
    [{ src: [] }, 'is empty'],
    [{ src: ['=a', 'b'] }, 'nothing behind it'],
    [{ src: ['b', '=a'] }, 'a constant cannot stand behind fields'],
    [{ rt: ['b', '__time__'] }, 'give it alone'],
  ])('refuses the mapping %j: %s', (map, why) => {
    expect(() => createFormat({ format: 'cef', map: map as Record<string, string | string[]> })).toThrow(why);
  });
});

describe('LEEF', () => {
  it('1.0 has TABs, a severity from 1, and the time in milliseconds', () => {
    const fields = { __topic__: 'a|b', ip: '2001:db8::1', note: 'x\ty\nz', sev: '9', cat: 'c' };
    expect(text({ format: 'leef', map: { src: 'ip', usrName: '=root' } }, fields, { severity: 7 })).toBe(
      'LEEF:1.0|Alibaba Cloud|Log Service|1.0|a/b|sev=1\tdevTime=1795169472000\tsrc=2001:db8::1\tusrName=root' +
        '\t__topic__=a|b\t__source__=\tnote=x y z\tsls_sev=9\tsls_cat=c',
    );
  });

  it.each([
    ['^', '^', '^'],
    ['x5E', '^', '^'],
    ['0x09', 'x09', '\t'],
    ['x01', 'x01', '\x01'],
  ])('2.0 with the delimiter %j says %j', (leefDelimiter, said, delimiter) => {
    const written = text({ format: 'leef', leefVersion: '2.0', leefDelimiter }, { a: `x${delimiter}y` });
    expect(written.startsWith(`LEEF:2.0|Alibaba Cloud|Log Service|1.0|log|${said}|sev=2${delimiter}devTime=`)).toBe(
      true,
    );
    expect(written.split(delimiter).at(-1)).toMatch(/^a=x[ _]y$/);
  });

  it('gives the second of several with one key a key of its own, and takes a severity of the mapping', () => {
    const log = oracleLog({ a: '1' });
    const twice = {
      ...log,
      fields: [...log.fields, [Buffer.from('b'), Buffer.from('2')], [Buffer.from('a'), Buffer.from('3')]] as const,
    };
    expect(oracleText(createFormat({ format: 'leef' }), twice).toString()).toMatch(/\t__source__=\ta=1\tb=2\tsls_a=3$/);
    expect(text({ format: 'leef', map: { sev: 'level' } }, { level: '4' })).toContain(
      '|log|devTime=1795169472000\tsev=4\t',
    );
    expect(text({ format: 'leef', map: { devTime: '=' } }, {})).toContain('|log|sev=2\t__topic__=');
  });

  it.each([
    ['leef', 'srcport', 'is srcPort in another case; write srcPort'],
    ['leef', 'SEV', 'write sev'],
    ['cef', 'Src', 'write src'],
    ['cef', 'cs1label', 'write cs1Label'],
  ] as const)('refuses for %s the key %s, which no SIEM knows', (format, key, why) => {
    expect(() => createFormat({ format, map: { [key]: 'a' } })).toThrow(why);
  });

  it.each(['=0', '=11', '=high', '=07', '=5 '])('refuses the severity %j', (sev) => {
    expect(() => createFormat({ format: 'leef', map: { sev } })).toThrow('none of "=1" to "=10"');
  });

  it.each(['=1', '=10'])('takes the severity %j', (sev) => {
    expect(text({ format: 'leef', map: { sev } }, {})).toContain(`\tsev${sev}\t`);
  });

  it.each(['', 'ab', 'a', '=', '|', ' ', '\n', 'x0', 'x0a', 'xe9', '☃'])(
    'refuses the delimiter %j',
    (leefDelimiter) => {
      const create = () => createFormat({ format: 'leef', leefVersion: '2.0', leefDelimiter });
      expect(create).toThrow(expect.objectContaining({ code: 'format', action: 'fatal' }));
    },
  );

  it('keeps names that can be keys, and tells the others apart', () => {
    const spelled = (name: string) => Buffer.from(leefKey(Buffer.from(name), new Set(['src']), 0x5e)).toString();
    expect(['__tag__:__hostname__', 'SRC', 'src', 'sls_src'].map(spelled)).toEqual([
      '__tag__:__hostname__',
      'sls_SRC',
      'sls_src',
      'sls_sls_src',
    ]);
    const odd = ['', 'a=b', 'a b', 'a|b', 'a^b', 'ключ', 'x'.repeat(300), `${'x'.repeat(299)}y`];
    expect(new Set(odd.map(spelled)).size).toBe(odd.length);
    for (const name of odd) expect(spelled(name)).toMatch(/^[!-<>-{}~]*~[0-9a-f]{8}$/);
  });
});

describe('structured data', () => {
  it('is one element with the fields as its parameters', () => {
    expect(text({ format: 'sd', enterpriseId: 1 }, { a: '"x"\\[y]\n\t\x01', 'b c': '' })).toMatch(
      /^\[fields@1 __topic__="" __source__="" a="\\"x\\"\\\\\[y\\]\\\\n\\\\t\\\\x01" b_c~[0-9a-f]{8}=""\]$/,
    );
  });

  it('cleans names so that no two become alike', () => {
    const name = (each: string) => Buffer.from(paramName(Buffer.from(each))).toString();
    expect(name('a'.repeat(32))).toBe('a'.repeat(32));
    const odd = ['', 'a b', 'a=b', 'a]b', 'a"b', 'é', 'a'.repeat(33), `${'a'.repeat(32)}b`].map(name);
    expect(new Set(odd).size).toBe(odd.length);
    for (const each of odd) expect(each).toMatch(/^[!-~]{1,32}$/);
  });

  it.each([0, -1, 1.5, 2 ** 32, Number.NaN])('refuses the enterprise number %d', (enterpriseId) => {
    expect(() => createFormat({ format: 'sd', enterpriseId })).toThrow('enterprise number');
  });
});

describe('raw', () => {
  it('is a field, or a value within one, or nothing', () => {
    const fields = { content: 'a\n\t\\|é', j: '{"a":[{"b":1.0}]}' };
    expect(text({ format: 'raw' }, fields)).toBe('a\\n\\t\\|é');
    expect(text({ format: 'raw', escape: 'none' }, fields)).toBe('a\\n\t\\|é');
    expect(text({ format: 'raw', rawField: 'j:a' }, fields)).toBe('[{"b":1}]');
    expect(text({ format: 'raw', rawField: 'other' }, fields)).toBe('');
  });
});
