/**
 * A checkpoint never goes back under one owner, is never beyond what was served to whoever saves it, is never forced over
 * one that is further, and is a cursor of its shard.
 */
import type { CreateChecker } from './checker.ts';

/** Between two who save: what was asked for less long ago than this may still have been on its way. */
const meetingMs = 1_000;

export const checkpointsChecker: CreateChecker = (report) => {
  /** By shard: who saved last, and what. */
  const last = new Map<number, { readonly consumer: string; readonly sequence: number; readonly atMs: number }>();
  /** By consumer and shard: the furthest that was served to any process of that name. */
  const served = new Map<string, number>();
  /** By consumer: when it has last asked for all checkpoints. */
  const asked = new Map<string, number>();
  const consumers = new Map<string, string>();
  let hasLostGroup = false;
  /**
   * Shards whose checkpoint, set by hand, is no cursor; since when, and where the shard ended then. Whoever set it is to
   * mend it. Where the shard holds only logs that came later, nothing is left that could have been meant.
   */
  const garbage = new Map<number, { readonly sinceMs: number; readonly end: number }>();
  const keyOf = (consumer: string, shard: number) => `${consumer}/${shard}`;

  return {
    born(daemon, consumer) {
      consumers.set(daemon, consumer);
    },
    requested({ daemon, action, nowMs }) {
      const consumer = consumers.get(daemon);
      if (action === 'GetCheckPoint' && consumer !== undefined) asked.set(consumer, nowMs);
    },
    pulled({ consumer, shard, from, to }) {
      const key = keyOf(consumer, shard);
      served.set(key, Math.max(served.get(key) ?? 0, from, to));
    },
    saved({ shard, cursor, sequence, first, next, consumer, forced, isFirst, isRecalled, sentMs, byHand, nowMs }) {
      if (byHand) {
        last.delete(shard);
        if (sequence === undefined && cursor !== '') garbage.set(shard, { sinceMs: nowMs, end: next });
        else garbage.delete(shard);
        return;
      }
      const wrong = garbage.get(shard);
      const isAllNewer = wrong !== undefined && first >= wrong.end && next > wrong.end;
      if (wrong && sentMs > wrong.sinceMs && !isAllNewer) {
        report('checkpoints', `${consumer} saved ${sequence} over a checkpoint of shard ${shard} that is no cursor`);
      }
      // The save was on its way before the garbage was set, or what could have been meant is gone.
      garbage.delete(shard);
      // Where the group was deleted, what was confirmed is saved whoever owns the shard now.
      const its = last.get(shard);
      // Two who save at the same time know nothing of each other, nor does who was not told of the other's save.
      const knewMs = Math.min(asked.get(consumer) ?? 0, sentMs - meetingMs);
      const isOver = its !== undefined && its.atMs < knewMs && its.sequence !== sequence;
      const isBehind = isOver && sequence !== undefined && sequence < its.sequence;
      if (forced && !isFirst && isOver && (isBehind || !hasLostGroup))
        report('checkpoints', `${consumer} forced the checkpoint of shard ${shard}`);
      if (sequence === undefined) {
        report('checkpoints', `${consumer} saved what is no cursor of shard ${shard}`);
        return;
      }
      const before = last.get(shard);
      if (before?.consumer === consumer && sequence < before.sequence && !isRecalled) {
        report('checkpoints', `${consumer} put shard ${shard} back from ${before.sequence} to ${sequence}`);
      }
      const furthest = served.get(keyOf(consumer, shard)) ?? 0;
      // The start itself is saved too, and where the data begins that is left: nothing need have been pulled for it.
      // What another has saved in a group that was deleted is saved again by whoever saw it.
      if (sequence > furthest && furthest > 0 && sequence > first && !forced) {
        report('checkpoints', `${consumer} saved ${sequence} of shard ${shard}, and was served ${furthest} at most`);
      }
      last.set(shard, { consumer, sequence, atMs: nowMs });
    },
    fault(kind, what) {
      // A group that is made anew knows nothing of what was saved.
      if (!kind.startsWith('group-') || what !== 'begins') return;
      hasLostGroup = true;
      last.clear();
      garbage.clear();
    },
  };
};
