/**
 * What the rest of the suite tries with shortened times, at full length and with the daemon's own settings:
 *
 *     FAULTS=long npx vitest run test/fault/long.test.ts      # about a quarter of an hour
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultRun, startFaultRun } from '../support/daemons/fault-run.ts';
import {
  createScriptedReceiver,
  type Manner,
  reads,
  readsAt,
  type ScriptedReceiver,
  stallsAfter,
} from '../support/receivers/scripted-receiver.ts';

const isWanted = process.env.FAULTS === 'long';
if (!isWanted) console.warn('SKIPPED: faults at full length: FAULTS=long runs them; their short forms are run');

const minuteMs = 60_000;
const ownSettings = ['--confirm-interval', '10s', '--confirm-timeout', '30s', '--timeout', '3m'];

describe.skipIf(!isWanted)('at full length', () => {
  let receiver: ScriptedReceiver;
  let run: FaultRun;

  beforeEach(async () => {
    receiver = await createScriptedReceiver();
  });

  afterEach(async () => {
    await run.close();
    await receiver.close();
  });

  async function start(manner: Manner, logsPerSecond: number): Promise<void> {
    receiver.behave(manner);
    const args = ['--host', '127.0.0.1', '--port', String(receiver.port), ...ownSettings];
    run = await startFaultRun({ logsPerSecond, arrivals: receiver, args, allowsStale: true });
  }

  async function expectEverything(timeoutMs: number): Promise<void> {
    const { generated, received, duplicates, violations, longestGapMs } = await run.settle(timeoutMs);
    console.info(`${generated} logs, ${duplicates} duplicated, longest gap ${longestGapMs} ms`);
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(await run.daemon.stop()).toBe(0);
  }

  it(
    'a receiver that reads 10 KB a second, with 2.4 MB to read',
    async () => {
      await start(readsAt(10_000), 0);
      run.emulator.append({ logs: 3_000 });
      await expectEverything(40 * minuteMs);
    },
    45 * minuteMs,
  );

  it(
    'a receiver that refuses for 30 s',
    async () => {
      await start(reads, 1_500);
      await run.moreArrived(2_000);
      await receiver.refuse();
      await sleep(minuteMs / 2);
      await receiver.listen();
      await run.moreArrived(30_000, 2 * minuteMs);
      await expectEverything(2 * minuteMs);
    },
    6 * minuteMs,
  );

  it(
    'a receiver that stops reading for a minute',
    async () => {
      await start(reads, 1_500);
      await run.moreArrived(2_000);
      const before = receiver.connections;
      receiver.behave(stallsAfter(50_000, minuteMs));
      while (receiver.connections === before) await sleep(100);
      receiver.behave(reads);
      await sleep(minuteMs);
      await run.moreArrived(2_000, 2 * minuteMs);
      await expectEverything(4 * minuteMs);
    },
    9 * minuteMs,
  );

  it(
    'a log service that is slow by 10 s',
    async () => {
      await start(reads, 200);
      await run.moreArrived(500);
      // Heartbeats too: with the suite's own short interval the shards would rightly be given up.
      const slow = ['PullLogs', 'UpdateCheckPoint', 'ListShards', 'GetCheckPoint', 'GetCursor'] as const;
      run.emulator.faults.set({
        rules: slow.map((action) => ({ action, fault: { kind: 'latency', delayMs: 10_000 } })),
      });
      await sleep(minuteMs);
      await run.moreArrived(1_000, 2 * minuteMs);
      run.emulator.faults.clear();
      await run.moreArrived(1_000, 2 * minuteMs);
      await expectEverything(2 * minuteMs);
    },
    8 * minuteMs,
  );
});
