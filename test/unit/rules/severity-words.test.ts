import { describe, expect, test } from 'vitest';
import { severityMapSchema, severityOfWord, usualWords } from '../../../src/rules/severity-words.ts';
import { severityNames } from '../../../src/schema/syslog-names.ts';
import { complaints, parsed, utf8 } from '../../support/arbitraries/rules-form.ts';

const usual = severityOfWord();
const nameOf = (number: number | undefined) => (number === undefined ? undefined : severityNames[number]);

describe('the severity that a word stands for', () => {
  test.each([
    ['ERROR', 'err'],
    ['warn', 'warning'],
    ['Warning', 'warning'],
    ['5', 'notice'],
    ['0', 'emerg'],
    ['7', 'debug'],
    ['critical', 'crit'],
    ['FATAL', 'crit'],
    ['notice', 'notice'],
    ['information', 'info'],
    ['Informational', 'info'],
    ['SEVERE', 'err'],
    ['FINEST', 'debug'],
    ['trace', 'debug'],
    ['panic', 'emerg'],
    ['I', 'info'],
    ['W', 'warning'],
    ['E', 'err'],
    ['F', 'crit'],
    [' info\t', 'info'],
  ])('%s is %s', (word, name) => {
    expect(nameOf(usual(utf8(word)))).toBe(name);
  });

  test.each([
    '',
    '8',
    '-1',
    '05',
    'Metadata',
    'errors',
    'e r r',
    'constructor',
    'x'.repeat(100),
    `${' '.repeat(100)}err`,
  ])('there is none for %j', (word) => {
    expect(usual(utf8(word))).toBeUndefined();
  });

  test('no word stands for two', () => {
    const words = severityNames.flatMap((name) => [name, ...usualWords[name]]);
    expect(new Set(words).size).toBe(words.length);
  });

  test('bytes that are no UTF-8 are no word, wherever in memory they are', () => {
    expect(usual(Uint8Array.of(0xff))).toBeUndefined();
    expect(usual(utf8('xerrx').subarray(1, 4))).toBe(3);
  });
});

describe('a map of one’s own', () => {
  test('counts before the usual words, in any case', () => {
    const own = severityOfWord(parsed(severityMapSchema, '{Fatal: emerg, 高: alert, "3": 7}'));
    expect(['FATAL', '高', '3', '4', 'error'].map((word) => own(utf8(word)))).toEqual([0, 1, 7, 4, 3]);
  });

  test.each<[string, readonly string[]]>([
    ['[high]', [': is not a mapping']],
    ['{high: [err]}', ['.high: is not a plain value']],
    [
      '{high: bad, low: 8}',
      [
        '.high: is no severity; give 0 to 7 or one of emerg, alert, crit, err, warning, notice, info, debug',
        '.low: is no severity: they go from 0 to 7',
      ],
    ],
    [
      '{high: err, HIGH: crit}',
      ['.HIGH: is the severity of a word that is given twice; upper and lower case make no difference'],
    ],
    ['{"": err}', ['[""]: is the severity of an empty word; give a word']],
  ])('%s is refused', (yaml, expected) => {
    expect(complaints(severityMapSchema, yaml)).toEqual(expected);
  });
});
