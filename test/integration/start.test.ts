/** The first 300 ms of a process: signals that come while it is being loaded, and too few file descriptors to load it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createEmulator, DEMO_CREDENTIALS, type Emulator } from '../../src/emulator/emulator.ts';
import { waitUntil } from '../support/wait-until.ts';

const bin = fileURLToPath(new URL('../../bin/sls-syslog.js', import.meta.url));

/**
 * Says on descriptor 3 when the program listens for signals, with how many CommonJS modules are loaded by then: those of
 * packages (commander, pino, …) come late. At the end it says whether Node's debugger is open.
 */
const preloaded = `
  const { writeSync } = require('node:fs');
  const say = (value) => writeSync(3, JSON.stringify(value) + '\\n');
  const { on } = process;
  process.on = function (name, listener) {
    on.call(process, name, listener);
    if (name === 'SIGINT') {
      process.on = on;
      say({ event: 'listening', modules: Object.keys(require.cache).length });
    }
    return process;
  };
  process.on('exit', () => say({ event: 'exit', debugger: require('node:inspector').url() ?? 'closed' }));
`;

let directory: string;
let emulator: Emulator;
let environment: Record<string, string>;
const children: ChildProcess[] = [];
let started = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-start-'));
  writeFileSync(join(directory, 'preloaded.cjs'), preloaded);
  writeFileSync(
    join(directory, 'signalled.cjs'),
    `${preloaded}\nprocess.kill(process.pid, 'SIGUSR1');\nconst end = performance.now() + 100;\nwhile (performance.now() < end);\n`,
  );
  emulator = createEmulator({ shards: 1 });
  const { endpoint } = await emulator.start();
  environment = {
    PATH: process.env.PATH ?? '',
    SLS_ENDPOINT: endpoint,
    SLS_PROJECT: 'demo',
    SLS_LOGSTORE: 'logs',
    SLS_CG: 'siem',
    SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
    SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
    SYSLOG_HOST: '127.0.0.1',
    SYSLOG_PROTO: 'udp',
    SLS_SYSLOG_LOG_FORMAT: 'json',
  };
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

afterAll(async () => {
  await emulator.close();
  rmSync(directory, { recursive: true });
});

function start(args: readonly string[], preload = 'preloaded.cjs') {
  const child = spawn(process.execPath, ['--require', join(directory, preload), bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // A group of its own: nobody else has its shards.
    env: { ...environment, SLS_CG: `group-${++started}` },
  });
  children.push(child);
  let [log, said] = ['', ''];
  child.stdout?.on('data', (data) => {
    log += data;
  });
  child.stderr?.on('data', (data) => {
    log += data;
  });
  child.stdio[3]?.on('data', (data) => {
    said += data;
  });
  const exited = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const until = async <T>(found: () => T | undefined): Promise<T> =>
    waitUntil(() => {
      const value = found();
      if (value === undefined) throw new Error(`not yet; its end: ${child.exitCode} ${child.signalCode}\n${log}`);
      return value;
    });
  const fact = (event: string) =>
    said
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find((each) => each.event === event);
  return {
    child,
    exited,
    fact,
    log: () => log,
    listening: () => until(() => fact('listening')),
    logged: (text: string) => until(() => (log.includes(text) ? true : undefined)),
  };
}

