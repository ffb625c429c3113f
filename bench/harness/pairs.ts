/** Measuring two ways of doing the same work side by side, so that a noisy machine disturbs both alike. */
import type { Measured } from './row.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/**
 * Each of the two is measured once a pair, and goes first in every other one.
 * @returns subject over floor, pair by pair; both alone are among the figures
 */
export async function ratioOfPairs(
  pairs: number,
  subject: () => Promise<number> | number,
  floor: () => Promise<number> | number,
): Promise<Measured> {
  const subjects: number[] = [];
  const floors: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) subjects.push(await subject());
    floors.push(await floor());
    if (pair % 2 === 1) subjects.push(await subject());
  }
  const ratios = subjects.map((value, pair) => value / floors[pair]!);
  return {
    spread: spreadOf(ratios),
    count: pairs,
    figures: { subject: spreadOf(subjects), floor: spreadOf(floors), ratios },
  };
}

/**
 * @param work does it once, and says how many milliseconds of it count
 * @returns MB (10^6 bytes) of input a second, over calls that take at least `measureMs`
 */
export function megabytesPerSecond(work: () => number, inputBytes: number, measureMs: number): number {
  let calls = 0;
  let elapsedMs = 0;
  for (; elapsedMs < measureMs; calls++) elapsedMs += work();
  return (inputBytes * calls) / 1000 / elapsedMs;
}

export function timed(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}
