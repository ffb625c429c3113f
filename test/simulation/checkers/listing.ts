/**
 * A daemon lists what it works on: a shard that it was granted twice in a row, and has pulled since, is in its next
 * heartbeat; and one that it gives up, it lists until its last checkpoint is saved. The service would take it from it
 * otherwise, and give it to another.
 */
import type { CreateChecker } from './checker.ts';

interface Left {
  readonly atMs: number;
  /** The answer to that heartbeat, or to a later one, grants it. */
  isGranted: boolean;
}

interface Last {
  readonly listed: ReadonlySet<number>;
  readonly granted: ReadonlySet<number>;
  /** By shard: when it was first pulled since. */
  readonly pulled: Map<number, number>;
  readonly atMs: number;
}

/** A request may overtake another by so much. */
const overtakesMs = 300;

/** Shards are given up by these, one after another; or all at once when an answer that was slow comes too late behind the end. */
const givesUp = new Set(['drain', 'reload', 'stop', 'partition', 'slow-heartbeats', 'split', 'merge']);

export const listingChecker: CreateChecker = (report, { settings, handsOverInCalm = false }) => {
  const last = new Map<string, Last>();
  /** By consumer and shard: when its heartbeat did not list it any more. */
  const left = new Map<string, Left>();
  let isCalm = false;
  const graceMs = settings.drainTimeoutMs + settings.timeoutMs + 2 * settings.heartbeatIntervalMs;
  let isExemptUntilMs = 0;
  return {
    phase(phase, nowMs) {
      isCalm = phase === 'calm';
      left.clear();
      // A daemon may be drained in calm, too.
      if (phase === 'calm' && handsOverInCalm) isExemptUntilMs = nowMs + graceMs;
    },
    fault(kind, what, nowMs) {
      if (givesUp.has(kind) || what === 'begins') isExemptUntilMs = Math.max(isExemptUntilMs, nowMs + graceMs);
    },
    pulled({ daemon, consumer, shard, nowMs }) {
      const pulled = last.get(daemon)?.pulled;
      if (!pulled?.has(shard)) pulled?.set(shard, nowMs);
      const key = `${consumer}/${shard}`;
      // It may be saved before a heartbeat lists it. One that is being given up is not pulled any more.
      if (left.get(key)?.isGranted) left.delete(key);
    },
    saved({ shard, consumer, nowMs }) {
      const its = left.get(`${consumer}/${shard}`);
      if (isCalm && its && nowMs - its.atMs > overtakesMs)
        report('listing', `${consumer} saves shard ${shard}, and its last heartbeat did not list it any more`);
    },
    beaten({ daemon, consumer, listed, granted, sentMs, nowMs }) {
      const before = last.get(daemon);
      for (const shard of listed) left.delete(`${consumer}/${shard}`);
      for (const shard of before?.listed ?? []) {
        const key = `${consumer}/${shard}`;
        if (!listed.includes(shard) && !left.has(key)) left.set(key, { atMs: nowMs, isGranted: false });
      }
      for (const shard of granted) {
        const its = left.get(`${consumer}/${shard}`);
        if (its) its.isGranted = true;
      }
      last.set(daemon, { listed: new Set(listed), granted: new Set(granted), pulled: new Map(), atMs: nowMs });
      if (!before || nowMs < isExemptUntilMs || nowMs - before.atMs >= settings.timeoutMs) return;
      for (const shard of before.granted) {
        const pulledMs = before.pulled.get(shard);
        // Beats overlap: this one may have been sent before the shard was granted.
        if (pulledMs === undefined || pulledMs >= sentMs) continue;
        if (!before.listed.has(shard) || listed.includes(shard)) continue;
        report('listing', `${daemon} has pulled shard ${shard} since its last heartbeat, and does not list it`);
      }
    },
    born(daemon, consumer) {
      // A heartbeat of the process before it may have arrived behind its end.
      last.delete(daemon);
      for (const key of left.keys()) if (key.startsWith(`${consumer}/`)) left.delete(key);
    },
    gone(daemon) {
      last.delete(daemon);
    },
  };
};
