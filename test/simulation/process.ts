/**
 * A simulated process: a clock of its own, and an event loop that can be stopped and killed.
 *
 *   running   what is due runs.                                            `stop` → stopped, `kill` → dead
 *   stopped   (SIGSTOP) what comes to be due is kept, in its order.        `resume` → running, and all of it runs
 *   dead      nothing of it runs ever again.
 *
 * Its monotonic clock goes on while it is stopped, as Linux' does.
 */
import { type Clock, createClock, type Timer } from '../../src/core/time/clock.ts';
import type { Scheduled, Scheduler } from './scheduler.ts';

export interface ProcessOptions {
  readonly name: string;
  /** Its wall clock is ahead by so many milliseconds. */
  readonly offsetMs: number;
  /** How fast its clocks go; 1.0001 gains 0.1 ms a second. */
  readonly rate: number;
  readonly random: () => number;
}

export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #rate: number;
  readonly #bootMs: number;
  #offsetMs: number;
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #kept: (() => void)[] = [];
  readonly #onDeath: (() => void)[] = [];

  constructor(scheduler: Scheduler, { name, offsetMs, rate, random }: ProcessOptions) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#rate = rate;
    this.#bootMs = scheduler.nowMs;
    this.#offsetMs = offsetMs;
    this.clock = createClock({
      now: () => Math.floor(this.#bootMs + this.#elapsedMs + this.#offsetMs),
      monotonic: () => this.#elapsedMs,
      random,
      timer: (ms, onDue) => this.#timer(ms, onDue, false),
      interval: (ms, onDue) => this.#timer(ms, onDue, true),
      cancel: (timer) => (timer as VirtualTimer | undefined)?.cancel(),
      soon: (run) => this.#scheduler.after(0, () => this.#enter(run)),
      cancelSoon: (soon) => this.#scheduler.cancel(soon as Scheduled | undefined),
    });
  }

  get isAlive(): boolean {
    return this.#state !== 'dead';
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Its event loop hears of something: runs as an event of its own, now or behind what is due now. */
  post(run: () => void, delayMs = 0): Scheduled {
    return this.#scheduler.after(delayMs, () => this.#enter(run));
  }

  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  resume(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    for (const run of this.#kept.splice(0)) this.post(run);
  }

  /** Everything of it is dropped between two events. What the kernel does with its sockets is `onDeath`'s. */
  kill(): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    this.#kept = [];
    for (const clean of this.#onDeath.splice(0)) clean();
  }

  onDeath(clean: () => void): void {
    this.#onDeath.push(clean);
  }

  /** Somebody sets its wall clock, to no further than that from the true time. */
  jump(byMs: number, furthestMs: number): void {
    this.#offsetMs = Math.max(-furthestMs, Math.min(furthestMs, this.#offsetMs + byMs));
  }

  get #elapsedMs(): number {
    return (this.#scheduler.nowMs - this.#bootMs) * this.#rate;
  }

  #enter(run: () => void): void {
    if (this.#state === 'running') run();
    else if (this.#state === 'stopped') this.#kept.push(run);
  }

  #timer(ms: number, onDue: () => void, again: boolean): Timer {
    // As Node does: whole milliseconds, at least 1, at most what 31 bits hold.
    const delayMs = ms >= 1 && ms <= 0x7fff_ffff ? Math.trunc(ms) : 1;
    return new VirtualTimer(this.#scheduler, delayMs / this.#rate, onDue, again, (run) => this.#enter(run));
  }
}

class VirtualTimer implements Timer {
  readonly #scheduler: Scheduler;
  readonly #delayMs: number;
  readonly #onDue: () => void;
  readonly #again: boolean;
  readonly #enter: (run: () => void) => void;
  #scheduled: Scheduled | undefined;
  #isCancelled = false;

  constructor(
    scheduler: Scheduler,
    delayMs: number,
    onDue: () => void,
    again: boolean,
    enter: (run: () => void) => void,
  ) {
    this.#scheduler = scheduler;
    this.#delayMs = delayMs;
    this.#onDue = onDue;
    this.#again = again;
    this.#enter = enter;
    this.#arm();
  }

  refresh(): void {
    if (this.#isCancelled) return;
    this.#scheduler.cancel(this.#scheduled);
    this.#arm();
  }

  unref(): void {
    // A simulated process ends when it is told to.
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#scheduler.cancel(this.#scheduled);
  }

  #arm(): void {
    const scheduled = this.#scheduler.after(this.#delayMs, () => this.#enter(() => this.#due(scheduled)));
    this.#scheduled = scheduled;
  }

  #due(scheduled: Scheduled): void {
    // It may have been cancelled, or armed anew, while its process was stopped.
    if (this.#isCancelled || this.#scheduled !== scheduled) return;
    if (this.#again) this.#arm();
    this.#onDue();
  }
}
