/** No regular expression of a user's, and no value, makes the daemon stand still: time grows with the value, and no faster. */
import { describe, expect, test } from 'vitest';
import { MAX_REGEX_SIZE, regexText } from '../../src/rules/regex.ts';
import { utf8 } from '../support/arbitraries/rules-form.ts';

const random = (length: number) => {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 16) & 1 ? 'a' : 'b';
  }).join('');
};

/** The classics, with values that make a backtracking engine try everything. */
const catastrophic: readonly (readonly [source: string, textOf: (length: number) => string])[] = [
  ['^(a+)+$', (length) => `${'a'.repeat(length)}!`],
  ['^(a*)*$', (length) => `${'a'.repeat(length)}!`],
  ['^(a|aa)+$', (length) => `${'a'.repeat(length)}!`],
  ['^(a|a)*$', (length) => `${'a'.repeat(length)}!`],
  ['(x+x+)+y', (length) => `y${'x'.repeat(length)}`],
  ['^([a-zA-Z0-9]+\\s?)*$', (length) => `${'a'.repeat(length)}!`],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', (length) => 'a'.repeat(length)],
  ['(.*)*[zZ]$', (length) => 'a'.repeat(length)],
  ['^(.*?,){11}P', (length) => '1,2,3,'.repeat(length / 6)],
  ['\\s+$', (length) => `${' '.repeat(length)}!`],
  ['.*.*.*=.*[!]', (length) => '='.repeat(length)],
  // Too many states for an automaton that is deterministic: each way that the engine has is tried.
  ['[ab]*a[ab]{200}[cd]', random],
  [`a[ab]{${MAX_REGEX_SIZE - 10}}[cd]`, random],
];

/** The least of several runs: what other processes take is not counted. */
function timeMs(source: string, value: Uint8Array, runs: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    // Compiled anew: what one run has learnt must not make the next one short.
    const { matches } = regexText.parse(source);
    const start = performance.now();
    matches(value);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

describe.each(catastrophic)('%s', (source, textOf) => {
  // One that doubles its time with each character would need 1,000 times as long for 10 more: RegExp does.
  test('does not take exponential time', () => {
    const [short, long] = [14, 24].map((length) => timeMs(source, utf8(textOf(length)), 5));
    expect(long! / short!).toBeLessThan(50);
  });

  // 16 times the length: a quadratic one would need 256 times as long.
  test('takes time linear in the length', () => {
    const [short, long] = [4_096, 65_536].map((length) => timeMs(source, utf8(textOf(length)), 3));
    expect(long! / short!).toBeLessThan(100);
  });
});
