/** A log service that is killed in full flow, and comes back with what it had acknowledged. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import type { EmulatorStats } from '../../src/emulator/emulator.ts';
import { createChoices } from '../support/arbitraries/seed.ts';
import { type FaultRun, type LogServiceProcess, startFaultRun } from '../support/daemons/fault-run.ts';
import { freePort } from '../support/listen.ts';
import { createScriptedReceiver, type ScriptedReceiver } from '../support/receivers/scripted-receiver.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/service/emulator-process.ts';

const logsPerSecond = 1_500;
let directory: string;
let receiver: ScriptedReceiver;
let run: FaultRun;

afterEach(async () => {
  await run.close();
  await receiver.close();
  await rm(directory, { recursive: true, force: true });
});

/** Killed and started again on its port, with its state. */
async function startService(): Promise<LogServiceProcess & { restart(awayMs: number): Promise<void> }> {
  const port = ['--port', String(await freePort())];
  const common = [...port, '--state', path.join(directory, 'state'), '--logs', '0', '--shards', '4'];
  let emulator: EmulatorProcess = startEmulatorProcess(common);
  const { endpoint } = await emulator.ready;
  const admin = async (method: string, action: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/__emulator/${action}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return answer.json();
  };
  return {
    endpoint,
    stats: () =>
      admin('GET', 'stats')
        .then((stats) => stats as EmulatorStats)
        .catch(() => undefined),
    setRate: async (rate) => {
      await admin('POST', 'rate', { logsPerSecond: rate });
    },
    close: async () => {
      await emulator.stop('SIGKILL');
    },
    restart: async (awayMs) => {
      await emulator.stop('SIGKILL');
      await sleep(awayMs);
      const rate = ['--rate', String(logsPerSecond)];
      emulator = startEmulatorProcess([...common, ...rate]);
      await emulator.ready;
    },
  };
}

it('killed five times, and back with its state: nothing is lost, and no checkpoint goes back', async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'restarted-service-'));
  receiver = await createScriptedReceiver();
  const service = await startService();
  run = await startFaultRun({
    service,
    logsPerSecond,
    arrivals: receiver,
    args: ['--host', '127.0.0.1', '--port', String(receiver.port)],
  });
  const choices = createChoices('service killed');
  for (let kill = 1; kill <= 5; kill++) {
    await run.moreArrived(choices.between(300, 1_500));
    const before = await service.stats();
    await service.restart(choices.between(0, 1_000));
    const after = await service.stats();
    expect(after?.logsGenerated).toBeGreaterThanOrEqual(before?.logsGenerated ?? 0);
    expect(after?.logstores[0]?.consumerGroups.map(({ name }) => name)).toEqual(['faults']);
  }
  await run.moreArrived(500);
  const { generated, received, duplicates, violations } = await run.settle();
  console.info(`${generated} logs, 5 kills of the service, ${duplicates} duplicated`);
  expect(violations).toEqual([]);
  expect(received).toBe(generated);
  expect(await run.daemon.stop()).toBe(0);
});
