/**
 * In order within a shard, whatever is wrong: a log is not read for the first time while one before it is unread. What
 * goes back, after a loss, goes back to the first unread or before it, and goes on from there.
 *
 * Without strict order, connections of one daemon to one receiver stand beside each other: what is missing may be on one
 * that stood when this one was written to for the first time, or on one to an address that the receiver has left. Logs that go to the dead letters are on no connection.
 */
import type { CreateChecker } from './checker.ts';

export const orderChecker: CreateChecker = (report, { settings, load, outlets }) => {
  // A proxy's connections are its own.
  const behindProxies = new Set(
    outlets.flatMap(({ receivers }) => receivers.filter(({ isBehindProxy }) => isBehindProxy).map(({ name }) => name)),
  );
  /** Connections that were written to: whether others stood beside them then. Of broken ones all is sent again. */
  const stoodAlone = new Map<string, boolean>();
  let hasMoved = false;

  return {
    fault(kind) {
      if (kind === 'receiver-moves') hasMoved = true;
    },
    wrote({ from, beside }) {
      if (!stoodAlone.has(from)) stoodAlone.set(from, beside().length === 0);
    },
    read({ outlet, receiver, from, shard, sequence, isDuplicate, firstUnread }) {
      if (isDuplicate || firstUnread > sequence || from === '') return;
      const { largeEvery, largeIsSent = false } = load;
      if (largeEvery !== undefined && !largeIsSent && firstUnread % largeEvery === 0) return;
      if (!settings.strictOrder && (hasMoved || behindProxies.has(receiver) || stoodAlone.get(from) === false)) return;
      report('order', `${receiver} reads log ${sequence} of shard ${shard}, and ${outlet} has not read ${firstUnread}`);
    },
  };
};
