/**
 * A real receiver is stopped, so that everything sent stays in the kernels' buffers, then killed, and started again.
 * With confirmation nothing is lost; without it, as with every other sender, what was in the buffers is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type FaultRun, startFaultRun } from '../support/fault-run.ts';
import { missingReceiver, type RealReceiver, startRsyslog } from '../support/real-receivers.ts';

const missing = missingReceiver('rsyslog');
if (missing) console.warn(`SKIPPED: killed receivers: ${missing}`);

const kills = 5;

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
  ] as const)(
    '--confirm %s: logs are lost: %s',
    async (confirm, losesLogs) => {
      rsyslog = await startRsyslog('imptcp', undefined, 'Direct');
      run = await startFaultRun({
        logsPerSecond: 3_000,
        lines: rsyslog.lines,
        args: ['--host', '127.0.0.1', '--port', String(rsyslog.port), '--confirm', confirm],
      });
      await run.daemon.waitForLog('shards assigned');
      for (let kill = 0; kill < kills; kill++) {
        await sleep(500 + Math.random() * 700);
        rsyslog.pause();
        await sleep(400);
        await rsyslog.kill();
        if (!losesLogs) await run.expectCheckpointsReceived();
        await rsyslog.restart();
      }
      await sleep(500);
      run.emulator.setRate({ logsPerSecond: 0 });
      await run.everythingCheckpointed();
      const lost = await run.lost();
      const duplicates = await run.duplicates();
      const generated = run.emulator.stats().logsGenerated;
      console.info(`--confirm ${confirm}: ${generated} logs, ${kills} kills, ${lost} lost, ${duplicates} duplicated`);
      expect(lost > 0).toBe(losesLogs);
      expect(await run.daemon.stop()).toBe(0);
    },
    120_000,
  );
});
