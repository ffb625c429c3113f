/** Appends logs at a steady rate: every tick brings up what is due by the clock, so that a late tick loses nothing. */

const TICK_MS = 50;

export interface LiveAppender {
  /** 0 stops. */
  setRate(logsPerSecond: number): void;
}

/** @param append called with a whole number of logs that are due now */
export function createLiveAppender(append: (logs: number) => void): LiveAppender {
  let timer: NodeJS.Timeout | undefined;

  return {
    setRate(logsPerSecond) {
      clearInterval(timer);
      if (logsPerSecond <= 0) return;
      const startMs = performance.now();
      let appended = 0;
      timer = setInterval(() => {
        const due = Math.floor(((performance.now() - startMs) * logsPerSecond) / 1000) - appended;
        if (due <= 0) return;
        appended += due;
        append(due);
      }, TICK_MS);
    },
  };
}
