/**
 * Keeps this consumer in its group, on a timer of its own: nothing that is slow elsewhere delays it.
 *
 *   joining   no answer yet, or fenced. A successful beat → member.
 *   member    the last answer is younger than the group's timeout.
 *             No answer for the whole timeout, counted from when the last answered beat was *sent* (the server
 *             counts from when it heard us, which is later) → `onFenced`, joining: others may own our shards now.
 *   stopped   `stop()` was called; no beat follows.
 *
 * A failed beat is tried again after a quarter of the interval: several chances fit into the timeout.
 */
import { AppError, toAppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Clock, Timer } from '../time/clock.ts';

export interface HeartbeatOptions {
  readonly intervalMs: number;
  /** The group's timeout. */
  readonly timeoutMs: number;
  /** One beat: sends what is held, and acts on the answer. */
  readonly beat: (signal: AbortSignal) => Promise<void>;
  readonly onFenced: () => void;
  readonly log: Log;
  readonly clock: Clock;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #fence: Timer | undefined;
  #lastAnswered: Instant | undefined;
  #failures = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Unix milliseconds at which the last answered beat was sent; undefined while there is none. */
  get lastAnsweredAtMs(): number | undefined {
    return this.#lastAnswered?.wallMs;
  }

  /**
   * Our shards are ours: the last answered beat is younger than the group's timeout. Asked, and not told: a process that was
   * stopped may be about to send before its timers run.
   */
  get hasLease(): boolean {
    const last = this.#lastAnswered;
    return last !== undefined && this.#sinceMs(last) < this.#options.timeoutMs;
  }

  /** Beats once, so that a wrong configuration is seen at start (it rejects), and then goes on by itself. */
  async start(): Promise<void> {
    if (this.#running || this.#stopping.signal.aborted) return;
    try {
      await this.#once();
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.action !== 'retry') throw error;
      this.#onFailure(error);
    }
    this.#running ??= this.#loop();
  }

  /** Resolves when no beat is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#options.clock.cancel(this.#fence);
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { intervalMs, log, clock } = this.#options;
    const signal = this.#stopping.signal;
    while (!signal.aborted) {
      await clock.sleep(this.#failures === 0 ? intervalMs : intervalMs / 4, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#once();
        if (this.#failures > 0) log.info({ failures: this.#failures }, 'heartbeat answered again');
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#onFailure(error);
      }
    }
  }

  #onFailure(error: unknown): void {
    this.#failures++;
    const { log } = this.#options;
    log[this.#failures === 1 ? 'warn' : 'debug']({ err: error, failures: this.#failures }, 'heartbeat failed');
  }

  async #once(): Promise<void> {
    const { intervalMs, clock } = this.#options;
    const sent = this.#now();
    this.fenceIfOverdue();
    // Not `AbortSignal.any` with `AbortSignal.timeout`: nothing holds on to the latter, and collected it never aborts.
    const bound = new AbortController();
    const stop = () => bound.abort(this.#stopping.signal.reason);
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    const timer = clock.timer(intervalMs, () => bound.abort(lateError(intervalMs)));
    try {
      await this.#options.beat(bound.signal);
    } finally {
      clock.cancel(timer);
      this.#stopping.signal.removeEventListener('abort', stop);
    }
    if (this.#stopping.signal.aborted) return;
    this.#lastAnswered = sent;
    this.#armFence();
  }

  #armFence(): void {
    const { clock, timeoutMs } = this.#options;
    clock.cancel(this.#fence);
    const last = this.#lastAnswered;
    if (!last) return;
    this.#fence = clock.timer(timeoutMs - this.#sinceMs(last), () => this.fenceIfOverdue());
  }

  /** Also for who is about to send: a process that was stopped hears of its answers before its timers run. */
  fenceIfOverdue(): void {
    if (!this.#lastAnswered) return;
    if (this.hasLease) {
      this.#armFence();
      return;
    }
    this.#lastAnswered = undefined;
    this.#options.onFenced();
  }

  #now(): Instant {
    const { clock } = this.#options;
    return { monotonicMs: clock.monotonic(), wallMs: clock.now() };
  }

  /** The larger of two clocks: the monotonic one stands still while a machine sleeps, the wall clock can be set back. */
  #sinceMs(instant: Instant): number {
    const { monotonicMs, wallMs } = this.#now();
    return Math.max(monotonicMs - instant.monotonicMs, wallMs - instant.wallMs);
  }
}

interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** Of one beat: the next one may be answered, also the first of all. */
function lateError(intervalMs: number): AppError {
  const message = `a heartbeat was not answered within ${intervalMs / 1000} s`;
  return new AppError(message, { code: 'heartbeat-late', action: 'retry' });
}
