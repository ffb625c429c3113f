/** Measuring two ways of doing the same work side by side, so that a noisy machine disturbs both alike. */

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export interface Comparison {
  /** MB (10^6 bytes) of input a second, by the wall clock. */
  subject: Spread;
  baseline: Spread;
  /** Subject over baseline, pair by pair. */
  ratio: Spread;
  pairs: number;
}

export interface CompareOptions {
  /** Input of one call of `subject` or `baseline`. */
  readonly inputBytes: number;
  readonly subject: () => void;
  readonly baseline: () => void;
  readonly pairs: number;
  /** Each measurement repeats the work for at least so long. */
  readonly measureMs: number;
}

/** One warm-up of both, then pairs, each in turn first. */
export function compare({ inputBytes, subject, baseline, pairs, measureMs }: CompareOptions): Comparison {
  const rate = (work: () => void): number => megabytesPerSecond(work, inputBytes, measureMs);
  rate(subject);
  rate(baseline);
  const subjectRates: number[] = [];
  const baselineRates: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) subjectRates.push(rate(subject));
    baselineRates.push(rate(baseline));
    if (pair % 2 === 1) subjectRates.push(rate(subject));
  }
  return {
    subject: spreadOf(subjectRates),
    baseline: spreadOf(baselineRates),
    ratio: spreadOf(subjectRates.map((subjectRate, pair) => subjectRate / baselineRates[pair]!)),
    pairs,
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

function megabytesPerSecond(work: () => void, inputBytes: number, measureMs: number): number {
  const start = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  do {
    work();
    calls++;
    elapsedMs = performance.now() - start;
  } while (elapsedMs < measureMs);
  return (inputBytes * calls) / 1000 / elapsedMs;
}
