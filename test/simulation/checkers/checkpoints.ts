/**
 * A checkpoint never goes back under one owner, is never beyond what was served to whoever saves it, is never forced, and
 * is a cursor of its shard.
 */
import type { CreateChecker } from './checker.ts';

export const checkpointsChecker: CreateChecker = (report) => {
  /** By shard: who saved last, and what. */
  const last = new Map<number, { readonly consumer: string; readonly sequence: number }>();
  /** By consumer and shard: the furthest that was served to any process of that name. */
  const served = new Map<string, number>();
  /** Shards whose checkpoint, set by hand, is no cursor: whoever set it is to mend it. */
  const garbage = new Set<number>();
  const keyOf = (consumer: string, shard: number) => `${consumer}/${shard}`;

  return {
    pulled({ consumer, shard, from, to }) {
      const key = keyOf(consumer, shard);
      served.set(key, Math.max(served.get(key) ?? 0, from, to));
    },
    saved({ shard, sequence, first, consumer, forced, byHand }) {
      if (byHand) {
        last.delete(shard);
        if (sequence === undefined) garbage.add(shard);
        else garbage.delete(shard);
        return;
      }
      if (garbage.has(shard)) {
        report('checkpoints', `${consumer} saved ${sequence} over a checkpoint of shard ${shard} that is no cursor`);
      }
      if (forced) report('checkpoints', `${consumer} forced the checkpoint of shard ${shard}`);
      if (sequence === undefined) {
        report('checkpoints', `${consumer} saved what is no cursor of shard ${shard}`);
        return;
      }
      const before = last.get(shard);
      if (before?.consumer === consumer && sequence < before.sequence) {
        report('checkpoints', `${consumer} put shard ${shard} back from ${before.sequence} to ${sequence}`);
      }
      const furthest = served.get(keyOf(consumer, shard)) ?? 0;
      // The start itself is saved too, and where the data begins that is left: nothing need have been pulled for it.
      if (sequence > furthest && furthest > 0 && sequence > first) {
        report('checkpoints', `${consumer} saved ${sequence} of shard ${shard}, and was served ${furthest} at most`);
      }
      last.set(shard, { consumer, sequence });
    },
    fault(kind, what) {
      // A group that is made anew knows nothing of what was saved.
      if (kind.startsWith('group-') && what === 'begins') last.clear();
    },
  };
};
