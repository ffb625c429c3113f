/**
 * Exponential backoff with full jitter: each delay is drawn evenly between 0 and a cap that doubles, so that processes
 * which failed together do not retry in step, not even at the highest cap. Pure.
 */
export interface BackoffLimits {
  /** The first cap. */
  readonly minMs: number;
  /** The highest cap. */
  readonly maxMs: number;
}

export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  /** The last attempt has succeeded: begins at the first cap again. */
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
