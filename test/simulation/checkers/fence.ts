/**
 * A consumer that the service cannot have heard of for the group's timeout sends nothing more: others may own its shards.
 * It counts from when its last answered heartbeat was sent, which is earlier than the service counts, so the bound here
 * is the service's: what is written behind it, and one beat's time for what was on its way, is a violation.
 */
import type { CreateChecker } from './checker.ts';

export const fenceChecker: CreateChecker = (report, { settings }) => {
  const { timeoutMs, heartbeatIntervalMs } = settings;
  const heardMs = new Map<string, number>();
  return {
    beaten({ daemon, nowMs }) {
      heardMs.set(daemon, nowMs);
    },
    wrote({ daemon, nowMs }) {
      const heard = heardMs.get(daemon);
      if (heard === undefined) return;
      const lateMs = nowMs - heard - timeoutMs - heartbeatIntervalMs;
      if (lateMs > 0) {
        report('fence', `${daemon} sent logs ${Math.round(lateMs)} ms behind the bound: it must be fenced`);
      }
    },
    gone(daemon) {
      heardMs.delete(daemon);
    },
  };
};
