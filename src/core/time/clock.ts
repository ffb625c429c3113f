/**
 * All time and chance of the program: clocks, timers, waits, turns of the event loop, random numbers. Code that needs
 * them takes a `Clock`; nothing else in `src` uses the system's (a lint rule checks that). So the simulation runs a
 * whole cluster in virtual time from one seed (docs/simulation.md).
 */

/** A timer, for one call or repeated ones. */
export interface Timer {
  /** Starts the time anew. Not for a cancelled timer. */
  refresh(): unknown;
  /** The timer does not keep the process alive. */
  unref(): unknown;
}

/** A call in the next turn of the event loop. */
export type Soon = object;

/** The primitives of a clock: `createClock` adds the rest. */
export interface Ticks {
  /** Unix milliseconds. May be set, forwards or back. */
  now(): number;
  /** Milliseconds since an arbitrary moment: never goes back, and cannot be set. */
  monotonic(): number;
  /** 0 ≤ random() < 1. Not for secrets. */
  random(): number;
  timer(ms: number, onDue: () => void): Timer;
  interval(ms: number, onDue: () => void): Timer;
  /** Without effect on undefined, and on a timer that has fired. */
  cancel(timer: Timer | undefined): void;
  /** Runs in the next turn of the event loop, after pending input and output. */
  soon(run: () => void): Soon;
  cancelSoon(soon: Soon | undefined): void;
}

export interface SleepOptions {
  /** Ends the sleep early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The sleep does not keep the process alive. */
  readonly unref?: boolean;
}

export interface Clock extends Ticks {
  sleep(ms: number, options?: SleepOptions): Promise<void>;
  /** Resolves in the next turn of the event loop. */
  turn(): Promise<void>;
  /** Aborts after `ms`, with a `TimeoutError`; does not keep the process alive. */
  deadline(ms: number): AbortSignal;
}

export function createClock(ticks: Ticks): Clock {
  return {
    ...ticks,
    sleep: (ms, { signal, unref } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const onAbort = () => {
          ticks.cancel(timer);
          reject(signal?.reason);
        };
        const timer = ticks.timer(ms, () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        });
        if (unref) timer.unref();
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
    turn: () => new Promise((resolve) => ticks.soon(resolve)),
    deadline: (ms) => {
      const controller = new AbortController();
      const message = `it took more than ${ms} ms`;
      ticks.timer(ms, () => controller.abort(new DOMException(message, 'TimeoutError'))).unref();
      return controller.signal;
    },
  };
}

/** The system's clock. Looks its functions up at each call, as a test may have replaced them. */
export const systemClock: Clock = createClock({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  timer: (ms, onDue) => setTimeout(onDue, ms),
  interval: (ms, onDue) => setInterval(onDue, ms),
  cancel: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  soon: (run) => setImmediate(run),
  cancelSoon: (soon) => clearImmediate(soon as NodeJS.Immediate | undefined),
});
