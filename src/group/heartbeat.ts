/**
 * Keeps this consumer in its group, on a timer of its own: nothing that is slow elsewhere delays it.
 *
 *   joining   no answer yet, or fenced. An answered beat → member.
 *   member    the last answered beat is younger than the group's timeout.
 *             No answer for the whole timeout, counted from when the last answered beat was *sent* (the server
 *             counts from when it heard us, which is later) → `onFenced`, joining: others may own our shards now.
 *   stopped   `stop()` was called; no beat follows.
 *
 * Beats overlap: a beat has not failed while it may still be answered in time, and the next one does not wait for it.
 * Only the answer to the latest beat counts, for what it says; for the lease, each answer counts from when its beat was
 * sent. A beat that has failed is followed by another after a quarter of the interval: several chances fit into the
 * timeout.
 */
import { AppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Clock, Timer } from '../core/time/clock.ts';
import type { Phase } from './service/log-service.ts';

export interface HeartbeatOptions {
  readonly intervalMs: () => number;
  /** The group's timeout. */
  readonly timeoutMs: () => number;
  /** One beat: sends what is held. @returns what is to be done about the answer */
  readonly beat: (phase: Phase, signal: AbortSignal) => Promise<() => void>;
  readonly onFenced: () => void;
  readonly log: Log;
  readonly clock: Clock;
}

/** While a beat is not answered, the next one leaves after this share of the timeout: so many are under way at most. */
const shareOfTimeout = 1 / 4;
const shareAfterFailure = 1 / 4;
/** Beats that are asked for keep this distance. */
const closestMs = 200;

interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  /** Who waits for a beat that is sent from now on to be answered. */
  #waiting: { readonly after: number; readonly resolve: (isAnswered: boolean) => void }[] = [];
  #starting: Promise<void> | undefined;
  #timer: Timer | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #fence: Timer | undefined;
  /** Beats are numbered as they are sent. */
  #sent = 0;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #answered = 0;
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
    return last !== undefined && this.#sinceMs(last) < this.#options.timeoutMs();
  }

  /** Beats once, so that a wrong configuration is seen at start (it rejects), and then goes on by itself. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** The next beat leaves at once. */
  soon(): void {
    this.#schedule(Math.max(0, this.#sentAtMs + this.#closestMs - this.#nowMs()));
  }

  /** The interval or the timeout is another now. */
  termsChanged(): void {
    if (this.#sent > 0) this.#schedule(Math.max(0, this.#sentAtMs + this.#options.intervalMs() - this.#nowMs()));
    if (this.#lastAnswered) this.fenceIfOverdue();
  }

  /** Resolves when a beat that is sent from now on is answered; with false when none is before we are fenced or stopped. */
  nextAnswer(): Promise<boolean> {
    if (this.#stopping.signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push({ after: this.#sent, resolve });
      this.soon();
    });
  }

  /** Resolves when no beat is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#options.clock.cancel(this.#fence);
    this.#options.clock.cancel(this.#timer);
    this.#resolveWaiting(Number.POSITIVE_INFINITY, false);
    await Promise.all(this.#underWay);
  }

  async #start(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    let fatal: AppError | undefined;
    await this.#send('start', (error) => {
      if (error instanceof AppError && error.action === 'fatal') fatal = error;
    });
    if (fatal === undefined) return;
    this.#stopping.abort();
    this.#options.clock.cancel(this.#timer);
    throw fatal;
  }

  /** At most so long until the next beat. */
  #schedule(ms: number): void {
    const { clock } = this.#options;
    const dueAtMs = this.#nowMs() + ms;
    if (this.#stopping.signal.aborted || this.#sent === 0 || dueAtMs >= this.#dueAtMs) return;
    clock.cancel(this.#timer);
    this.#dueAtMs = dueAtMs;
    this.#timer = clock.timer(ms, () => void this.#send('running'));
  }

  #send(phase: Phase, onError?: (error: unknown) => void): Promise<void> {
    const sending = this.#beat(phase, ++this.#sent, onError);
    this.#underWay.add(sending);
    void sending.finally(() => this.#underWay.delete(sending));
    return sending;
  }

  async #beat(phase: Phase, beat: number, onError?: (error: unknown) => void): Promise<void> {
    const { intervalMs, timeoutMs } = this.#options;
    const sent = this.#now();
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    this.#sentAtMs = sent.monotonicMs;
    this.fenceIfOverdue();
    this.#schedule(Math.max(intervalMs(), timeoutMs() * shareOfTimeout));
    try {
      const act = await this.#bounded((signal) => this.#options.beat(phase, signal));
      if (!this.#stopping.signal.aborted) this.#onAnswer(beat, sent, act);
    } catch (error) {
      onError?.(error);
      if (!this.#stopping.signal.aborted && beat > this.#answered) this.#onFailure(error);
    }
  }

  #onAnswer(beat: number, sent: Instant, act: () => void): void {
    const { log, intervalMs } = this.#options;
    if (this.#failures > 0) log.info({ failures: this.#failures }, 'heartbeat answered again');
    this.#failures = 0;
    if (!this.#lastAnswered || this.#lastAnswered.monotonicMs < sent.monotonicMs) {
      this.#lastAnswered = sent;
      this.#armFence();
    }
    if (beat > this.#answered) {
      this.#answered = beat;
      act();
    }
    this.#resolveWaiting(beat, true);
    this.#schedule(Math.max(0, this.#sentAtMs + intervalMs() - this.#nowMs()));
  }

  #onFailure(error: unknown): void {
    this.#failures++;
    const { log, intervalMs } = this.#options;
    log[this.#failures === 1 ? 'warn' : 'debug']({ err: error, failures: this.#failures }, 'heartbeat failed');
    this.#schedule(intervalMs() * shareAfterFailure);
  }

  /** A heartbeat has what is left of the lease: an answer that comes later keeps nothing. */
  async #bounded<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { intervalMs, timeoutMs, clock } = this.#options;
    const last = this.#lastAnswered;
    const leaseMs = last ? timeoutMs() - this.#sinceMs(last) : timeoutMs();
    const boundMs = Math.max(intervalMs(), leaseMs);
    // Not `AbortSignal.any` with `AbortSignal.timeout`: nothing holds on to the latter, and collected it never aborts.
    const bound = new AbortController();
    const stop = () => bound.abort(this.#stopping.signal.reason);
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    const timer = clock.timer(boundMs, () => bound.abort(lateError(boundMs)));
    try {
      return await request(bound.signal);
    } finally {
      clock.cancel(timer);
      this.#stopping.signal.removeEventListener('abort', stop);
    }
  }

  #armFence(): void {
    const { clock, timeoutMs } = this.#options;
    clock.cancel(this.#fence);
    const last = this.#lastAnswered;
    if (!last) return;
    this.#fence = clock.timer(timeoutMs() - this.#sinceMs(last), () => this.fenceIfOverdue());
  }

  /** Also for who is about to send: a process that was stopped hears of its answers before its timers run. */
  fenceIfOverdue(): void {
    if (!this.#lastAnswered) return;
    if (this.hasLease) {
      this.#armFence();
      return;
    }
    this.#lastAnswered = undefined;
    this.#resolveWaiting(Number.POSITIVE_INFINITY, false);
    this.#options.onFenced();
    this.soon();
  }

  #resolveWaiting(beat: number, isAnswered: boolean): void {
    const done = this.#waiting.filter(({ after }) => after < beat);
    this.#waiting = this.#waiting.filter(({ after }) => after >= beat);
    for (const { resolve } of done) resolve(isAnswered);
  }

  get #closestMs(): number {
    return Math.min(closestMs, this.#options.intervalMs() * shareAfterFailure);
  }

  #nowMs(): number {
    return this.#options.clock.monotonic();
  }

  #now(): Instant {
    return { monotonicMs: this.#nowMs(), wallMs: this.#options.clock.now() };
  }

  /** The larger of two clocks: the monotonic one stands still while a machine sleeps, the wall clock can be set back. */
  #sinceMs(instant: Instant): number {
    const { monotonicMs, wallMs } = this.#now();
    return Math.max(monotonicMs - instant.monotonicMs, wallMs - instant.wallMs);
  }
}

/** Of one beat: the next one may be answered, also the first of all. */
function lateError(boundMs: number): AppError {
  const message = `a heartbeat was not answered within ${Math.round(boundMs / 100) / 10} s`;
  return new AppError(message, { code: 'heartbeat-late', action: 'retry' });
}
