/** What a puller needs besides the service and the budget, for tests that are about something else. */
import { type Clock, systemClock } from '../../../src/core/time/clock.ts';
import { IdlePause } from '../../../src/group/pull/idle-pause.ts';
import type { PullerOptions } from '../../../src/group/pull/puller.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export function pulling(
  clock: Clock = systemClock,
): Pick<PullerOptions, 'pacing' | 'wasUnreadable' | 'log' | 'clock' | 'isReadOnly'> {
  return { pacing: new IdlePause(0, clock), wasUnreadable: () => false, isReadOnly: () => false, log, clock };
}
