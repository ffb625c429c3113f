/**
 * In order within a shard, whatever is wrong: a log is not read for the first time while one before it is unread. What
 * goes back, after a loss, goes back to the first unread or before it, and goes on from there.
 *
 * Without strict order, connections of one daemon to one receiver stand beside each other: while an older one is not read
 * to its end, what is missing may be on it. Logs that go to the dead letters are on no connection.
 */
import type { CreateChecker } from './checker.ts';

/** What was on a connection that broke is sent again within this time. */
const brokenMs = 120_000;

export const orderChecker: CreateChecker = (report, { settings, load, outlets }) => {
  const plans = new Map(outlets.flatMap(({ receivers }) => receivers.map((plan) => [plan.name, plan])));
  /** By receiver: connections that logs were written to and that it has not read to their end; when, and by whom. */
  const unfinished = new Map<string, Map<string, { readonly daemon: string; readonly atMs: number }>>();

  const mayBeOnAnother = (receiver: string, from: string, nowMs: number): boolean => {
    // A proxy's connections are its own.
    if (plans.get(receiver)?.isBehindProxy) return true;
    const all = unfinished.get(receiver);
    const daemon = all?.get(from)?.daemon;
    return [...(all ?? [])].some(
      ([other, write]) => other !== from && write.daemon === daemon && nowMs - write.atMs < brokenMs,
    );
  };

  return {
    wrote({ daemon, receiver, from, nowMs }) {
      if (receiver === undefined) return;
      const all = unfinished.get(receiver) ?? new Map();
      all.set(from, { daemon, atMs: nowMs });
      unfinished.set(receiver, all);
    },
    readToEnd({ receiver, from }) {
      unfinished.get(receiver)?.delete(from);
    },
    read({ outlet, receiver, from, shard, sequence, isDuplicate, firstUnread, nowMs }) {
      if (isDuplicate || firstUnread > sequence || from === '') return;
      const { largeEvery, largeIsSent = false } = load;
      if (largeEvery !== undefined && !largeIsSent && firstUnread % largeEvery === 0) return;
      if (!settings.strictOrder && mayBeOnAnother(receiver, from, nowMs)) return;
      report('order', `${receiver} reads log ${sequence} of shard ${shard}, and ${outlet} has not read ${firstUnread}`);
    },
  };
};
