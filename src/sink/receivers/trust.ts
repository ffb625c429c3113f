/**
 * Whether a receiver among several is given deliveries. One of these for each of them.
 *
 *   new          it has not answered yet.                        Up → trusted; its first attempt fails → distrusted
 *   trusted      it takes deliveries, and those that wait for    Down for `patienceMs`, or two strikes → distrusted
 *                it while it is only just down.
 *   distrusted   it takes none while another is trusted.         Up for `failbackAfterMs` without a break, or nobody
 *                                                                else is trusted and it is up (`admit`) → trusted
 *
 * A receiver that is restarted is down for a moment, and not worth a change. One that accepts connections and drops
 * them, or that reads nothing, is up all the time: that is what strikes are for. A strike is a loss of deliveries, or
 * an up that did not last for `patienceMs`; what the receiver confirms after having been up for that long wipes it
 * out. What happens within `patienceMs` is one strike: a receiver that dies takes several connections with it.
 */
import type { Clock, Timer } from '../../core/time/clock.ts';

export interface TrustOptions {
  readonly patienceMs: number;
  readonly failbackAfterMs: number;
  readonly clock: Clock;
  /** `isTrusted` is another one now. */
  readonly onChange: () => void;
}

const strikesAllowed = 1;

export class Trust {
  readonly #options: TrustOptions;
  #level: 'new' | 'trusted' | 'distrusted' = 'new';
  #isUp = false;
  #upAtMs = 0;
  #strikes = 0;
  #lastStrikeMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(options: TrustOptions) {
    this.#options = options;
  }

  get isTrusted(): boolean {
    return this.#level === 'trusted';
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  up(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#upAtMs = this.#options.clock.monotonic();
    this.#options.clock.cancel(this.#timer);
    if (this.#level === 'new') this.admit();
    else if (this.#level === 'distrusted') this.#admitLater();
  }

  down(): void {
    const wasUp = this.#isUp;
    this.#isUp = false;
    if (this.#level === 'new') this.#level = 'distrusted';
    else if (wasUp) {
      this.#options.clock.cancel(this.#timer);
      if (this.#level === 'distrusted') return;
      this.#timer = this.#after(this.#options.patienceMs, () => this.#distrust());
      if (!this.#isSteady) this.#strike();
    }
  }

  lost(): void {
    this.#strike();
  }

  confirmed(): void {
    if (this.#isUp && this.#isSteady) this.#strikes = 0;
  }

  /** It is up, and there is no other. */
  admit(): void {
    if (this.#level === 'trusted') return;
    this.#options.clock.cancel(this.#timer);
    this.#level = 'trusted';
    this.#strikes = 0;
    this.#options.onChange();
  }

  /** Nothing changes any more. */
  close(): void {
    this.#options.clock.cancel(this.#timer);
  }

  get #isSteady(): boolean {
    return this.#options.clock.monotonic() - this.#upAtMs >= this.#options.patienceMs;
  }

  #strike(): void {
    const now = this.#options.clock.monotonic();
    if (this.#level !== 'trusted' || now - this.#lastStrikeMs < this.#options.patienceMs) return;
    this.#lastStrikeMs = now;
    this.#strikes += 1;
    if (this.#strikes > strikesAllowed) this.#distrust();
  }

  #distrust(): void {
    this.#options.clock.cancel(this.#timer);
    this.#level = 'distrusted';
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
