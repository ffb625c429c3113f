/** A signal that aborts with the first of several signals or a time-out, and leaves no listeners behind. */
import type { Clock } from './clock.ts';

export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time-out was first. */
  readonly expired: boolean;
  dispose(): void;
}

/**
 * Aborts when one of the signals does, with its reason, or after `timeoutMs`. (`AbortSignal.any` leaves something
 * behind at each use on a signal that lives as long as the process.)
 */
export function createDeadline(signals: readonly AbortSignal[], timeoutMs: number, clock: Clock): Deadline {
  const controller = new AbortController();
  let expired = false;
  const timer = clock.timer(timeoutMs, () => {
    expired = true;
    controller.abort();
  });
  const listeners = signals.map((signal) => () => controller.abort(signal.reason));
  for (const [i, signal] of signals.entries()) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener('abort', listeners[i]!, { once: true });
  }
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    dispose() {
      clock.cancel(timer);
      for (const [i, signal] of signals.entries()) signal.removeEventListener('abort', listeners[i]!);
    },
  };
}

/** Settles as the promise does, or rejects with the signal's reason if that comes first. */
export function abortable<T>(promise: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    Promise.resolve(promise)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
