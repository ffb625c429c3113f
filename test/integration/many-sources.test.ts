/** 50 logstores in one process: all delivered, and no more memory than a few of them would take. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEMO_CREDENTIALS } from '../../src/emulator/emulator.ts';
import { startCli } from '../support/daemons/cli.ts';
import { FlowScope } from '../support/daemons/flow-scope.ts';

/** 200 MB of raw logs: all at once would be as much again compressed, and as frames. */
const logsInAll = 300_000;

let scope: FlowScope;
let directory: string;

beforeEach(async () => {
  scope = new FlowScope();
  directory = await mkdtemp(path.join(os.tmpdir(), 'sls-syslog-'));
  await scope.open('siem');
});

afterEach(async () => {
  await scope.close();
  await rm(directory, { recursive: true });
});

/** Ships these logstores to their end. @returns the largest resident set that the process had, bytes */
async function ship(names: readonly string[]): Promise<number> {
  const logsEach = logsInAll / names.length;
  for (const name of names) {
    scope.logstore(name, 1);
    scope.append(name, logsEach);
  }
  const before = scope.receiver('siem').stats().messages;
  const { endpoint } = await scope.emulator.start();
  const file = path.join(directory, 'sls-syslog.yaml');
  const lines = [
    `endpoint: ${endpoint}`,
    'project: demo',
    'group: test',
    'max-in-flight: 8MiB',
    'checkpoint-interval: 500ms',
    'confirm-interval: 1s',
    `receivers:\n  siem: { host: 127.0.0.1, port: ${scope.port('siem')} }`,
    'sources:',
    ...names.map((name) => `  ${name}: { logstore: ${name} }`),
    `pipelines:\n  - { name: all, from: [${names.join(', ')}], to: [siem] }`,
  ];
  await writeFile(file, lines.join('\n'));
  const { accessKeyId, accessKeySecret } = DEMO_CREDENTIALS;
  const daemon = startCli(['run', '--config', file], {
    SLS_AK_ID: accessKeyId,
    SLS_AK_KEY: accessKeySecret,
    SLS_SYSLOG_LOG_FORMAT: 'json',
  });
  try {
    await scope.until(() => {
      expect(scope.receiver('siem').stats().messages - before).toBe(logsInAll);
      for (const name of names) expect(scope.checkpointed(name)).toBe(logsEach);
    });
    const status = await readFile(`/proc/${daemon.child.pid}/status`, 'utf8');
    expect(await daemon.stop()).toBe(0);
    expect(daemon.logged().filter(({ msg }) => String(msg).includes('logs become messages'))).toHaveLength(1);
    expect(daemon.logged().at(-1)).toMatchObject({ logs: logsInAll, unconfirmed: [] });
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  } finally {
    await daemon.stop('SIGKILL');
  }
}

// Elsewhere nothing says how large a process was at its largest.
it.skipIf(process.platform !== 'linux')(
  'ships 50 logstores with little more memory than two of them take (skipped where there is no /proc)',
  async () => {
    // With the same logs: how much garbage an encoder makes in all has nothing to do with how many sources there are.
    const two = await ship(['first', 'second']);
    const fifty = await ship(Array.from({ length: 50 }, (_, n) => `store-${n}`));
    console.log(`2 logstores: ${Math.round(two / 1e6)} MB resident at the most, 50: ${Math.round(fifty / 1e6)} MB`);
    expect(fifty - two).toBeLessThan(80e6);
  },
  180_000,
);
