/**
 * In order within a shard, whatever is wrong: a log is not read for the first time while one before it is unread. What
 * goes back, after a loss, goes back to the first unread or before it, and goes on from there.
 *
 * Without strict order, connections of one daemon to one receiver stand beside each other: while an older one is not read
 * to its end, what is missing may be on it, where it was written to it. Logs that go to the dead letters are on no connection.
 */
import type { CreateChecker } from './checker.ts';

/** Logs that a piece of a stream cuts through, at each of its ends. */
const cutLogs = 2;

interface Carried {
  /** Connections that stood when this one was written to for the first time: of broken ones all is sent again on it. */
  readonly beside: ReadonlySet<string>;
  /** By shard: the first and the last log. */
  readonly spans: Map<number, { first: number; last: number }>;
}

export const orderChecker: CreateChecker = (report, { settings, load, outlets }) => {
  const plans = new Map(outlets.flatMap(({ receivers }) => receivers.map((plan) => [plan.name, plan])));
  /** By receiver and connection: what was written to it, where the receiver has not read it to its end. */
  const unfinished = new Map<string, Map<string, Carried>>();

  const mayBeOnAnother = (receiver: string, from: string, shard: number, sequence: number): boolean => {
    // A proxy's connections are its own.
    if (plans.get(receiver)?.isBehindProxy) return true;
    const all = unfinished.get(receiver);
    return [...(all?.get(from)?.beside ?? [])].some((other) => {
      const span = all?.get(other)?.spans.get(shard);
      return span !== undefined && sequence >= span.first - cutLogs && sequence <= span.last + cutLogs;
    });
  };

  return {
    wrote({ receiver, from, spans, beside }) {
      if (receiver === undefined) return;
      const all = unfinished.get(receiver) ?? new Map<string, Carried>();
      unfinished.set(receiver, all);
      const carried = all.get(from) ?? { beside: new Set(beside()), spans: new Map() };
      all.set(from, carried);
      for (const { shard, first, last } of spans) {
        const before = carried.spans.get(shard) ?? { first, last };
        carried.spans.set(shard, { first: Math.min(first, before.first), last: Math.max(last, before.last) });
      }
    },
    readToEnd({ receiver, from }) {
      unfinished.get(receiver)?.delete(from);
    },
    read({ outlet, receiver, from, shard, sequence, isDuplicate, firstUnread }) {
      if (isDuplicate || firstUnread > sequence || from === '') return;
      const { largeEvery, largeIsSent = false } = load;
      if (largeEvery !== undefined && !largeIsSent && firstUnread % largeEvery === 0) return;
      if (!settings.strictOrder && mayBeOnAnother(receiver, from, shard, firstUnread)) return;
      report('order', `${receiver} reads log ${sequence} of shard ${shard}, and ${outlet} has not read ${firstUnread}`);
    },
  };
};
