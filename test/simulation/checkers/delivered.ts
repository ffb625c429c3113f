/**
 * The promise: what a receiver has read ⊇ what is checkpointed. Of an outlet with receivers that do not keep to what the
 * promise needs (UDP, a proxy that answers for itself), nothing is claimed.
 */
import type { Ledger } from '../ledger.ts';
import type { CreateChecker } from './checker.ts';

export function deliveredChecker(ledger: Ledger): CreateChecker {
  return (report) => ({
    saved({ shard, sequence, consumer, byHand }) {
      if (byHand || sequence === undefined) return;
      for (const outlet of ledger.outlets) {
        if (!outlet.keepsPromise) continue;
        const unread = outlet.firstUnread(shard);
        if (sequence > unread) {
          report(
            'delivered',
            `${consumer} saved the checkpoint ${sequence} of shard ${shard}, but ${outlet.name} has not read log ${unread}`,
          );
        }
      }
    },
  });
}
