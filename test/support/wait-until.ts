/** Waiting for an event that can only be looked for; without vitest, so that scripts can use it too. */
import { type Clock, systemClock } from '../../src/core/time/clock.ts';

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * Until `check` does not throw.
 * @returns what it returned
 * @throws what it threw last, after the timeout
 */
export async function waitUntil<T>(check: () => T | Promise<T>, options: WaitOptions = {}): Promise<T> {
  const { timeoutMs = 60_000, intervalMs = 20, clock = systemClock } = options;
  const deadlineMs = clock.monotonic() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (clock.monotonic() > deadlineMs) throw error;
    }
    await clock.sleep(intervalMs);
  }
}
