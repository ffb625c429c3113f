/**
 * All time and all chance of the program: clocks, timers, waits, turns of the event loop, random numbers. A part that
 * needs any of it is given a `Clock`; nothing else in `src` touches the system's (a lint rule sees to that). So a whole
 * cluster runs in virtual time from one seed (docs/simulation.md).
 */

/** A call to come, once or again and again. */
export interface Timer {
  /** From now on, anew. Not one that was cancelled. */
  refresh(): unknown;
  /** The process need not live for it. */
  unref(): unknown;
}

/** A call in the next turn of the event loop. */
export type Soon = object;

/** What a clock is made of. */
export interface Ticks {
  /** Unix milliseconds. Somebody may set it, forwards or back. */
  now(): number;
  /** Milliseconds since some moment of this machine's: it never goes back, and nobody sets it. */
  monotonic(): number;
  /** 0 ≤ random() < 1. Nothing that must not be guessed depends on it. */
  random(): number;
  timer(ms: number, onDue: () => void): Timer;
  interval(ms: number, onDue: () => void): Timer;
  /** Without effect where there is none, or it was called already. */
  cancel(timer: Timer | undefined): void;
  /** Behind what the event loop has to do now, its input and output included. */
  soon(run: () => void): Soon;
  cancelSoon(soon: Soon | undefined): void;
}

export interface SleepOptions {
  /** Ends it early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The process need not live for it. */
  readonly unref?: boolean;
}

export interface Clock extends Ticks {
  sleep(ms: number, options?: SleepOptions): Promise<void>;
  /** Resolves in the next turn of the event loop. */
  turn(): Promise<void>;
  /** Aborts after `ms`, with a `TimeoutError`; the process need not live for it. */
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

/** This machine's. Looks its functions up at each call: a test may have put others in their place. */
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
