/** What a section of the benchmark is to `main.ts`. */

export interface SectionOptions {
  /** A glance instead of a measurement: few and short runs. */
  readonly quick: boolean;
}

export interface SectionResult {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** False where a floor was missed. */
  readonly passed: boolean;
  /** The figures behind the rows, for `results.json`. */
  readonly figures: unknown;
}

export type Section = (options: SectionOptions) => SectionResult | Promise<SectionResult>;
