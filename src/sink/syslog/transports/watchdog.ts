/**
 * Watches work that is under way for progress: `stalled` is called when none came for `timeoutMs`.
 *
 *   idle      nothing is under way; no timer runs.        `busy()` → watching
 *   watching  a timer runs; `busy()` and `progress()` set it back.   `idle()` → idle; the timer → suspecting
 *   suspecting  a process that was stopped (SIGSTOP, a suspended machine) finds its timers due before it hears of
 *             what its sockets did meanwhile: one turn of the event loop's I/O decides. Progress → watching,
 *             else stalled, once.
 */
import type { Clock, Soon, Timer } from '../../../core/time/clock.ts';

export class Watchdog {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #stalled: () => void;
  #timer: Timer | undefined;
  #suspicion: Soon | undefined;

  constructor(clock: Clock, timeoutMs: number, stalled: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#stalled = stalled;
  }

  busy(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.timer(this.#timeoutMs, () => this.#suspect());
    this.#timer.unref();
  }

  progress(): void {
    this.#clock.cancelSoon(this.#suspicion);
    this.#suspicion = undefined;
    this.#timer?.refresh();
  }

  idle(): void {
    this.#clock.cancelSoon(this.#suspicion);
    this.#suspicion = undefined;
    this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  #suspect(): void {
    // The first immediate may run before the next poll for I/O; the second cannot.
    this.#suspicion = this.#clock.soon(() => {
      this.#suspicion = this.#clock.soon(() => {
        this.idle();
        this.#stalled();
      });
    });
  }
}
