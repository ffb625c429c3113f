/**
 * What is told to people of the receiver: the state that the status shows, and a log line for each change of it.
 *
 *   connecting  from the start, until the first attempt is over.  Connected → up; failed → down
 *   up          there is a connection.                            Lost → down
 *   down        there is none, and attempts go on for ever.       Connected → up
 *   closed      the sink was drained or destroyed, from any state; the end.
 *
 * The log speaks only of changes that last. A receiver that accepts and drops connections in a loop (a proxy whose
 * backend is down; a UDP port that nobody listens on) would write two lines a turn: after a connection that was
 * not a steady one, "up" is announced only when the next has lived for `steadyAfterMs`. While it is down, an error
 * of another kind than those already told is worth a line, a repetition is not.
 */
import type { AppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Clock, Timer } from '../core/time/clock.ts';
import type { SinkStatus } from './sink.ts';

export interface ReachabilityOptions {
  readonly peer: string;
  readonly steadyAfterMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange?: () => void;
}

export type Facts = Readonly<Record<string, unknown>>;

export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #loggedCodes = new Set<string>();
  #state: SinkStatus['state'] = 'connecting';
  #sinceMs: number;
  #lastError: AppError | undefined;
  #connections = 0;
  #announced: 'nothing' | 'up' | 'down' = 'nothing';
  #announcedAtMs: number;
  #isFlapping = false;
  #steadyTimer: Timer | undefined;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    this.#sinceMs = options.clock.now();
    this.#announcedAtMs = options.clock.monotonic();
  }

  get state(): SinkStatus['state'] {
    return this.#state;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  get reconnects(): number {
    return Math.max(0, this.#connections - 1);
  }

  get lastError(): string | undefined {
    return this.#lastError?.message;
  }

  connected(facts: Facts): void {
    this.#connections += 1;
    this.#lastError = undefined;
    this.#enter('up');
    if (!this.#isFlapping) {
      this.#announceUp(facts);
      return;
    }
    this.#options.log.debug({ peer: this.#options.peer, ...facts }, 'connected again; waiting whether it lasts');
    const { clock, steadyAfterMs } = this.#options;
    this.#steadyTimer = clock.timer(steadyAfterMs, () => this.#announceUp(facts));
    this.#steadyTimer.unref();
  }

  failed(error: AppError): void {
    this.#lastError = error;
    this.#enter('down');
    this.#announceDown(error, 'cannot connect to the receiver');
  }

  /** @param wasSteady it lived for a while, or was read from: not one of a loop */
  lost(error: AppError, wasSteady: boolean): void {
    this.#lastError = error;
    this.#isFlapping = !wasSteady;
    this.#enter('down');
    this.#announceDown(error, 'the connection to the receiver is lost');
  }

  closed(): void {
    this.#enter('closed');
  }

  #enter(state: SinkStatus['state']): void {
    this.#options.clock.cancel(this.#steadyTimer);
    if (this.#state === state) return;
    this.#state = state;
    this.#sinceMs = this.#options.clock.now();
    this.#options.onChange?.();
  }

  #announceUp(facts: Facts): void {
    const { peer, log } = this.#options;
    const downForMs = this.#announced === 'down' ? { downForMs: this.#announcedForMs } : {};
    log.info({ peer, ...facts, ...downForMs }, 'connected to the receiver');
    this.#announce('up');
    this.#isFlapping = false;
    this.#loggedCodes.clear();
  }

  #announceDown(error: AppError, what: string): void {
    const { peer, log } = this.#options;
    const fields = { peer, code: error.code, reason: error.message };
    if (this.#announced !== 'down') {
      const upForMs = this.#announced === 'up' ? { upForMs: this.#announcedForMs } : {};
      this.#announce('down');
      log.warn({ ...fields, ...upForMs }, `${what}; trying again until it works`);
    } else if (!this.#loggedCodes.has(error.code)) {
      const downForMs = this.#announcedForMs;
      log.warn({ ...fields, downForMs }, 'the receiver is still unreachable, for another reason');
    } else {
      log.debug(fields, what);
    }
    this.#loggedCodes.add(error.code);
  }

  /** By a clock that nobody sets. */
  get #announcedForMs(): number {
    return Math.round(this.#options.clock.monotonic() - this.#announcedAtMs);
  }

  #announce(what: 'up' | 'down'): void {
    this.#announced = what;
    this.#announcedAtMs = this.#options.clock.monotonic();
  }
}