describe('a signal while the program is being loaded', () => {
  test.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s: every 10 ms for 300 ms, then a daemon that runs and drains',
    async (signal) => {
      const { child, exited, fact, listening, logged, log } = start(['run']);
      expect(await listening()).toMatchObject({ modules: expect.toSatisfy((count: number) => count <= 1) });
      for (let i = 0; i <= 30; i++) {
        child.kill(signal);
        await sleep(10);
      }
      await logged('shards assigned');
      child.kill(signal);
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
      expect(fact('exit')).toEqual({ event: 'exit', debugger: 'closed' });
      expect(log()).not.toContain('Debugger listening');
    },
  );

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it', async (signal) => {
    const { child, exited, listening } = start(['run']);
    await listening();
    child.kill(signal);
    const [code, ended] = await exited;
    // Where Node loads the program in one turn of the event loop, the daemon hears of it when it has begun, and drains.
    expect(ended ?? code).toBeOneOf([signal, signal === 'SIGTERM' ? 143 : 130, 0]);
  });

  test('SIGTERM ends the first process of a container too, from which the kernel keeps it', async (context) => {
    const unshare = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
    if (spawnSync('unshare', [...unshare, 'true']).status !== 0) {
      console.warn('skipped: this machine does not permit PID namespaces (unshare --user --pid)');
      context.skip();
    }
    const script = `require('node:child_process');process.on('newListener', (name) => { if (name === 'SIGTERM') setImmediate(() => process.kill(process.pid, 'SIGTERM')); });`;
    writeFileSync(join(directory, 'itself.cjs'), script);
    const child = spawn(
      'unshare',
      [...unshare, process.execPath, '--require', join(directory, 'itself.cjs'), bin, 'run'],
      {
        stdio: 'ignore',
        env: environment,
      },
    );
    children.push(child);
    const [code, ended] = await once(child, 'close');
    expect([code, ended]).toBeOneOf([
      [143, null],
      [0, null],
    ]);
  });

  test("Node's debugger, which SIGUSR1 has opened before the program's first line, is closed", async () => {
    const { child, exited, fact, logged } = start(['run'], 'signalled.cjs');
    await logged('Debugger listening');
    await logged('shards assigned');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(fact('exit')).toEqual({ event: 'exit', debugger: 'closed' });
  });

  test('SIGUSR1 and SIGUSR2 are said to have no meaning; SIGHUP ends other commands, as it does any program', async () => {
    const daemon = start(['run']);
    await daemon.logged('shards assigned');
    daemon.child.kill('SIGUSR2');
    await daemon.logged('SIGUSR2 is ignored: sls-syslog does not use this signal');
    const service = start(['emulator', '--logs', '0']);
    await service.logged('"ready"');
    service.child.kill('SIGUSR1');
    service.child.kill('SIGHUP');
    expect(await service.exited).toEqual([null, 'SIGHUP']);
    expect(service.log()).not.toContain('Debugger listening');
  });
});

const isLinux = process.platform === 'linux';
if (!isLinux) console.warn('skipped: the limit of file descriptors is read from /proc, which only Linux has');

/** Node 20 opens nearly all files of the program at a time; Node 26 has loaded it with 24 descriptors. */
const limitsForLoading = [64, 32, 28, 26, 25, 24, 23, 22, 21, 20];

describe.runIf(isLinux)('too few file descriptors', () => {
  let tooFew: number | undefined;

  beforeAll(() => {
    const loads = (limit: number) => limited(limit, ['config', 'check']).status === 0;
    tooFew = limitsForLoading.find((limit) => !loads(limit));
  });

  test.each([['run'], ['emulator', '--logs', '0'], ['receiver', '--port', '0'], ['config', 'check']])(
    '%s says it, and the number needed',
    (...args) => {
      const { status, stderr } = limited(tooFew ?? 0, args);
      expect(stderr).toMatch(
        /^sls-syslog: this process may open \d\d files \(ulimit -n\), and needs 256 to load .*ulimit -n 1024.*\n$/,
      );
      expect(stderr).toContain(`may open ${tooFew} files`);
      expect(status).toBe(1);
    },
  );

  function limited(limit: number, args: readonly string[]) {
    return spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, bin, ...args], {
      env: environment,
      encoding: 'utf8',
      timeout: 60_000,
    });
  }

  test.each([
    ['emulator', '--logs', '0'],
    ['receiver', '--json', '--port', '0'],
  ])('ulimit -n 200: %s says that it refuses connections, once, and goes on', async (...args) => {
    const child = spawn('sh', ['-c', 'ulimit -n 200; exec "$@"', 'sh', process.execPath, bin, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
    });
    children.push(child);
    let [out, error] = ['', ''];
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      error += data;
    });
    const port = await waitUntil(() => {
      const found = /"port":(\d+)|127\.0\.0\.1:(\d+)/.exec(out);
      if (!found) throw new Error(`not ready:\n${error}`);
      return Number(found[1] ?? found[2]);
    });
    const sockets = Array.from({ length: 300 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await waitUntil(() => {
      if (!/connections are refused: 136 are open, and this process may open 200 files/.test(error))
        throw new Error(error);
    });
    for (const socket of sockets) socket.destroy();
    await waitUntil(async () => {
      const late = connect(port, '127.0.0.1');
      await once(late, 'connect');
      const isRefused = await Promise.race([once(late, 'close').then(() => true), sleep(200, false)]);
      late.destroy();
      if (isRefused) throw new Error('still refused');
    });
    expect(error.match(/are refused/g)).toHaveLength(1);
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});
