/**
 * Receivers killed with everything in the kernels' buffers, and in full flow. With confirmation nothing is lost;
 * without it, as with every other sender, what was in the buffers is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createChoices } from '../support/arbitraries/seed.ts';
import { type FaultRun, patient, startFaultRun } from '../support/daemons/fault-run.ts';
import { tail } from '../support/receivers/arrivals.ts';
import { type DurableReceiver, startDurableReceiver } from '../support/receivers/durable-receiver.ts';
import { missingReceiver, type RealReceiver, startRsyslog } from '../support/receivers/real-receivers.ts';

const missing = missingReceiver('rsyslog');
if (missing) console.warn(`SKIPPED: killed receivers: ${missing}`);

describe.skipIf(missing)('rsyslog, killed with everything in the kernels’ buffers', () => {
  let rsyslog: RealReceiver;
  let run: FaultRun;

  afterEach(async () => {
    await run.close();
    await rsyslog.dispose();
  });

  it.each([
    ['auto', false],
    ['off', true],
  ] as const)('--confirm %s: logs are lost: %s', async (confirm, losesLogs) => {
    const kills = 5;
    rsyslog = await startRsyslog('imptcp', undefined, 'Direct');
    run = await startFaultRun({
      logsPerSecond: 3_000,
      arrivals: tail(rsyslog.output),
      args: ['--host', '127.0.0.1', '--port', String(rsyslog.port), '--confirm', confirm],
    });
    const choices = createChoices(`rsyslog killed, --confirm ${confirm}`);
    for (let kill = 0; kill < kills; kill++) {
      await run.moreArrived(1_000);
      await sleep(choices.between(0, 700));
      rsyslog.pause();
      await sleep(400);
      await rsyslog.killUnanswering();
      await rsyslog.restart();
    }
    await run.moreArrived(1_000);
    const { generated, lost, duplicates, violations } = await run.settle();
    console.info(`--confirm ${confirm}: ${generated} logs, ${kills} kills, ${lost} lost, ${duplicates} duplicated`);
    expect(lost > 0).toBe(losesLogs);
    if (!losesLogs) expect(violations).toEqual([]);
    expect(await run.daemon.stop()).toBe(0);
  });
});

describe('a receiver that writes what it has read, killed in full flow', () => {
  let receiver: DurableReceiver;
  let run: FaultRun;

  afterEach(async () => {
    await run.close();
    await receiver.dispose();
  });

  it('has everything after five kills', async () => {
    const kills = 5;
    receiver = await startDurableReceiver();
    run = await startFaultRun({
      arrivals: receiver,
      args: ['--host', '127.0.0.1', '--port', String(receiver.port), ...patient],
    });
    const choices = createChoices('killed in full flow');
    for (let kill = 0; kill < kills; kill++) {
      await run.moreArrived(300);
      await sleep(choices.between(0, 600));
      await receiver.restart();
    }
    await run.moreArrived(300);
    const { generated, received, duplicates, stepsBack, violations } = await run.settle();
    console.info(`${generated} logs, ${kills} kills, ${duplicates} duplicated`);
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(stepsBack).toBeLessThanOrEqual(kills);
    expect(await run.daemon.stop()).toBe(0);
  });
});
