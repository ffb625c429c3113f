/** Waiting between two attempts. */

export interface Backoff {
  /** The upper bound of the first wait; it doubles with each attempt. */
  readonly minMs: number;
  /** What the bound grows to. */
  readonly maxMs: number;
}

export const defaultBackoff: Backoff = { minMs: 100, maxMs: 30_000 };

/**
 * Full jitter: anything from 0 to the bound is as likely, at the cap too, so that a fleet that failed together does
 * not come back together.
 * @param attempt that has failed, from 1
 */
export function backoffMs(attempt: number, { minMs, maxMs }: Backoff, random: () => number = Math.random): number {
  return random() * Math.min(maxMs, minMs * 2 ** (attempt - 1));
}

/** Resolves after `ms`, and at once when one of the signals aborts. */
export function pause(ms: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    for (const signal of signals) signal.addEventListener('abort', done, { once: true });
    if (signals.some((signal) => signal.aborted)) done();
  });
}
