import { expect, it } from 'vitest';
import { emulatorCommand } from '../../src/cli/emulator.ts';
import { readings } from '../../src/emulator/dialect-text.ts';
import { startEmulatorProcess } from '../support/service/emulator-process.ts';
import { createSignedClient } from '../support/service/signed-client.ts';

it.each(['SIGTERM', 'SIGINT'] as const)('says what to connect to, serves, and ends cleanly on %s', async (signal) => {
  const args = [
    '--shards',
    '3',
    '--logs',
    '300',
    '--ak',
    'id',
    '--sk',
    "it's secret",
    '--project',
    'own',
    '--rate',
    '50',
  ];
  const emulator = startEmulatorProcess(args);
  const ready = await emulator.ready;
  expect(ready).toEqual({
    event: 'ready',
    endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    project: 'own',
    logstore: 'logs',
    shards: 3,
    logs: 300,
    accessKeyId: 'id',
  });

  const client = createSignedClient({
    endpoint: ready.endpoint,
    accessKeyId: 'id',
    accessKeySecret: "it's secret",
    host: 'own.127.0.0.1',
  });
  expect((await client.call('GET', '/logstores/logs/shards')).json()).toHaveLength(3);
  await client.close();

  const { code, stderr } = await emulator.stop(signal);
  expect(code).toBe(0);
  const exported = stderr.split('\n').find((line) => line.startsWith('export '));
  expect(exported).toBe(
    `export SLS_ENDPOINT=${ready.endpoint} SLS_AK_ID=id SLS_AK_KEY='it'\\''s secret' SLS_PROJECT=own SLS_LOGSTORE=logs SLS_CG=sls-syslog-demo`,
  );
});

it('answers as the readings of --dialect have it, and says which they are', async () => {
  const args = ['--logs', '0', '--shards', '1', '--dialect', 'no-checkpoint=null', '--dialect'];
  const emulator = startEmulatorProcess([...args, 'error-body=Error,strict-owner=false']);
  const { endpoint, dialect } = await emulator.ready;
  expect(dialect).toEqual(['error-body=Error', 'no-checkpoint=null']);

  const client = createSignedClient({ endpoint });
  const groups = '/logstores/logs/consumergroups';
  const missing = await client.call('GET', `${groups}/nobody`);
  expect(missing.json()).toEqual({ Error: { Code: 'ConsumerGroupNotExist', Message: expect.any(String) } });
  await client.call('POST', groups, { body: JSON.stringify({ consumerGroup: 'siem', timeout: 60 }) });
  expect((await client.call('GET', `${groups}/siem`)).json()).toMatchObject([{ shard: 0, checkpoint: null }]);
  await client.close();
  expect((await emulator.stop()).code).toBe(0);
});

it('lists every reading of --dialect in its help, with what it means', () => {
  let help = '';
  const writeOut = (text: string) => {
    help += text;
  };
  emulatorCommand().configureOutput({ writeOut }).outputHelp();
  const lines = help.split('\n').map((line) => line.trim().replace(/ {2,}/, '  '));
  for (const { text, means } of readings) expect(lines).toContain(`${text}  ${means}`);
});

it('ends with exit code 2 and names every wrong option', async () => {
  const { code, stderr } = await startEmulatorProcess([
    '--port',
    '99999',
    '--profile',
    'nice',
    '--sts-token',
    '',
    '--retention',
    '5',
    '--dialect',
    'strict',
  ]).exited;
  expect(code).toBe(2);
  const lines = stderr.split('\n').filter((line) => line.startsWith('error: '));
  const wrong = ['--port', '--profile', '--sts-token', '--retention', '--dialect'];
  expect(lines.map((line) => line.split(' ')[1])).toEqual(wrong);
  expect(lines.at(-1)).toMatch(/^error: --dialect "strict" is no reading of the protocol; there are strict-owner, /);
});

it.each([
  [['--unknown'], 'unknown option'],
  [['--profile', 'file:/does/not/exist'], 'ENOENT'],
])('ends with exit code 2 for %j', async (args, message) => {
  const { code, stderr } = await startEmulatorProcess(args).exited;
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

it('ends with exit code 1 when the port is taken', async () => {
  const first = startEmulatorProcess(['--logs', '0']);
  const { endpoint } = await first.ready;
  const { code, stderr } = await startEmulatorProcess(['--logs', '0', '--port', new URL(endpoint).port]).exited;
  expect(code).toBe(1);
  expect(stderr).toContain('EADDRINUSE');
  await first.stop();
});
