import { describe, expect, test } from 'vitest';
import { regexText } from '../../../src/rules/regex.ts';
import { complaint, utf8 } from '../../support/arbitraries/rules-form.ts';

const matches = (source: string, value: Uint8Array | string) =>
  regexText.parse(source).matches(typeof value === 'string' ? utf8(value) : value);

describe('a regular expression', () => {
  test.each<[string, string, boolean]>([
    ['b', 'abc', true],
    ['^b', 'abc', false],
    ['^abc$', 'abc', true],
    ['^abc$', 'abc\n', false],
    ['(?i)ERROR|fatal', 'an Error', true],
    ['a.c', 'a\nc', false],
    ['(?s)a.c', 'a\nc', true],
    ['(?m)^b$', 'a\nb\nc', true],
    [String.raw`\b(\d{1,3}\.){3}\d{1,3}\b`, 'from 10.0.0.7:', true],
    ['[[:alpha:]]+', '123', false],
    [String.raw`^\p{Han}+$`, '登录', true],
    ['^..$', '登录', true],
    ['^.$', '😀', true],
  ])('%s on %s', (source, value, expected) => {
    expect(matches(source, value)).toBe(expected);
  });

  test('takes bytes that are no UTF-8 for U+FFFD, one for each maximal subpart', () => {
    const value = Uint8Array.of(0x61, 0xff, 0xe7, 0x99, 0x62);
    expect(matches('^a..b$', value)).toBe(true);
    expect(matches(String.raw`^a\x{FFFD}{2}b$`, value)).toBe(true);
  });

  test('looks at the value, and not at the memory around it', () => {
    const memory = utf8('xaby');
    expect(matches('^ab$', memory.subarray(1, 3))).toBe(true);
  });

  test.each([
    ['a(?=b)', 'RE2 does not have a look-ahead or look-behind, at character 2'],
    ['a(?!b)', 'RE2 does not have a look-ahead or look-behind, at character 2'],
    ['登(?<=b)c', 'RE2 does not have a look-ahead or look-behind, at character 2'],
    ['(?<!b)c', 'RE2 does not have a look-ahead or look-behind, at character 1'],
    [String.raw`(a)\\\1`, 'RE2 does not have a back-reference, at character 6'],
    [String.raw`(?<n>a)\k<n>`, 'RE2 does not have a back-reference, at character 8'],
    [String.raw`\Q(?=\E(?=a)`, 'RE2 does not have a look-ahead or look-behind, at character 8'],
    ['[(?=](?=a)', 'RE2 does not have a look-ahead or look-behind, at character 6'],
    ['(?>a)', 'RE2 does not have an atomic group, at character 1'],
    ['ba++', 'RE2 does not have a possessive quantifier, at character 3'],
    ['a(?#b)', 'RE2 does not have a comment, at character 2'],
    [String.raw`\u20ac`, String.raw`RE2 does not have \u; write a character by its number as \x{20ac}, at character 1`],
    [String.raw`a\Z`, String.raw`RE2 does not have \Z; write \z for the end of the text, at character 2`],
    ['a)', 'unexpected )'],
    ['(a', 'missing closing )'],
    ['ab[c', 'missing closing ], at character 3'],
    ['x[z-a]', 'invalid character class range, at character 3'],
    ['a**', 'invalid nested repetition operator, at character 2'],
    ['a{1001}', 'invalid repeat count, at character 2'],
    ['a\\', 'trailing backslash at end of expression'],
    [String.raw`\p{Foo}`, 'invalid character class range, at character 1'],
  ])('%s is refused, with the place', (source, phrase) => {
    expect(complaint(regexText, source)).toBe(`is not a regular expression in RE2's syntax: ${phrase}`);
  });

  test.each(['x'.repeat(1001), '(a{1,30}){1,30}', '((a{1,100}){1,100}){1,100}'])(
    'that would cost too much a byte is refused: %s',
    (source) => {
      expect(complaint(regexText, source)).toMatch(
        /is too large an expression: \d+ steps of at most 1000|repeat count/,
      );
    },
  );

  test('that nests too deeply is refused, and not by the end of the stack', () => {
    expect(complaint(regexText, '('.repeat(5_000) + ')'.repeat(5_000))).toMatch(/nests too deeply/);
  });

  test('a complaint does not repeat the expression', () => {
    expect(complaint(regexText, 'secret(?=secret)')).not.toContain('secret');
  });
});
