/**
 * Sends heartbeats, which keep this consumer in its group, on a timer of its own: slow work elsewhere does not delay
 * them.
 *
 *   joining   no answer yet, or fenced. An answered heartbeat → member.
 *   member    the last answered heartbeat was sent less than the group's timeout ago.
 *             No answer for the whole timeout, counted from when the last answered heartbeat was *sent* (the service
 *             counts from when it arrived, which is later) → `onFenced`, joining: others may own our shards now.
 *   stopped   `stop()` was called; no heartbeat follows.
 *
 * Heartbeats overlap: the next one does not wait for an answer to the last. The shards that an answer grants count only
 * if it answers the latest heartbeat; each answer extends the lease, from when its heartbeat was sent. A failed
 * heartbeat is followed by another after a quarter of the interval: several fit into the timeout.
 */
import { AppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Clock, Timer } from '../core/time/clock.ts';
import type { Phase } from './service/log-service.ts';

export interface HeartbeatOptions {
  readonly intervalMs: () => number;
  /** The group's timeout. */
  readonly timeoutMs: () => number;
  /** Sends one heartbeat. @returns acts on the answer */
  readonly send: (phase: Phase, signal: AbortSignal) => Promise<() => void>;
  readonly onFenced: () => void;
  readonly log: Log;
  readonly clock: Clock;
}

/** An unanswered heartbeat is followed by the next after this share of the timeout: four are under way at most. */
const shareOfTimeout = 1 / 4;
const shareAfterFailure = 1 / 4;
/** Least time between two heartbeats that `soon` asks for. */
const closestMs = 200;

interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  /** Callers of `nextAnswer`: each waits for an answer to a heartbeat after number `after`. */
  #waiting: { readonly after: number; readonly resolve: (isAnswered: boolean) => void }[] = [];
  #starting: Promise<void> | undefined;
  #timer: Timer | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #fence: Timer | undefined;
  /** Number of the heartbeat that was sent last. */
  #sent = 0;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #answered = 0;
  #lastAnswered: Instant | undefined;
  #failures = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** When the last answered heartbeat was sent, unix milliseconds; undefined while there is none. */
  get lastAnsweredAtMs(): number | undefined {
    return this.#lastAnswered?.wallMs;
  }

  /**
   * Whether this consumer still owns its shards: the last answered heartbeat was sent less than the group's timeout
   * ago. No timer sets it: a process that was suspended may be about to send before its timers run.
   */
  get hasLease(): boolean {
    const last = this.#lastAnswered;
    return last !== undefined && this.#sinceMs(last) < this.#options.timeoutMs();
  }

  /** Sends the first heartbeat, and goes on by itself. Rejects where the first answer shows a wrong configuration. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Sends the next heartbeat at once, or `closestMs` after the last. */
  soon(): void {
    this.#schedule(Math.max(0, this.#sentAtMs + this.#closestMs - this.#nowMs()));
  }

  /** The interval or the timeout has changed. */
  settingsChanged(): void {
    if (this.#sent > 0) this.#schedule(Math.max(0, this.#sentAtMs + this.#options.intervalMs() - this.#nowMs()));
    if (this.#lastAnswered) this.fenceIfOverdue();
  }

  /** Resolves with true when a heartbeat sent from now on is answered; with false when fenced or stopped before. */
  nextAnswer(): Promise<boolean> {
    if (this.#stopping.signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push({ after: this.#sent, resolve });
      this.soon();
    });
  }

  /** Resolves when no heartbeat is under way any more. */
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

  /** The next heartbeat leaves within `ms`. */
  #schedule(ms: number): void {
    const { clock } = this.#options;
    const dueAtMs = this.#nowMs() + ms;
    if (this.#stopping.signal.aborted || this.#sent === 0 || dueAtMs >= this.#dueAtMs) return;
    clock.cancel(this.#timer);
    this.#dueAtMs = dueAtMs;
    this.#timer = clock.timer(ms, () => void this.#send('running'));
  }

  #send(phase: Phase, onError?: (error: unknown) => void): Promise<void> {
    const sending = this.#sendOne(phase, ++this.#sent, onError);
    this.#underWay.add(sending);
    void sending.finally(() => this.#underWay.delete(sending));
    return sending;
  }

  async #sendOne(phase: Phase, sequence: number, onError?: (error: unknown) => void): Promise<void> {
    const { intervalMs, timeoutMs } = this.#options;
    const sent = this.#now();
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    this.#sentAtMs = sent.monotonicMs;
    this.fenceIfOverdue();
    this.#schedule(Math.max(intervalMs(), timeoutMs() * shareOfTimeout));
    try {
      const act = await this.#bounded((signal) => this.#options.send(phase, signal));
      if (!this.#stopping.signal.aborted) this.#onAnswer(sequence, sent, act);
    } catch (error) {
      onError?.(error);
      if (!this.#stopping.signal.aborted && sequence > this.#answered) this.#onFailure(error);
    }
  }

  #onAnswer(sequence: number, sent: Instant, act: () => void): void {
    const { log, intervalMs } = this.#options;
    if (this.#failures > 0) log.info({ failures: this.#failures }, 'heartbeat answered again');
    this.#failures = 0;
    if (!this.#lastAnswered || this.#lastAnswered.monotonicMs < sent.monotonicMs) {
      this.#lastAnswered = sent;
      this.#armFence();
    }
    if (sequence > this.#answered) {
      this.#answered = sequence;
      act();
    }
    this.#resolveWaiting(sequence, true);
    this.#schedule(Math.max(0, this.#sentAtMs + intervalMs() - this.#nowMs()));
  }

  #onFailure(error: unknown): void {
    this.#failures++;
    const { log, intervalMs } = this.#options;
    log[this.#failures === 1 ? 'warn' : 'debug']({ err: error, failures: this.#failures }, 'heartbeat failed');
    this.#schedule(intervalMs() * shareAfterFailure);
  }

  /** A heartbeat may take what is left of the lease: an answer that comes later does not keep the shards. */
  async #bounded<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { intervalMs, timeoutMs, clock } = this.#options;
    const last = this.#lastAnswered;
    const leaseMs = last ? timeoutMs() - this.#sinceMs(last) : timeoutMs();
    const boundMs = Math.max(intervalMs(), leaseMs);
    // Not `AbortSignal.any` with `AbortSignal.timeout`: nothing refers to the latter, and a collected one never aborts.
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

  /** Also called before each send: a process that was suspended may go on before its timers run. */
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

  #resolveWaiting(sequence: number, isAnswered: boolean): void {
    const done = this.#waiting.filter(({ after }) => after < sequence);
    this.#waiting = this.#waiting.filter(({ after }) => after >= sequence);
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

  /** The larger age of two: the monotonic clock stands still while a machine sleeps, the wall clock can be set back. */
  #sinceMs(instant: Instant): number {
    const { monotonicMs, wallMs } = this.#now();
    return Math.max(monotonicMs - instant.monotonicMs, wallMs - instant.wallMs);
  }
}

/** To be retried, the very first heartbeat too: the next one may be answered. */
function lateError(boundMs: number): AppError {
  const message = `a heartbeat was not answered within ${Math.round(boundMs / 100) / 10} s`;
  return new AppError(message, { code: 'heartbeat-late', action: 'retry' });
}
