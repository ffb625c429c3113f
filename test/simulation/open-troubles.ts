/**
 * Troubles that are known, and not mended yet: what a world must have for them, and who has told of them. The worlds of
 * every day are drawn without; here it is proven that the simulation finds each (open-troubles.test.ts). Who mends one
 * takes its line out, and its `hazard` off the fault: from then on it is drawn like any other.
 */
export interface OpenTrouble {
  /** What `--hazard` takes. */
  readonly hazard: string;
  /** Issue and row. */
  readonly told: string;
  readonly what: string;
  /** Which of them it breaks. */
  readonly invariants: readonly string[];
  /** It is found by this one; by another of the first 200 where the worlds have changed. */
  readonly seed: string;
}

/** None at present. */
export const openTroubles: readonly OpenTrouble[] = [];
