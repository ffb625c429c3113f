/** No daemon ends by itself: what goes wrong outside is waited for. */
import type { CreateChecker } from './checker.ts';

export const processesChecker: CreateChecker = (report) => ({
  ended({ daemon, reason }) {
    report('processes', `${daemon} has ended by itself: ${reason}`);
  },
});
