/**
 * Whose batch is encoded: one at a time for each receiver, from its beginning to its end. Batches that are encoded
 * chunk by chunk in rotation push each other's bytes out of the processor's cache, and each holds its unpacked logs
 * for all of that time.
 *
 * Whoever has a turn and waits for the sink keeps it for a moment: a sink that is full has no room for others either.
 * Then others go on, for it may be another receiver that they write to, or an older connection; and whoever waited
 * stands in the queue again.
 */
import { type Clock, systemClock } from '../../core/time/clock.ts';

export interface Turn {
  /** Waits for a promise, without the turn when that takes long; rejects as it does. */
  during(wait: Promise<void>): Promise<void>;
  /** To be called once, also without the turn. */
  end(): void;
}

export interface TurnsOptions {
  /** How many have one at a time. */
  readonly count: number;
  /** How long a turn is kept while its owner waits. */
  readonly patienceMs?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export class Turns {
  readonly #patienceMs: number;
  readonly #clock: Clock;
  readonly #queue: (() => void)[] = [];
  #free: number;

  constructor({ count, patienceMs = 20, clock = systemClock }: TurnsOptions) {
    this.#clock = clock;
    this.#free = count;
    this.#patienceMs = patienceMs;
  }

  /** First come, first served. Rejects with the signal's reason when it aborts first, also within `during`. */
  async take(signal: AbortSignal): Promise<Turn> {
    await this.#take(signal);
    let hasTurn = true;
    const leave = () => {
      if (hasTurn) this.#pass();
      hasTurn = false;
    };
    return {
      during: async (wait) => {
        const timer = this.#clock.timer(this.#patienceMs, leave);
        try {
          await wait;
        } finally {
          this.#clock.cancel(timer);
        }
        if (hasTurn) return;
        await this.#take(signal);
        hasTurn = true;
      },
      end: leave,
    };
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#queue.splice(this.#queue.indexOf(grant), 1);
        reject(signal.reason);
      };
      const grant = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(grant);
    });
  }

  #pass(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#free++;
  }
}
