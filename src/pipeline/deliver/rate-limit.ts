/**
 * A rate limit without a queue or a timer: the virtual scheduling form of the generic cell rate algorithm (ITU-T
 * I.371, annex A), which is a token bucket that is never counted up. Pure: the clock is handed in.
 *
 * All that is kept is when the rate would have room if everything had gone out evenly. What goes out early, by no
 * more than `burstMs`, pushes that time on like everything else. So in any stretch of `t` ms there goes out at most
 * `perSecond × (t + burstMs) / 1000`, and the one thing that was let through last, whatever its size.
 */

export interface RateLimitOptions {
  readonly perSecond: number;
  /** How far ahead of an even flow it may be: what makes up for timers that are late. */
  readonly burstMs: number;
}

export interface RateLimit {
  /** Milliseconds until the next may go out; 0: now. */
  waitMs(nowMs: number): number;
  /** So much goes out now, allowed or not. */
  spend(amount: number, nowMs: number): void;
}

export function createRateLimit({ perSecond, burstMs }: RateLimitOptions): RateLimit {
  let evenAtMs = Number.NEGATIVE_INFINITY;
  return {
    waitMs: (nowMs) => Math.max(0, evenAtMs - burstMs - nowMs),
    spend(amount, nowMs) {
      evenAtMs = Math.max(evenAtMs, nowMs) + (amount * 1000) / perSecond;
    },
  };
}
