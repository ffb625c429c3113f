/**
 * A daemon lists what it works on: a shard that it was granted twice in a row, and has pulled since, is in its next
 * heartbeat. The service would take it from it otherwise, and give it to another.
 */
import type { CreateChecker } from './checker.ts';

interface Last {
  readonly listed: ReadonlySet<number>;
  readonly granted: ReadonlySet<number>;
  readonly pulled: Set<number>;
  readonly atMs: number;
}

/** Shards are given up by these, one after another. */
const givesUp = new Set(['drain', 'reload', 'stop', 'partition', 'split', 'merge']);

export const listingChecker: CreateChecker = (report, { settings, handsOverInCalm = false }) => {
  const last = new Map<string, Last>();
  const graceMs = settings.drainTimeoutMs + settings.timeoutMs + 2 * settings.heartbeatIntervalMs;
  let isExemptUntilMs = 0;
  return {
    phase(phase, nowMs) {
      // A daemon may be drained in calm, too.
      if (phase === 'calm' && handsOverInCalm) isExemptUntilMs = nowMs + graceMs;
    },
    fault(kind, what, nowMs) {
      if (givesUp.has(kind) || what === 'begins') isExemptUntilMs = Math.max(isExemptUntilMs, nowMs + graceMs);
    },
    pulled({ daemon, shard }) {
      last.get(daemon)?.pulled.add(shard);
    },
    beaten({ daemon, listed, granted, nowMs }) {
      const before = last.get(daemon);
      last.set(daemon, { listed: new Set(listed), granted: new Set(granted), pulled: new Set(), atMs: nowMs });
      if (!before || nowMs < isExemptUntilMs || nowMs - before.atMs >= settings.timeoutMs) return;
      for (const shard of before.granted) {
        if (!before.listed.has(shard) || !before.pulled.has(shard) || listed.includes(shard)) continue;
        report('listing', `${daemon} has pulled shard ${shard} since its last heartbeat, and does not list it`);
      }
    },
    gone(daemon) {
      last.delete(daemon);
    },
  };
};
