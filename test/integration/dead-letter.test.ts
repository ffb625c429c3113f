/** Data that cannot be sent: to the dead-letter file, from the embedded service, by the daemon in this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Daemon } from '../../src/daemon.ts';
import { createEmulator, type Emulator, type Fault } from '../../src/emulator/emulator.ts';
import { createReceiver, type Receiver } from '../../src/receiver/receiver.ts';
import { startDaemon, type TestDaemonOptions } from '../support/daemon.ts';
import { numbersOf, readDeadLetters } from '../support/dead-letters.ts';

describe('the daemon with a dead-letter file', () => {
  let directory: string;
  let file: string;
  let emulator: Emulator;
  let receiver: Receiver;
  let port: number;
  let daemon: Daemon & { logged: string[] };

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'dead-letter-'));
    file = path.join(directory, 'dead.jsonl');
    emulator = createEmulator({ shards: 1 });
    receiver = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port: 0, rfc: '5424' });
    port = (await receiver.start()).port;
  });

  afterEach(async () => {
    await daemon.drain(1_000);
    await receiver.close();
    await emulator.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function run(options: Partial<TestDaemonOptions> = {}): Promise<void> {
    const deadLetter = { path: file, maxBytes: 1 << 30, maxFiles: 5 };
    daemon = await startDaemon(emulator, {
      ...options,
      receiver: { port },
      delivery: { deadLetter, ...options.delivery },
    });
  }

  const generated = () => emulator.stats().logsGenerated;
  const checkpointed = () => emulator.stats().logstores[0]?.consumerGroups[0]?.checkpoints[0]?.sequence;
  const logged = (text: string) =>
    vi.waitFor(() => expect(daemon.logged.filter((line) => line.includes(text))).toHaveLength(1), { timeout: 20_000 });

  it.each([
    ['some logs', 'access', 680],
    ['all logs', 'audit', 480],
  ] as const)(
    'sends what fits and keeps the rest, %s too large: nothing is missing',
    async (_, profile, maxMessageBytes) => {
      emulator.append({ logs: 3_000, profile });
      await run({ message: { oversize: 'dead-letter', maxMessageBytes } });
      await vi.waitFor(() => expect(checkpointed()).toBe(generated()), { timeout: 20_000 });
      const { complete, fields } = await daemon.drain(10_000);
      expect(complete).toBe(true);
      const kept = numbersOf(await readDeadLetters(file));
      expect(new Set(kept.map(({ number }) => number)).size).toBe(kept.length);
      const { unique, duplicate } = receiver.stats().sequence;
      expect([unique + kept.length, duplicate]).toEqual([generated(), 0]);
      expect(kept.length).toBeGreaterThan(20);
      expect(fields).toMatchObject({ logs: unique, deadLettered: kept.length, truncated: 0, split: 0 });
      expect(unique === 0).toBe(profile === 'audit');
    },
  );

  const damages: Fault[] = [
    { kind: 'cut-body' },
    { kind: 'corrupt-body' },
    { kind: 'wrong-raw-size', byBytes: 7 },
    { kind: 'wrong-raw-size', byBytes: 1 << 30 },
    { kind: 'garbage-protobuf' },
  ];

  it.each(damages)('skips a batch that cannot be read, and says where it was ($kind $byBytes)', async (fault) => {
    emulator.append({ logs: 500 });
    emulator.faults.set({ rules: [{ action: 'PullLogs', fault }] });
    await run({ delivery: { onCorruptBatch: 'skip', deadLetter: { path: file, maxBytes: 1 << 30, maxFiles: 5 } } });
    await logged('is skipped');
    emulator.faults.clear();
    const skipped = generated();
    emulator.append({ logs: 500 });
    await vi.waitFor(() => expect(checkpointed()).toBe(generated()), { timeout: 20_000 });
    expect(receiver.stats().sequence.unique).toBe(generated() - skipped);
    const [record, ...others] = await readDeadLetters(file);
    expect(others).toEqual([]);
    expect(record).toMatchObject({ project: 'demo', logstore: 'logs', shard: 0, index: 0 });
    const { complete, fields } = await daemon.drain(10_000);
    expect([complete, fields.batchesSkipped]).toEqual([true, 1]);
  });

  it.each(damages)('stops the shard, as long as it is not told to skip ($kind $byBytes)', async (fault) => {
    emulator.append({ logs: 500 });
    emulator.faults.set({ rules: [{ action: 'PullLogs', fault }] });
    await run({ delivery: { onCorruptBatch: 'stop' } });
    await logged('shard 0 is stopped: its next batch cannot be read');
    emulator.faults.clear();
    expect((await daemon.drain(10_000)).complete).toBe(false);
    expect(checkpointed()).toBe(0);
    expect(await readDeadLetters(file)).toEqual([]);
  });
});
