import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonPaths, jsonAt } from '../../../../src/format/parts/json-path.ts';
import { fieldMapSchema, headTextSchema } from '../../../../src/format/parts/mapping.ts';
import { parseHeadText, parsePlace, parseValue } from '../../../../src/format/parts/value-place.ts';

function place(text: string): (string | readonly string[])[] {
  const { field, path } = parsePlace(text);
  return path === undefined ? [Buffer.from(field).toString()] : [Buffer.from(field).toString(), path];
}

describe('a place', () => {
  it.each([
    ['a', ['a']],
    ['a.b', ['a.b']],
    ['__tag__:__hostname__', ['__tag__:__hostname__']],
    ['__tag__:json:a', ['__tag__:json', ['a']]],
    ['event:userIdentity.userName', ['event', ['userIdentity', 'userName']]],
    ['sourceIPs:0', ['sourceIPs', ['0']]],
    ['annotations:"a.b/c".d', ['annotations', ['a.b/c', 'd']]],
    ['"odd:name"', ['odd:name']],
    ['"odd:na\\"me":a', ['odd:na"me', ['a']]],
  ])('%s', (text, expected) => {
    expect(place(text)).toEqual(expected);
  });

  it.each(['', ':a', 'a:', 'a:b..c', 'a:.b', 'a:b.', 'a:b"c"', 'a:"b"c', '"a"b', '"a', 'a:"\\x"'])(
    '%j is none',
    (text) => {
      expect(() => parsePlace(text)).toThrow(expect.objectContaining({ code: 'format' }));
    },
  );
});

it('a value is a constant, the time, or places', () => {
  expect(parseValue('=a:b')).toEqual({ kind: 'constant', bytes: new Uint8Array(Buffer.from('a:b')) });
  expect(parseValue('__time__')).toEqual({ kind: 'log-time' });
  expect(parseValue(['a', 'b:c'])).toMatchObject({ kind: 'fields', places: [{}, { path: ['c'] }] });
});

it('a text of the head is text, or a field in braces with a default', () => {
  const read = (text: string | string[]): [string[], string] => {
    const { places, orElse } = parseHeadText(text, 'usual');
    return [places.map((each) => Buffer.from(each.field).toString()), orElse];
  };
  expect(read('Acme')).toEqual([[], 'Acme']);
  expect(read('{a}')).toEqual([['a'], 'usual']);
  expect(read('{a|}')).toEqual([['a'], '']);
  expect(read(['{a}', '{b|c}'])).toEqual([['a', 'b'], 'c']);
  expect(read(['{a}', 'c'])).toEqual([['a'], 'c']);
  for (const wrong of ['{a', 'a {b}', '{}', '{a}{b}', ['c', '{a}'], ['{a|b}', '{c}']]) {
    expect(() => read(wrong), JSON.stringify(wrong)).toThrow(expect.objectContaining({ code: 'format' }));
  }
});

describe("the user's form", () => {
  it('says where a mapping is wrong', () => {
    expect(fieldMapSchema.safeParse({ src: 'ip', cs1: '=x', suser: ['a', 'b:c'] }).success).toBe(true);
    const { error } = fieldMapSchema.safeParse({ src: 'a:', cs1: [], n: 5 });
    expect(error?.issues.map(({ path }) => path[0])).toEqual(['src', 'cs1', 'n']);
    expect(error?.issues[0]?.message).toContain('empty key');
  });

  it('says where a text of the head is wrong', () => {
    expect(headTextSchema.safeParse('{a|b}').success).toBe(true);
    expect(headTextSchema.safeParse('{a|b} c').error?.issues[0]?.message).toContain('braces');
  });
});

