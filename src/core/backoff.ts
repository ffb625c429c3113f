/**
 * Exponential backoff with full jitter: each delay is drawn evenly from 0 to a cap that doubles, so that a fleet
 * that failed together does not come back in step, at the cap neither. Pure.
 */
export interface BackoffLimits {
  /** The first cap. */
  readonly minMs: number;
  /** What the cap grows to. */
  readonly maxMs: number;
}

export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  /** The last attempt was a success worth the name. */
  reset(): void;
}

/** @param random 0 ≤ random() < 1 */
export function createBackoff({ minMs, maxMs }: BackoffLimits, random: () => number): Backoff {
  let capMs = minMs;
  return {
    next() {
      const delayMs = random() * capMs;
      capMs = Math.min(maxMs, capMs * 2);
      return delayMs;
    },
    reset() {
      capMs = minMs;
    },
  };
}
