/** Nobody reads the daemon's log any more: a pipe that is full, on a process as it runs in production. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmulator, DEMO_CREDENTIALS, type Emulator } from '../../src/emulator/emulator.ts';
import { createReceiver, type Receiver } from '../../src/receiver/receiver.ts';
import { cliCommand } from '../support/daemons/cli.ts';
import { createStoppedPipe, type StoppedPipe } from '../support/daemons/stopped-pipe.ts';
import { eventually } from '../support/eventually.ts';

describe('a daemon whose log nobody reads', () => {
  let emulator: Emulator;
  let receiver: Receiver;
  let pipe: StoppedPipe;
  let environment: Record<string, string>;

  beforeEach(async () => {
    pipe = await createStoppedPipe();
    emulator = createEmulator({ shards: 4 });
    receiver = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port: 0 });
    const { endpoint } = await emulator.start();
    const { port } = await receiver.start();
    environment = {
      SLS_ENDPOINT: endpoint,
      SLS_PROJECT: 'demo',
      SLS_LOGSTORE: 'logs',
      SLS_CG: 'siem',
      SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
      SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
      SLS_HEARTBEAT_INTERVAL: '4s',
      SLS_CHECKPOINT_INTERVAL: '500ms',
      SYSLOG_HOST: '127.0.0.1',
      SYSLOG_PORT: String(port),
    };
  });

  afterEach(async () => {
    await receiver.close();
    await emulator.close();
    await pipe.close();
  });

  /** Its stderr is full before it begins. */
  function start(format: string) {
    const { file, args, env } = cliCommand(['run', '--log-format', format], environment);
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', pipe.writeEnd], env });
    return { child, exited: once(child, 'exit').then(([code]) => code as number | null) };
  }

  const heartbeats = () => emulator.stats().requests.HeartBeat ?? 0;

  it.each(['json', 'pretty'])(
    'sends heartbeats and delivers; what it logged meanwhile is there when somebody reads (%s)',
    async (format) => {
      const { child, exited } = start(format);
      try {
        emulator.append({ logs: 5_000 });
        await eventually(() => expect(receiver.stats().sequence.unique).toBe(5_000));
        const before = heartbeats();
        await eventually(() => expect(heartbeats()).toBeGreaterThan(before + 1));
        emulator.append({ logs: 5_000 });
        await eventually(() => expect(receiver.stats().sequence.unique).toBe(10_000));
        expect(pipe.read()).toMatch(/^(\.\n)+$/);
        await eventually(() => expect(pipe.read()).toContain('sls-syslog starts'));
        child.kill('SIGTERM');
        const log = await pipe.readUntil(exited);
        expect(await exited).toBe(0);
        expect(log).toContain('everything sent is confirmed by the receiver and checkpointed');
      } finally {
        child.kill('SIGKILL');
      }
    },
  );

  it('ends in time on SIGTERM, with the exit code that it would have', async () => {
    const { child, exited } = start('json');
    try {
      emulator.append({ logs: 1_000 });
      await eventually(() => expect(receiver.stats().sequence.unique).toBe(1_000));
      child.kill('SIGTERM');
      expect(await exited).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
    const saved = emulator.stats().logstores[0]?.consumerGroups[0]?.checkpoints.map(({ sequence }) => sequence) ?? [];
    expect(saved.reduce((sum, each) => sum + each, 0)).toBe(1_000);
  });
});
