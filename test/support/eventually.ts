/** Waiting for what comes by itself, in real time: for long, since the machine may have others to serve. */
import { vi } from 'vitest';

/** Until the assertions in it hold. */
export function eventually<T>(check: () => T | Promise<T>, withinMs = 60_000): Promise<T> {
  return vi.waitFor(check, { timeout: withinMs, interval: 5 });
}
