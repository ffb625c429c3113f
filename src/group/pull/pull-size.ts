/**
 * How many log groups to pull at once. As many as the service gives, unless
 * - what follows is slow on purpose (a rate limit): then as many as are delivered within `targetMs`, because a batch
 *   cannot be confirmed or given up in peace before its end. It begins with one and follows what was measured; of the
 *   next, nobody knows how large the groups are, so it grows no more than fourfold at a time over what really came;
 * - the last pull was cut off before its end, or could not be read: then fewer, and more again when that works.
 * Pure.
 */
export interface PullSize {
  /** For the next pull: 1 to 1,000. */
  readonly maxLogGroups: number;
  /** It was made smaller, and has not grown again to what it was. */
  readonly isNarrowed: boolean;
  /** A batch of so many log groups took so long, and its pull before that. */
  delivered(logGroups: number, tookMs: number, pullMs: number): void;
  /** A pull moved on and brought nothing: a query that selects little, perhaps. */
  empty(): void;
  /** Of so many log groups as it should have been it cannot be had. @param logGroups 0: as many as were asked for */
  narrow(logGroups: number): void;
}

/** The service's own limit. */
const mostLogGroups = 1_000;
const growth = 4;
const narrowing = 4;
/** A pull that took less than that may ask for twice as much: a third of the time that a request has. */
const comfortableMs = 20_000;

/** @param targetMs absent: nothing is slow on purpose */
export function createPullSize(targetMs?: number): PullSize {
  let paced = targetMs === undefined ? mostLogGroups : 1;
  let bound = mostLogGroups;
  const become = (wished: number) => {
    if (targetMs !== undefined) paced = within(wished);
  };
  return {
    get maxLogGroups() {
      return Math.min(paced, bound);
    },
    get isNarrowed() {
      return bound < mostLogGroups;
    },
    delivered(logGroups, tookMs, pullMs) {
      // Where it was less than was asked for, all that there is has come whole.
      if (pullMs < comfortableMs) bound = logGroups < bound ? mostLogGroups : within(bound * 2);
      become(Math.min((logGroups * (targetMs ?? 0)) / Math.max(1, tookMs), logGroups * growth));
    },
    empty: () => become(paced * growth),
    narrow(logGroups) {
      const asked = Math.min(paced, bound);
      bound = within((logGroups > 0 ? Math.min(logGroups, asked) : asked) / narrowing);
    },
  };
}

function within(wished: number): number {
  return Math.max(1, Math.min(mostLogGroups, Math.floor(wished)));
}
