/** Another configuration for a daemon that runs: what is the same goes on, and of the rest nothing is lost. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_CREDENTIALS } from '../../src/emulator/emulator.ts';
import { thisMachine } from '../../src/pipeline/machine.ts';
import { systemNetwork } from '../../src/sink/network.ts';
import { type CliProcess, startCli } from '../support/daemons/cli.ts';
import { FlowScope } from '../support/daemons/flow-scope.ts';

describe('a reload', () => {
  let scope: FlowScope;

  beforeEach(async () => {
    scope = new FlowScope();
    for (const name of ['web', 'app', 'new']) scope.logstore(name);
    for (const name of ['a', 'b', 'c']) await scope.open(name);
  });

  afterEach(() => scope.close());

  const connections = (name: string) => scope.receiver(name).stats().connections;

  it('adds a source and removes one, and touches nothing else', async () => {
    // Connections are not replaced by themselves meanwhile.
    const slow = { delivery: { confirmIntervalMs: 600_000 } };
    const web = await scope.flow('web>a', slow);
    const daemon = await scope.start([web, await scope.flow('app>b')]);
    scope.append('web', 1_000);
    scope.append('app', 1_000);
    await scope.until(() => {
      expect(scope.sequence('a').unique).toBe(1_000);
      expect(scope.sequence('b').unique).toBe(1_000);
    });
    const before = connections('a');
    await daemon.reload([web, await scope.flow('new>c')]);
    expect(scope.checkpointed('app')).toBe(1_000);
    scope.append('web', 1_000);
    scope.append('app', 1_000);
    scope.append('new', 1_000);
    await scope.until(() => {
      expect(scope.sequence('a').unique).toBe(2_000);
      expect(scope.sequence('c').unique).toBe(1_000);
    });
    expect(connections('a')).toBe(before);
    expect(scope.sequence('b').unique).toBe(1_000);
    for (const name of ['a', 'b', 'c']) expect(scope.sequence(name)).toMatchObject({ duplicate: 0, missing: 0 });
    expect(daemon.lines.filter(({ source, msg }) => source === 'web' && msg === 'shards assigned')).toHaveLength(1);
    const { complete, fields } = await daemon.drain(10_000);
    expect(complete).toBe(true);
    expect(fields).toMatchObject({ logs: 4_000 });
  });

  it('looks the name of a UDP receiver up again, which may have moved', async () => {
    let lookUps = 0;
    const lookup: LookupFunction = (_host, _options, done) => {
      lookUps++;
      done(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    const receiver = { protocol: 'udp', framing: 'datagram', host: 'siem.test', dnsRefreshMs: 3_600_000 } as const;
    const flows = [await scope.flow('web>a', { receiver, delivery: { confirm: 'off' } })];
    const daemon = await scope.start(flows, { machine: { ...thisMachine, network: { ...systemNetwork, lookup } } });
    expect(lookUps).toBe(1);
    await daemon.reload(flows);
    expect(lookUps).toBe(2);
  });

  it('moves a source to another receiver under load, without loss or duplicates', async () => {
    const daemon = await scope.start(await scope.flows('web>a', 'app>b'));
    let appended = 0;
    const live = setInterval(() => {
      scope.append('web', 50);
      appended += 50;
    }, 10);
    try {
      await scope.until(() => expect(scope.sequence('a').unique).toBeGreaterThan(1_000));
      await daemon.reload(await scope.flows('web>c', 'app>b'));
      const moved = scope.sequence('a').unique;
      await scope.until(() => expect(scope.receiver('c').stats().messages).toBeGreaterThan(1_000));
      expect(scope.sequence('a').unique).toBe(moved);
    } finally {
      clearInterval(live);
    }
    await scope.until(() => {
      expect(scope.receiver('a').stats().messages + scope.receiver('c').stats().messages).toBe(appended);
      expect(scope.checkpointed('web')).toBe(appended);
    });
    expect(scope.sequence('a')).toMatchObject({ duplicate: 0, missing: 0 });
    expect((await daemon.drain(10_000)).complete).toBe(true);
  });

  it('gives a source another pipeline, and keeps the connection of the one that it had', async () => {
    const slow = { delivery: { confirmIntervalMs: 600_000 } };
    const flow = await scope.flow('web>a', slow);
    const daemon = await scope.start([flow]);
    scope.append('web', 1_000);
    await scope.until(() => expect(scope.sequence('a').unique).toBe(1_000));
    await daemon.reload([flow, await scope.flow('web>b')]);
    expect(scope.checkpointed('web')).toBe(1_000);
    scope.append('web', 1_000);
    await scope.until(() => {
      expect(scope.sequence('a').unique).toBe(2_000);
      expect(scope.receiver('b').stats().messages).toBe(1_000);
    });
    expect(scope.sequence('a').duplicate).toBe(0);
    expect((await daemon.drain(10_000)).complete).toBe(true);
  });

  it('changes nothing when a part cannot be made', async () => {
    const flows = await scope.flows('web>a');
    const daemon = await scope.start(flows);
    const broken = await scope.flow('app>b', {
      receiver: { protocol: 'tls', tls: { ca: Buffer.from('no certificate'), fingerprints: [], insecure: false } },
    });
    await expect(daemon.reload([...flows, await scope.flow('new>c'), broken])).rejects.toThrow();
    scope.append('web', 500);
    scope.append('new', 500);
    await scope.until(() => expect(scope.sequence('a').unique).toBe(500));
    expect(connections('c')).toBe(0);
    expect((await daemon.drain(10_000)).complete).toBe(true);
  });

  it('is stopped by a shutdown, which ends in its own time', async () => {
    const daemon = await scope.start(await scope.flows('web>a'));
    scope.append('web', 500);
    await scope.until(() => expect(scope.sequence('a').unique).toBe(500));
    const reloading = daemon.reload(await scope.flows('web>b', 'new>c'));
    const { complete } = await daemon.drain(10_000);
    await reloading;
    expect(complete).toBe(true);
    expect(scope.checkpointed('web')).toBe(500);
  });
});

describe('SIGHUP', () => {
  let scope: FlowScope;
  let directory: string;
  let file: string;
  let daemon: CliProcess | undefined;

  beforeEach(async () => {
    scope = new FlowScope();
    directory = await mkdtemp(path.join(os.tmpdir(), 'sls-syslog-'));
    file = path.join(directory, 'sls-syslog.yaml');
  });

  afterEach(async () => {
    await daemon?.stop('SIGKILL');
    await scope.close();
    await rm(directory, { recursive: true });
  });

  async function write(pipelines: Readonly<Record<string, string>>, more = ''): Promise<void> {
    const { endpoint } = await scope.emulator.start();
    const receivers = ['a', 'b'].map((name) => `  ${name}: { host: 127.0.0.1, port: ${scope.port(name)} }`);
    const sources = Object.keys(pipelines).map((name) => `  ${name}: { logstore: ${name} }`);
    const joined = Object.entries(pipelines).map(([from, to]) => `  - { name: ${from}, from: [${from}], to: [${to}] }`);
    const common = [
      `endpoint: ${endpoint}`,
      'project: demo',
      'group: test',
      'consumer-name: one',
      'heartbeat-interval: 4s',
      'checkpoint-interval: 200ms',
      'confirm-interval: 1s',
      'fetch-interval: 100ms',
      'drain-timeout: 10s',
    ];
    const lines = [...common, 'receivers:', ...receivers, 'sources:', ...sources, 'pipelines:', ...joined, more];
    await writeFile(file, lines.join('\n'));
  }

  it('reads the file again: a good one is gone over to, a bad one is told of, line by line, and changes nothing', async () => {
    for (const name of ['web', 'app']) scope.logstore(name);
    for (const name of ['a', 'b']) await scope.open(name);
    await write({ web: 'a' });
    const { accessKeyId, accessKeySecret } = DEMO_CREDENTIALS;
    daemon = startCli(['run', '--config', file], {
      SLS_AK_ID: accessKeyId,
      SLS_AK_KEY: accessKeySecret,
      SLS_SYSLOG_LOG_FORMAT: 'json',
    });
    await daemon.waitForLog('shards assigned');
    scope.append('web', 1_000);
    await scope.until(() => expect(scope.sequence('a').unique).toBe(1_000));

    await write({ web: 'a', app: 'nowhere' }, 'confirm-intervall: 3s');
    daemon.child.kill('SIGHUP');
    expect(await daemon.waitForLog('nothing has changed')).toMatchObject({ level: 'error' });
    const problems = daemon.logged().filter(({ level }) => level === 'error');
    expect(problems.length).toBeGreaterThan(2);
    expect(JSON.stringify(problems)).toContain('sls-syslog.yaml:');
    expect(daemon.stderr.join('\n')).not.toContain(accessKeySecret);

    await write({ web: 'a', app: 'b' });
    daemon.child.kill('SIGHUP');
    await daemon.waitForLog('reloaded');
    scope.append('web', 1_000);
    scope.append('app', 1_000);
    await scope.until(() => {
      expect(scope.sequence('a').unique).toBe(2_000);
      expect(scope.sequence('b').unique).toBe(1_000);
    });
    for (const name of ['a', 'b']) expect(scope.sequence(name)).toMatchObject({ duplicate: 0, missing: 0 });
    expect(await daemon.stop()).toBe(0);
    expect([scope.checkpointed('web'), scope.checkpointed('app')]).toEqual([2_000, 1_000]);
  });
});
