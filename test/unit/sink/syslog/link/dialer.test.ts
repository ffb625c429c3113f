import { expect } from 'vitest';
import { connectionError } from '../../../../../src/sink/network-errors.ts';
import { Reachability } from '../../../../../src/sink/reachability.ts';
import { Dialer } from '../../../../../src/sink/syslog/link/dialer.ts';
import type { Connection } from '../../../../../src/sink/syslog/link/transport.ts';
import { createLogRecorder } from '../../../../support/receivers/sink-harness.ts';
import { useVirtualTime } from '../../../../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();

const broken = connectionError('econnreset', 'reset');
const connection = (): Connection => ({
  facts: {},
  hasRoom: true,
  wasRead: false,
  attach: () => undefined,
  write: () => undefined,
  end: () => Promise.resolve(undefined),
  destroy: () => undefined,
});

/** Connects, and is cut at once, again and again. @returns how long it waited in all, in milliseconds */
async function dialAndLose(times: number, confirms: boolean): Promise<number> {
  const options = {
    backoffMinMs: 20,
    backoffMaxMs: 30_000,
    steadyAfterMs: 5_000,
    clock: { ...time.clock, random: () => 1 },
  };
  const reachability = new Reachability({ ...options, peer: 'tcp://a:514', log: createLogRecorder().log });
  const dialer = new Dialer({ connect: () => Promise.resolve(connection()) }, options, reachability);
  const startMs = time.elapsedMs;
  for (let time = 0; time < times; time++) {
    const lost = await dialer.dial(new AbortController().signal);
    if (confirms) dialer.confirmed();
    dialer.lost(lost, broken);
  }
  return time.elapsedMs - startMs;
}

it('waits longer and longer for a receiver that drops every connection, not for one that confirms in between', async () => {
  const [dropping, confirming] = await Promise.all([dialAndLose(7, false), dialAndLose(7, true)]);
  expect(confirming).toBeLessThan(dropping / 2);
});