describe('a value within JSON', () => {
  it.each([
    ['{"a":{"b":"x\\n"}}', ['a', 'b'], 'x\n'],
    [' { "a" : [ 1 , { "b" : 1.0e5 } ] } ', ['a', '1', 'b'], '1.0e5'],
    ['{"a":1,"a":2}', ['a'], '2'],
    ['{"a":{"}":"]"},"b":true}', ['b'], 'true'],
    ['{"a":{ "x" : 1 }}', ['a'], '{ "x" : 1 }'],
    ['[["x"]]', ['0', '0'], 'x'],
    ['{"\\u0061":12345678901234567890}', ['a'], '12345678901234567890'],
    ['{"a":null}', ['a'], undefined],
    ['{"a":1}', ['b'], undefined],
    ['{"a":1}', ['a', 'b'], undefined],
    ['[1]', ['1'], undefined],
    ['[1]', ['00'], undefined],
    ['[]', ['0'], undefined],
    ['{"a":1', ['a'], undefined],
    ['"a"', ['0'], undefined],
  ])('%s at %j is %j', (json, path, expected) => {
    expect(jsonAt(json, path)).toBe(expected);
  });

  it('is what JSON.parse finds there', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(3), (json, indent) => {
        const value: unknown = JSON.parse(json);
        if (typeof value !== 'object' || value === null) return;
        const text = JSON.stringify(value, null, indent);
        for (const [key, member] of Object.entries(value)) {
          const found = jsonAt(text, [key]);
          if (member === null) expect(found).toBeUndefined();
          else expect(typeof member === 'string' ? found : JSON.parse(found!)).toEqual(member);
        }
      }),
    );
  });

  it('is JSON where JSON.parse says so, whatever a text is made of', () => {
    const tokens = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"a":',
      '"b":[',
      '"\\u0061":',
      '"\\n"',
      '"\\x"',
      '"\\u12g4"',
      '"é😀"',
    ];
    const scalars = [
      '"',
      '\\',
      '"\u0001"',
      'null',
      'tru',
      'false',
      '0',
      '-0',
      '-',
      '01',
      '1.',
      '.5',
      '1.5e+3',
      '1e',
      'E5',
    ];
    const spaces = [' ', '\t', '\n', '\r', '\u00a0', '\ufeff'];
    const token = fc.constantFrom(...tokens, ...scalars, ...spaces);
    const broken = fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), token, fc.nat(2)).map(([json, at, put, cut]) => {
      const from = at % (json.length + 1);
      return `{"a":${json.slice(0, from)}${put}${json.slice(from + cut)}}`;
    });
    const soup = fc.array(token, { maxLength: 12 }).map((all) => `{"a":${all.join('')}}`);
    let valid = 0;
    fc.assert(
      fc.property(fc.oneof(broken, soup), (text) => {
        const paths = new JsonPaths();
        const bytes = Buffer.from(text);
        const value = parsed(bytes.toString());
        if (value !== undefined) valid++;
        expect(paths.read(bytes, 0, bytes.length)).toBe(value !== undefined);
        expect(jsonAt(text, ['a']) !== undefined).toBe(((value as { a?: unknown })?.a ?? null) !== null);
      }),
      { numRuns: 3_000 },
    );
    expect(valid).toBeGreaterThan(100);
  });

  it('is found in one reading of the text, for as many paths as are asked for', () => {
    const paths = new JsonPaths();
    const asked = [['a'], ['a', 'b'], ['list', '1'], ['list'], ['\ud800'], ['a', 'c', '0'], ['é"'], ['none']];
    const numbers = asked.map((path) => paths.add(path));
    expect(paths.add(['a', 'b'])).toBe(numbers[1]);
    const found = (text: string) => {
      const bytes = Buffer.from(`##${text}##`);
      paths.read(bytes, 2, bytes.length - 2);
      return numbers.map((number) =>
        paths.has(number)
          ? (paths.unescaped(number, bytes) ?? bytes.toString('utf8', paths.startOf(number), paths.endOf(number)))
          : undefined,
      );
    };
    const a = '{"b":"x","c":["\\u00e9"]}';
    const none = asked.map(() => undefined);
    expect(found(`{"a":${a},"list":[0,"y"],"\ufffd":1,"\\u00e9\\"":2}`)).toEqual([
      a,
      'x',
      'y',
      '[0,"y"]',
      undefined,
      'é',
      '2',
      undefined,
    ]);
    // Nothing of the text before is left, nor of a key's first value.
    expect(found('{"a":{"b":1,"c":[2]},"a":{"b":null}}')).toEqual(['{"b":null}', ...none.slice(1)]);
    expect(found('{"a":{"b":1},"list":[0,1]')).toEqual(none);
  });

  it('is found behind values of any depth', () => {
    for (const depth of [255, 256, 257, 100_000]) {
      const deep = `{"a":${'['.repeat(depth)}{}${']'.repeat(depth)},"b":2}`;
      expect(jsonAt(deep, ['b'])).toBe('2');
      expect(jsonAt(deep.replace('{}', '{]'), ['b'])).toBeUndefined();
    }
  });
});

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
