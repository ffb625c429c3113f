/**
 * In order within a shard, whatever is wrong: a log is not read for the first time while one before it is unread. What
 * goes back, after a loss, goes back to the first unread or before it, and goes on from there.
 *
 * Without strict order, connections of one daemon to one receiver stand beside each other: while an older one is not read
 * to its end, what is missing may be on it, where it was written to it. Logs that go to the dead letters are on no connection.
 */
import type { CreateChecker } from './checker.ts';

/** Logs that a piece of a stream cuts through, in front of the first that it shows. */
const cutLogs = 2;

interface Carried {
  /** Connections that stood when this one was written to for the first time: of broken ones all is sent again on it. */
  readonly beside: ReadonlySet<string>;
  /** By shard: the first log. Behind those that were written, others may wait for room. */
  readonly firsts: Map<number, number>;
}

export const orderChecker: CreateChecker = (report, { settings, load, outlets }) => {
  const plans = new Map(outlets.flatMap(({ receivers }) => receivers.map((plan) => [plan.name, plan])));
  /** By receiver and connection. */
  const written = new Map<string, Map<string, Carried>>();

  const mayBeOnAnother = (receiver: string, from: string, shard: number, sequence: number): boolean => {
    // A proxy's connections are its own.
    if (plans.get(receiver)?.isBehindProxy) return true;
    const all = written.get(receiver);
    return [...(all?.get(from)?.beside ?? [])].some((other) => {
      const first = all?.get(other)?.firsts.get(shard);
      return first !== undefined && sequence >= first - cutLogs;
    });
  };

  return {
    wrote({ receiver, from, firsts, beside }) {
      if (receiver === undefined) return;
      const all = written.get(receiver) ?? new Map<string, Carried>();
      written.set(receiver, all);
      const carried = all.get(from) ?? { beside: new Set(beside()), firsts: new Map() };
      all.set(from, carried);
      for (const { shard, sequence } of firsts)
        carried.firsts.set(shard, Math.min(sequence, carried.firsts.get(shard) ?? sequence));
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
