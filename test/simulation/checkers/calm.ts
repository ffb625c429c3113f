/**
 * When nothing goes wrong any more, and all is settled: each shard's logs arrive in their order, none twice, and no
 * daemon has anything to complain of.
 */
import type { CreateChecker } from './checker.ts';

export const calmChecker: CreateChecker = (report) => {
  let isCalm = false;
  const last = new Map<string, number>();
  return {
    phase(phase) {
      isCalm = phase === 'calm';
      last.clear();
    },
    read({ outlet, receiver, shard, sequence, isDuplicate }) {
      if (!isCalm) return;
      if (isDuplicate) report('calm', `${receiver} got log ${sequence} of shard ${shard} again, and nothing was wrong`);
      const key = `${outlet}/${shard}`;
      const before = last.get(key) ?? -1;
      if (sequence < before) report('calm', `${receiver} got log ${sequence} of shard ${shard} behind ${before}`);
      last.set(key, sequence);
    },
    logged({ daemon, level, message }) {
      if (isCalm && level === 'error') report('calm', `${daemon} says an error, and nothing is wrong: ${message}`);
    },
  };
};
