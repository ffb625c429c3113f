/**
 * Watches work that is under way for progress: `stalled` is called when none came for `timeoutMs`.
 *
 *   idle      nothing is under way; no timer runs.        `busy()` → watching
 *   watching  a timer runs; `busy()` and `progress()` set it back.   `idle()` → idle; the timer → suspecting
 *   suspecting  a process that was stopped (SIGSTOP, a suspended machine) finds its timers due before it hears of
 *             what its sockets did meanwhile: one turn of the event loop's I/O decides. Progress → watching,
 *             else stalled, once.
 */
export class Watchdog {
  readonly #timeoutMs: number;
  readonly #stalled: () => void;
  #timer: NodeJS.Timeout | undefined;
  #suspicion: NodeJS.Immediate | undefined;

  constructor(timeoutMs: number, stalled: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#stalled = stalled;
  }

  busy(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#suspect(), this.#timeoutMs);
    this.#timer.unref();
  }

  progress(): void {
    clearImmediate(this.#suspicion);
    this.#suspicion = undefined;
    this.#timer?.refresh();
  }

  idle(): void {
    clearImmediate(this.#suspicion);
    this.#suspicion = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #suspect(): void {
    // The first immediate may run before the next poll for I/O; the second cannot.
    this.#suspicion = setImmediate(() => {
      this.#suspicion = setImmediate(() => {
        this.idle();
        this.#stalled();
      });
    });
  }
}
