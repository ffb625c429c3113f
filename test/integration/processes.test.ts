/** Daemons as processes of their own, as they run in production: shared shards, ends of every kind, restarts. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmulator, DEMO_CREDENTIALS, type Emulator } from '../../src/emulator/emulator.ts';
import { createReceiver, type Receiver } from '../../src/receiver/receiver.ts';
import { type CliProcess, startCli } from '../support/daemons/cli.ts';
import { testedEncoder } from '../support/daemons/tested-encoder.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/listen.ts';

const shards = 8;

describe('daemon processes', () => {
  let emulator: Emulator;
  let receiver: Receiver;
  let running: CliProcess[];
  let environment: Record<string, string>;

  beforeEach(async () => {
    emulator = createEmulator({ shards });
    receiver = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port: await freePort() });
    running = [];
    const { endpoint } = await emulator.start();
    const { port } = await receiver.start();
    environment = {
      SLS_ENDPOINT: endpoint,
      SLS_PROJECT: 'demo',
      SLS_LOGSTORE: 'logs',
      SLS_CG: 'siem',
      SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
      SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
      // A group's timeout, a drain and an answer that a busy machine keeps to: nothing may be sent twice.
      SLS_HEARTBEAT_INTERVAL: '6s',
      SLS_CHECKPOINT_INTERVAL: '500ms',
      SLS_SYSLOG_DRAIN_TIMEOUT: '15s',
      SYSLOG_CONFIRM_TIMEOUT: '60s',
      SLS_SYSLOG_LOG_FORMAT: 'json',
      SYSLOG_HOST: '127.0.0.1',
      SYSLOG_PORT: String(port),
    };
  });

  afterEach(async () => {
    await Promise.all(running.map((each) => each.stop('SIGKILL')));
    await receiver.close();
    await emulator.close();
  });

  function start(...args: string[]): CliProcess {
    const process = startCli(['run', ...args], environment);
    running.push(process);
    return process;
  }

  const group = () => emulator.stats().logstores[0]?.consumerGroups[0];
  const owners = () => new Map(group()?.consumers.map(({ name, owned }) => [name, owned.length]));
  const sequence = () => receiver.stats().sequence;

  function expectNothingMissing(): void {
    expect(sequence().unique).toBe(emulator.stats().logsGenerated);
    expect(sequence().missing).toBe(0);
  }

  /** What is checkpointed has been received: of every shard, all numbers below the checkpoint's. */
  function expectCheckpointsAtTheEnd(): void {
    const ends = new Map(emulator.stats().logstores[0]?.shards.map((each) => [each.shard, each.logsGenerated]));
    for (const { shard, sequence: next } of group()?.checkpoints ?? []) expect(next).toBe(ends.get(shard));
    expect(group()?.checkpoints.length).toBe(shards);
  }

  it('say which encoder they have: the one of the test run, unless told otherwise', async () => {
    const encoderOf = async (...args: string[]) => (await start(...args).waitForLog('logs become messages')).encoder;
    expect(await encoderOf('--consumer-name', 'a')).toBe(testedEncoder());
    expect(await encoderOf('--consumer-name', 'b', '--encoder', 'reference')).toBe('reference');
    expect(await encoderOf('--consumer-name', 'c', '--encoder', 'kernel')).toBe('kernel');
  });

  it('share the shards of a group; one ends by SIGTERM without duplicates, one is killed, and nothing is lost', async () => {
    emulator.append({ logs: 50_000 });
    emulator.setRate({ logsPerSecond: 4_000 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => start('--consumer-name', name)) as [
      CliProcess,
      CliProcess,
      CliProcess,
    ];
    await eventually(() => {
      expect([...owners().keys()].sort()).toEqual(['a', 'b', 'c']);
      expect([...owners().values()].sort()).toEqual([2, 3, 3]);
    });
    const before = sequence().unique;
    await eventually(() => expect(sequence().unique).toBeGreaterThan(before + 4_000));

    expect(await a.stop('SIGTERM')).toBe(0);
    expect(a.logged().at(-1)?.msg).toContain('everything sent is confirmed by the receiver and checkpointed');
    await eventually(() =>
      expect([...owners()].sort()).toEqual([
        ['b', 4],
        ['c', 4],
      ]),
    );
    const taken = sequence().unique;
    await eventually(() => expect(sequence().unique).toBeGreaterThan(taken + 8_000));
    expect(sequence().duplicate).toBe(0);

    await b.stop('SIGKILL');
    await eventually(() => expect([...owners()]).toEqual([['c', 8]]));
    emulator.setRate({ logsPerSecond: 0 });
    await eventually(expectNothingMissing);
    expect(await c.stop('SIGTERM')).toBe(0);
    expectCheckpointsAtTheEnd();
  });

  it('go on at the checkpoint after a restart', async () => {
    emulator.append({ logs: 20_000 });
    expect(await start('--until', 'end').exited).toBe(0);
    expectNothingMissing();
    expectCheckpointsAtTheEnd();
    emulator.append({ logs: 5_000 });
    expect(await start('--until', 'end').exited).toBe(0);
    expectNothingMissing();
    expect(sequence().duplicate).toBe(0);
    expect(sequence().outOfOrder).toBe(0);
  });

  it('wait for a receiver that is down, and hold no shards meanwhile', async () => {
    emulator.append({ logs: 1_000 });
    await receiver.close();
    const daemon = start();
    await daemon.waitForLog('cannot connect to the receiver');
    await eventually(() => expect(emulator.stats().requests.CreateConsumerGroup).toBe(1));
    expect(emulator.stats().requests.HeartBeat ?? 0).toBe(0);
    receiver = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port: Number(environment.SYSLOG_PORT) });
    await receiver.start();
    await eventually(expectNothingMissing);
    expect(await daemon.stop()).toBe(0);
  });

  it('say what is not delivered, and exit with 1, when a receiver that takes nothing outlasts the drain', async () => {
    const stalled = createServer((socket) => socket.pause().on('error', () => undefined));
    stalled.listen(0, '127.0.0.1');
    await once(stalled, 'listening');
    try {
      emulator.append({ logs: 60_000 });
      environment.SYSLOG_PORT = String((stalled.address() as AddressInfo).port);
      const daemon = start('--confirm', 'off', '--max-in-flight', '64MiB', '--drain-timeout', '2s');
      await daemon.waitForLog('shards assigned');
      // Each shard has a batch under way, and the next one pulled.
      await eventually(() => expect(emulator.stats().requests.PullLogs).toBeGreaterThanOrEqual(2 * shards));
      expect(await daemon.stop()).toBe(1);
      const last = daemon.logged().at(-1);
      expect(last?.msg).toContain('not everything pulled is handed to the network');
      expect(last?.unconfirmed).not.toEqual([]);
    } finally {
      stalled.close();
    }
  });

  it('end with a message that says what to check when the access key is wrong', async () => {
    environment.SLS_AK_KEY = 'not-the-secret';
    const daemon = start();
    expect(await daemon.exited).toBe(1);
    const last = daemon.logged().at(-1);
    expect(String(last?.msg)).toMatch(/signature|secret|SLS_AK_KEY/i);
    expect(daemon.stderr.join('\n')).not.toContain('not-the-secret');
  });

  it('take up another access key from the configuration file while they run', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'sls-syslog-'));
    const file = path.join(directory, 'sls-syslog.yaml');
    const key = (id: string, secret: string) => writeFile(file, `access-key-id: ${id}\naccess-key-secret: ${secret}\n`);
    try {
      delete environment.SLS_AK_ID;
      delete environment.SLS_AK_KEY;
      await key(DEMO_CREDENTIALS.accessKeyId, DEMO_CREDENTIALS.accessKeySecret);
      emulator.append({ logs: 1_000 });
      const daemon = start('--config', file);
      await eventually(expectNothingMissing);
      await key('new-id', 'new-secret');
      emulator.setCredentials([{ accessKeyId: 'new-id', accessKeySecret: 'new-secret' }]);
      emulator.append({ logs: 1_000 });
      await eventually(expectNothingMissing);
      expect(await daemon.stop()).toBe(0);
      expect(sequence().duplicate).toBe(0);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
