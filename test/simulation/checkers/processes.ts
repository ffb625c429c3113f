/**
 * No daemon ends by itself: what goes wrong outside is waited for. But for a dead-letter file that cannot be opened at
 * start: that is told, and somebody's to mend.
 */
import type { CreateChecker } from './checker.ts';

export const processesChecker: CreateChecker = (report) => ({
  ended({ daemon, reason }) {
    if (reason.startsWith('dead-letter-file')) return;
    report('processes', `${daemon} has ended by itself: ${reason}`);
  },
});
