/**
 * When TCP sends something again: what was not acknowledged, a question to a peer that has no room, a question to one
 * that was silent for long. Each has one event of the scheduler at most: a deadline that moves on does not cost another.
 */
import type { Scheduled, Scheduler } from '../../scheduler.ts';

const firstMs = 200;
const firstHandshakeMs = 1000;
const longestMs = 120_000;
const keepAliveProbes = 10;
const keepAliveIntervalMs = 1000;

/** Calls when its deadline is there, which may be moved, or taken away. */
class Deadline {
  readonly #scheduler: Scheduler;
  readonly #due: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #event: Scheduled | undefined;

  constructor(scheduler: Scheduler, due: () => void) {
    this.#scheduler = scheduler;
    this.#due = due;
  }

  get isSet(): boolean {
    return this.#atMs < Number.POSITIVE_INFINITY;
  }

  set(afterMs: number): void {
    this.#atMs = this.#scheduler.nowMs + afterMs;
    if (this.#event && this.#event.atMs <= this.#atMs) return;
    this.#scheduler.cancel(this.#event);
    this.#arm();
  }

  clear(): void {
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  end(): void {
    this.clear();
    this.#scheduler.cancel(this.#event);
    this.#event = undefined;
  }

  #arm(): void {
    this.#event = this.#scheduler.at(this.#atMs, () => {
      this.#event = undefined;
      if (!this.isSet) return;
      if (this.#atMs > this.#scheduler.nowMs) {
        this.#arm();
        return;
      }
      this.clear();
      this.#due();
    });
  }
}

export interface TimerEvents {
  retransmit(): void;
  probe(): void;
  timedOut(): void;
  /** The time of TIME_WAIT, or of a FIN_WAIT2 that nobody has open, is over. */
  lingered(): void;
}

export class TcpTimers {
  readonly #scheduler: Scheduler;
  readonly #events: TimerEvents;
  readonly #roundTripMs: number;
  readonly #retransmission: Deadline;
  readonly #keepAlive: Deadline;
  #lingering: Scheduled | undefined;
  #retries = 0;
  #keepAliveMs = 0;
  #keepAliveProbes = 0;
  #lastHeardMs: number;
  /** SYN: 6; a connection that is up: 15; one that nobody has open: 8. */
  mostRetries = 6;
  isUp = false;

  constructor(scheduler: Scheduler, roundTripMs: number, events: TimerEvents) {
    this.#scheduler = scheduler;
    this.#events = events;
    this.#roundTripMs = roundTripMs;
    this.#lastHeardMs = scheduler.nowMs;
    this.#retransmission = new Deadline(scheduler, () => this.#onRetransmission());
    this.#keepAlive = new Deadline(scheduler, () => this.#onKeepAlive());
  }

  /** What was sent is sent again until it is acknowledged: one of them after the other. */
  get isRetransmitting(): boolean {
    return this.#retries > 0;
  }

  /** Something waits for an answer. */
  waits(): void {
    if (!this.#retransmission.isSet) this.#retransmission.set(this.#delayMs);
  }

  /** There was progress; what still waits, waits anew. */
  progress(stillWaits: boolean): void {
    this.#retries = 0;
    this.#retransmission.clear();
    if (stillWaits) this.waits();
  }

  /** The peer is alive. */
  heard(): void {
    this.#lastHeardMs = this.#scheduler.nowMs;
    this.#keepAliveProbes = 0;
  }

  /** An answer without room: asked again, for as long as it answers. */
  answered(): void {
    this.#retries = Math.min(this.#retries, 6);
  }

  keepAlive(afterMs: number): void {
    this.#keepAliveMs = afterMs;
    this.#keepAlive.set(afterMs);
  }

  linger(ms: number): void {
    this.#scheduler.cancel(this.#lingering);
    this.#lingering = this.#scheduler.after(ms, () => this.#events.lingered());
  }

  end(): void {
    this.#retransmission.end();
    this.#keepAlive.end();
    this.#scheduler.cancel(this.#lingering);
  }

  get #delayMs(): number {
    const first = this.isUp ? firstMs + 2 * this.#roundTripMs : firstHandshakeMs;
    return Math.min(longestMs, first * 2 ** this.#retries);
  }

  #onRetransmission(): void {
    if (this.#retries >= this.mostRetries) {
      this.#events.timedOut();
      return;
    }
    this.#retries++;
    this.#retransmission.set(this.#delayMs);
    this.#events.retransmit();
  }

  #onKeepAlive(): void {
    // While something waits for an acknowledgement, that is the question.
    const idleMs = this.#retransmission.isSet ? 0 : this.#scheduler.nowMs - this.#lastHeardMs;
    if (idleMs < this.#keepAliveMs) {
      this.#keepAlive.set(this.#keepAliveMs - idleMs);
      return;
    }
    if (this.#keepAliveProbes >= keepAliveProbes) {
      this.#events.timedOut();
      return;
    }
    this.#keepAliveProbes++;
    this.#keepAlive.set(keepAliveIntervalMs);
    this.#events.probe();
  }
}
