/**
 * Whether a receiver among several is given deliveries. One of these for each of them.
 *
 *   new       it has not answered yet.                        Up → healthy; its first attempt fails → ejected
 *   healthy   it takes deliveries, and those that wait for    Down for `ejectAfterMs`, or two strikes → ejected
 *             it while it is only just down.
 *   ejected   it takes none while another is healthy.         Up for `failbackAfterMs` without a break, or nobody
 *                                                             else is healthy and it is up (`admit`) → healthy
 *
 * A receiver that is restarted is down for a moment, and not worth a change. One that accepts connections and drops
 * them, or that reads nothing, is up all the time: that is what strikes are for. A strike is a loss of deliveries, or
 * an up that did not last for `ejectAfterMs`; what the receiver confirms after having been up for that long wipes it
 * out. What happens within `ejectAfterMs` is one strike: a receiver that dies takes several connections with it.
 */
import type { Clock, Timer } from '../../core/time/clock.ts';

export interface ReceiverHealthOptions {
  readonly ejectAfterMs: number;
  readonly failbackAfterMs: number;
  readonly clock: Clock;
  /** `isHealthy` is another one now. */
  readonly onChange: () => void;
}

const strikesAllowed = 1;

export class ReceiverHealth {
  readonly #options: ReceiverHealthOptions;
  #state: 'new' | 'healthy' | 'ejected' = 'new';
  #isUp = false;
  #upAtMs = 0;
  #strikes = 0;
  #lastStrikeMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(options: ReceiverHealthOptions) {
    this.#options = options;
  }

  get isHealthy(): boolean {
    return this.#state === 'healthy';
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  up(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#upAtMs = this.#options.clock.monotonic();
    this.#options.clock.cancel(this.#timer);
    if (this.#state === 'new') this.admit();
    else if (this.#state === 'ejected') this.#admitLater();
  }

  down(): void {
    const wasUp = this.#isUp;
    this.#isUp = false;
    if (this.#state === 'new') this.#state = 'ejected';
    else if (wasUp) {
      this.#options.clock.cancel(this.#timer);
      if (this.#state === 'ejected') return;
      this.#timer = this.#after(this.#options.ejectAfterMs, () => this.#eject());
      if (!this.#isSteady) this.#strike();
    }
  }

  lost(): void {
    this.#strike();
  }

  confirmed(): void {
    if (this.#isUp && this.#isSteady) this.#strikes = 0;
  }

  /** The receiver is up, and no other is healthy. */
  admit(): void {
    if (this.#state === 'healthy') return;
    this.#options.clock.cancel(this.#timer);
    this.#state = 'healthy';
    this.#strikes = 0;
    this.#options.onChange();
  }

  /** Nothing changes any more. */
  close(): void {
    this.#options.clock.cancel(this.#timer);
  }

  get #isSteady(): boolean {
    return this.#options.clock.monotonic() - this.#upAtMs >= this.#options.ejectAfterMs;
  }

  #strike(): void {
    const now = this.#options.clock.monotonic();
    if (this.#state !== 'healthy' || now - this.#lastStrikeMs < this.#options.ejectAfterMs) return;
    this.#lastStrikeMs = now;
    this.#strikes += 1;
    if (this.#strikes > strikesAllowed) this.#eject();
  }

  #eject(): void {
    this.#options.clock.cancel(this.#timer);
    this.#state = 'ejected';
    if (this.#isUp) this.#admitLater();
    this.#options.onChange();
  }

  #admitLater(): void {
    this.#timer = this.#after(this.#options.failbackAfterMs, () => this.admit());
  }

  #after(ms: number, run: () => void): Timer {
    const timer = this.#options.clock.timer(ms, run);
    timer.unref();
    return timer;
  }
}
