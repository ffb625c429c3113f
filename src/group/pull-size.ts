/**
 * How many log groups to pull at once. As many as the service gives, unless what follows is slow on purpose (a rate
 * limit): then as many as are delivered within `targetMs`, because a batch cannot be confirmed or given up in peace
 * before its end. It begins with one and follows what was measured; of the next, nobody knows how large the groups
 * are, so it grows no more than fourfold at a time over what really came. Pure.
 */
export interface PullSize {
  /** For the next pull: 1 to 1,000. */
  readonly maxLogGroups: number;
  /** A batch of so many log groups took so long. */
  delivered(logGroups: number, tookMs: number): void;
  /** A pull moved on and brought nothing: a query that selects little, perhaps. */
  empty(): void;
}

/** The service's own limit. */
const mostLogGroups = 1_000;
const growth = 4;

/** @param targetMs absent: nothing is slow on purpose */
export function createPullSize(targetMs?: number): PullSize {
  if (targetMs === undefined) {
    return { maxLogGroups: mostLogGroups, delivered: () => undefined, empty: () => undefined };
  }
  let maxLogGroups = 1;
  const become = (wished: number) => {
    maxLogGroups = Math.max(1, Math.min(mostLogGroups, Math.floor(wished)));
  };
  return {
    get maxLogGroups() {
      return maxLogGroups;
    },
    delivered: (logGroups, tookMs) =>
      become(Math.min((logGroups * targetMs) / Math.max(1, tookMs), logGroups * growth)),
    empty: () => become(maxLogGroups * growth),
  };
}
