/** What a row of the table is to `main.ts`. */
import type { Spread } from './pairs.ts';

export interface RunOptions {
  /** A glance instead of a measurement: it only has to run. */
  readonly quick: boolean;
  /** What has to stay as it is for minutes is watched for minutes. */
  readonly long: boolean;
}

/** Held against the median, unless the measurement has a verdict of its own. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

export interface Measured {
  /** In the row's unit. */
  readonly spread: Spread;
  /** How many values that is. */
  readonly count: number;
  /** Where the target is about more than the median. */
  readonly passed?: boolean;
  /** What has to be known to read the figure. */
  readonly note?: string;
  /** What else was measured, for results.json. */
  readonly figures?: Readonly<Record<string, unknown>>;
}

export interface Row {
  readonly what: string;
  /** Absent: the figure is only shown. */
  readonly target?: Target;
  /** Behind the figures; empty for a ratio. */
  readonly unit: string;
  readonly digits: number;
  measure(options: RunOptions): Promise<Measured> | Measured;
}

/** @returns true when the target is met */
export function meets(target: Target | undefined, { passed, spread }: Measured): boolean {
  if (passed !== undefined) return passed;
  if (target === undefined) return true;
  return 'atMost' in target ? spread.median <= target.atMost : spread.median >= target.atLeast;
}

export function describeTarget(target: Target | undefined, unit: string): string {
  if (target === undefined) return 'none';
  return 'atMost' in target ? `≤ ${target.atMost}${unit}` : `≥ ${target.atLeast}${unit}`;
}

export function describeSpread({ median, min, max }: Spread, digits: number, unit: string): string {
  return `${median.toFixed(digits)}${unit} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}
