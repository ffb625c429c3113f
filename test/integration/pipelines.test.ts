/** One file of several logstores, receivers and forms, as a user writes it, up to what arrives. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmulator, DEMO_CREDENTIALS, type Emulator } from '../../src/emulator/emulator.ts';
import { createReceiver, type Receiver } from '../../src/receiver/receiver.ts';
import { type CliProcess, startCli } from '../support/daemons/cli.ts';
import { waitUntil } from '../support/wait-until.ts';

const timeoutMs = 40_000;

describe('pipelines', () => {
  let emulator: Emulator;
  let endpoint: string;
  let directory: string;
  let daemon: CliProcess | undefined;
  const receivers: Receiver[] = [];

  beforeEach(async () => {
    emulator = createEmulator({ shards: 1 });
    for (const name of ['web', 'app']) emulator.createLogstore('demo', name, 2);
    ({ endpoint } = await emulator.start());
    directory = await mkdtemp(path.join(os.tmpdir(), 'sls-syslog-pipelines-'));
  });

  afterEach(async () => {
    await daemon?.stop('SIGKILL');
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
    await emulator.close();
    await rm(directory, { recursive: true });
  });

  /** A receiver, its port, and the texts that came to it. */
  async function receive(): Promise<{ readonly port: number; readonly messages: string[] }> {
    const messages: string[] = [];
    const onMessage = ({ bytes }: { readonly bytes: Uint8Array }) => messages.push(Buffer.from(bytes).toString());
    const receiver = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port: 0, onMessage });
    receivers.push(receiver);
    return { port: (await receiver.start()).port, messages };
  }

  /** Of the two only access logs, those of `web`, have a status. */
  const append = (logstore: string, logs: number) =>
    emulator.append({ project: 'demo', logstore, logs, profile: logstore === 'web' ? 'access' : 'audit' });

  const quick = 'heartbeat-interval: 1s\ncheckpoint-interval: 200ms\nconfirm-interval: 1s\nfetch-interval: 100ms\n';

  function start(args: readonly string[], env: Readonly<Record<string, string>>): CliProcess {
    daemon = startCli(['run', ...args], { SLS_SYSLOG_LOG_FORMAT: 'json', ...env });
    return daemon;
  }

  it('send each log to whom it is for, in the form that is for them', async () => {
    const [siem, archive] = [await receive(), await receive()];
    const file = path.join(directory, 'sls-syslog.yaml');
    await writeFile(path.join(directory, 'secret'), `${DEMO_CREDENTIALS.accessKeySecret}\n`);
    await writeFile(
      file,
      `${quick}
endpoint: ${endpoint}
project: demo
group: \${GROUP}
access-key-id: \${KEY_ID}
access-key-secret: \${file:secret}
until: end
sources:
  web: {logstore: web}
  app: {logstore: app}
receivers:
  siem: {host: 127.0.0.1, port: ${siem.port}, preset: qradar}
  archive: {host: 127.0.0.1, port: ${archive.port}}
pipelines:
  - name: errors
    from: web
    to: siem
    mapping: nginx
    where: {field: status, range: 500..}
    severity: err
    hostname: '{__tag__:__hostname__}'
  - name: everything
    to: {receiver: archive, required: false}
    format: json
    tag: \${TAG}
`,
    );
    append('web', 400);
    append('app', 200);
    const env = { GROUP: 'siem', KEY_ID: DEMO_CREDENTIALS.accessKeyId, TAG: 'from-the-environment' };
    const { exited, stderr } = start(['--config', file], env);
    expect(await exited, stderr.join('\n')).toBe(0);

    const logs = archive.messages.map((message) => {
      const [, text = ''] = /^<14>1 \S+ \S+ from-the-environment - - - (\{.*\})$/s.exec(message) ?? [];
      return JSON.parse(text) as Readonly<Record<string, string>>;
    });
    expect(logs).toHaveLength(600);
    const failed = logs.filter(({ status = '' }) => Number(status) >= 500).map((log) => log.request_id);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(400);
    for (const message of siem.messages) expect(message).toMatch(/^<11>1 \S+ web-\d - - - - LEEF:1\.0\|/);
    const ids = siem.messages.map((message) => /\trequest_id=([0-9a-f]+)/.exec(message)?.[1]);
    expect(ids.toSorted()).toEqual(failed.toSorted());

    const groups = (logstore: string) =>
      emulator
        .stats()
        .logstores.find((each) => each.logstore === logstore)
        ?.consumerGroups.map(({ name }) => name);
    expect(groups('web')?.toSorted()).toEqual(['siem', 'siem-archive']);
    expect(groups('app')).toEqual(['siem-archive']);
    expect(stderr.join('\n')).not.toContain(DEMO_CREDENTIALS.accessKeySecret);
  });

  it('go on when the key in a mounted file is another one', async () => {
    const siem = await receive();
    const file = path.join(directory, 'sls-syslog.yaml');
    const secret = path.join(directory, 'secret');
    await writeFile(secret, DEMO_CREDENTIALS.accessKeySecret);
    await writeFile(
      file,
      `${quick}
endpoint: ${endpoint}
project: demo
group: siem
access-key-id: ${DEMO_CREDENTIALS.accessKeyId}
access-key-secret: \${file:secret}
host: 127.0.0.1
port: ${siem.port}
sources: {web: {logstore: web}, app: {logstore: app}}
`,
    );
    // What was not confirmed when the key was refused may come again.
    const different = () => new Set(siem.messages).size;
    append('web', 100);
    start(['--config', file], {});
    await waitUntil(() => expect(different()).toBe(100), { timeoutMs });
    emulator.setCredentials([{ ...DEMO_CREDENTIALS, accessKeySecret: 'another-access-key-secret' }]);
    await writeFile(secret, 'another-access-key-secret');

    append('app', 100);
    append('web', 100);
    await waitUntil(() => expect(different()).toBe(300), { timeoutMs });
    expect(await daemon?.stop()).toBe(0);
    for (const text of [DEMO_CREDENTIALS.accessKeySecret, 'another-access-key-secret']) {
      expect(daemon?.stderr.join('\n')).not.toContain(text);
    }
  });

  it("take the vendor's variables for several logstores", async () => {
    const siem = await receive();
    append('web', 100);
    append('app', 50);
    const { exited, stderr } = start(['--until', 'end', '--confirm-interval', '1s'], {
      SLS_ENDPOINTS: endpoint,
      SLS_PROJECTS: 'demo',
      SLS_LOGSTORES: 'web,app',
      SLS_CG: 'siem',
      SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
      SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
      SYSLOG_HOST: '127.0.0.1',
      SYSLOG_PORT: String(siem.port),
    });
    expect(await exited, stderr.join('\n')).toBe(0);
    expect(siem.messages).toHaveLength(150);
  });
});
