/**
 * Requests stay within what the service allows, and within what a good guest asks for: 100 pulls of a shard in any
 * second, ever; and while logs only trickle, so many as `--fetch-interval` allows.
 */
import type { CreateChecker } from './checker.ts';

const mostPullsASecond = 100;
const mostOthersASecond = 200;

export const quotasChecker: CreateChecker = (report) => {
  const counts = new Map<string, { second: number; count: number }>();
  const count = (key: string, nowMs: number): number => {
    const second = Math.floor(nowMs / 1000);
    const entry = counts.get(key);
    if (entry?.second !== second) {
      counts.set(key, { second, count: 1 });
      return 1;
    }
    entry.count++;
    return entry.count;
  };
  return {
    requested({ daemon, action, shard, nowMs }) {
      if (action === 'PullLogs') {
        const pulls = count(`${daemon}/${shard}`, nowMs);
        if (pulls > mostPullsASecond) report('quotas', `${daemon} pulled shard ${shard} ${pulls} times in a second`);
        return;
      }
      const others = count(`${daemon}/${action}`, nowMs);
      if (others > mostOthersASecond) report('quotas', `${daemon} asked for ${action} ${others} times in a second`);
    },
  };
};
