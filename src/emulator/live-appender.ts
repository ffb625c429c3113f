/** Appends logs at a steady rate: every tick appends the logs that are due by the clock, so a late tick loses none. */
import type { Clock, Timer } from '../core/time/clock.ts';

const TICK_MS = 50;

export interface LiveAppender {
  /** 0 stops. */
  setRate(logsPerSecond: number): void;
}

/** @param append called with the number of logs that are due */
export function createLiveAppender(append: (logs: number) => void, clock: Clock): LiveAppender {
  let timer: Timer | undefined;

  return {
    setRate(logsPerSecond) {
      clock.cancel(timer);
      if (logsPerSecond <= 0) return;
      const startMs = clock.monotonic();
      let appended = 0;
      timer = clock.interval(TICK_MS, () => {
        const due = Math.floor(((clock.monotonic() - startMs) * logsPerSecond) / 1000) - appended;
        if (due <= 0) return;
        appended += due;
        append(due);
      });
    },
  };
}
