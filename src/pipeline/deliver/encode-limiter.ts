/**
 * Whose batch is encoded: one at a time for each receiver, from its beginning to its end. Batches that are encoded
 * chunk by chunk in rotation push each other's bytes out of the processor's cache, and each holds its unpacked logs
 * for all of that time.
 *
 * A batch that waits for the sink keeps its slot for a moment: a sink that is full has no room for others either. Then
 * other batches go on, for it may be another receiver that they write to, or an older connection; and whoever waited
 * stands in the queue again.
 */
import { type Clock, systemClock } from '../../core/time/clock.ts';

export interface EncodeSlot {
  /** Waits for a promise, without the slot when that takes long; rejects as it does. */
  during(wait: Promise<void>): Promise<void>;
  /** To be called once, also without the slot. */
  end(): void;
}

export interface EncodeLimiterOptions {
  /** How many have one at a time. */
  readonly count: number;
  /** How long a slot is kept while its owner waits. */
  readonly yieldAfterMs?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export class EncodeLimiter {
  readonly #yieldAfterMs: number;
  readonly #clock: Clock;
  readonly #queue: (() => void)[] = [];
  #free: number;

  constructor({ count, yieldAfterMs = 20, clock = systemClock }: EncodeLimiterOptions) {
    this.#clock = clock;
    this.#free = count;
    this.#yieldAfterMs = yieldAfterMs;
  }

  /** First come, first served. Rejects with the signal's reason when it aborts first, also within `during`. */
  async acquire(signal: AbortSignal): Promise<EncodeSlot> {
    await this.#acquire(signal);
    let hasSlot = true;
    const leave = () => {
      if (hasSlot) this.#pass();
      hasSlot = false;
    };
    return {
      during: async (wait) => {
        const timer = this.#clock.timer(this.#yieldAfterMs, leave);
        try {
          await wait;
        } finally {
          this.#clock.cancel(timer);
        }
        if (hasSlot) return;
        await this.#acquire(signal);
        hasSlot = true;
      },
      end: leave,
    };
  }

  async #acquire(signal: AbortSignal): Promise<void> {
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
