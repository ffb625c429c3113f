import type { Clock } from '../core/time/clock.ts';

/** Resolves after `ms`, and at once when one of the signals aborts. */
export function pause(ms: number, signals: readonly AbortSignal[], clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clock.cancel(timer);
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.timer(ms, done);
    for (const signal of signals) signal.addEventListener('abort', done, { once: true });
    if (signals.some((signal) => signal.aborted)) done();
  });
}
