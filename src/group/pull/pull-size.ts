/**
 * How many log groups to pull at once. As many as the service gives, unless
 * - delivery is slow on purpose (a rate limit): then as many as are delivered within `targetMs`, since a batch cannot
 *   be confirmed, or its shard be drained, before its end. The number starts at one and follows what was measured; it
 *   grows at most fourfold over the last pull's, since the size of the next log groups is not known;
 * - the last pull was cut off before its end, or could not be read: then fewer, and more again when that works.
 * Pure.
 */
export interface PullSize {
  /** Log groups to ask for in the next pull: 1 to 1,000. */
  readonly maxLogGroups: number;
  /** A failed or unreadable pull has made the number smaller, and it has not grown back. */
  readonly isNarrowed: boolean;
  /** A batch was delivered in `tookMs`, after a pull of `pullMs`. */
  delivered(logGroups: number, tookMs: number, pullMs: number): void;
  /** A pull moved the cursor and brought nothing: perhaps a query that selects little. */
  empty(): void;
  /** A pull found the shard's end: fewer log groups than were asked for, and the pull was not cut. */
  atEnd(): void;
  /** A pull of so many log groups fails: asks for fewer. @param logGroups 0: as many as were asked for */
  narrow(logGroups: number): void;
}

/** The service's own limit. */
const mostLogGroups = 1_000;
const growth = 4;
const narrowing = 4;
/** After a pull that took less, the next may ask for twice as much: a third of a request's time-out. */
const comfortableMs = 20_000;

/** @param targetMs absent: delivery is not slow on purpose */
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
      // Fewer log groups than were asked for: the shard had no more, and the pull was not cut.
      if (pullMs < comfortableMs) bound = logGroups < bound ? mostLogGroups : within(bound * 2);
      become(Math.min((logGroups * (targetMs ?? 0)) / Math.max(1, tookMs), logGroups * growth));
    },
    empty: () => become(paced * growth),
    atEnd: () => {
      bound = mostLogGroups;
    },
    narrow(logGroups) {
      const asked = Math.min(paced, bound);
      bound = within((logGroups > 0 ? Math.min(logGroups, asked) : asked) / narrowing);
    },
  };
}

function within(wished: number): number {
  return Math.max(1, Math.min(mostLogGroups, Math.floor(wished)));
}
