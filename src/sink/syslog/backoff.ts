/**
 * Exponential backoff with full jitter: each delay is drawn evenly from 0 to a cap that doubles, so that a fleet
 * that lost the same receiver does not come back in step. Pure.
 */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  /** The last attempt was a success worth the name. */
  reset(): void;
}

export function createBackoff(minMs: number, maxMs: number, random: () => number): Backoff {
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
