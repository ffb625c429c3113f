/** Real pipes, sockets and terminals whose reader has stopped, before a process with the real logger. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createStoppedPipe, type StoppedPipe } from '../../../support/daemons/stopped-pipe.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const lines = 6_000;
/** The machine may have others to serve. */
const patience = { timeoutMs: 240_000 };

/** Says on stdout when it has logged everything, and that its event loop turns; ends with 7 when it is told to. */
const script = (format: string) => `
  import { createLogger } from ${JSON.stringify(new URL('../../../../src/cli/logging/logging.ts', import.meta.url).href)};
  const log = createLogger({ level: 'info', format: '${format}' });
  const filler = 'x'.repeat(200);
  for (let i = 0; i < ${lines}; i++) log.info({ i, filler }, 'line');
  process.stdout.write('logged\\n');
  setInterval(() => process.stdout.write('turning\\n'), 20);
  process.on('SIGTERM', () => {
    log.info({}, 'the last line');
    process.exit(7);
  });
`;

let directory: string;
let child: ChildProcess | undefined;
let pipe: StoppedPipe;

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'sls-syslog-stderr-'));
  pipe = await createStoppedPipe();
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await pipe.close();
  await rm(directory, { recursive: true, force: true });
});

function start(stderr: 'pipe' | number, format = 'json') {
  const args = ['--import', 'tsx', '--input-type=module', '-e', script(format)];
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', stderr] });
  child = started;
  const told: string[] = [];
  started.stdout?.setEncoding('utf8').on('data', (text: string) => told.push(...text.trim().split('\n')));
  const turns = () => told.filter((line) => line === 'turning').length;
  return {
    child: started,
    exitCode: once(started, 'exit').then(([code]) => code as number | null),
    /** It has logged 2 MB, and its event loop goes on. */
    runs: async () => {
      await waitUntil(() => expect(told).toContain('logged'), patience);
      const before = turns();
      await waitUntil(() => expect(turns()).toBeGreaterThan(before + 3), patience);
    },
  };
}

/** Every number is there once, or counted where it is missing; the newest are there. */
function expectAllAccountedFor(text: string): void {
  let next = 0;
  let dropped = 0;
  for (const line of text.split('\n').filter((each) => each.startsWith('{'))) {
    const logged = JSON.parse(line) as { i?: number; dropped?: number; msg: string };
    if (logged.dropped !== undefined) {
      expect(logged.msg).toBe(`the reader of this log had stopped reading: ${logged.dropped} lines are missing here`);
      next += logged.dropped;
      dropped += logged.dropped;
    } else if (logged.i !== undefined) expect(logged.i).toBe(next++);
  }
  expect(next).toBe(lines);
  expect(dropped).toBeGreaterThan(lines / 4);
  expect(text).toContain('the last line');
}

test.each(['json', 'pretty'])('a full pipe: the process runs on, and ends when it is told to (%s)', async (format) => {
  const process = start(pipe.writeEnd, format);
  await process.runs();
  process.child.kill('SIGTERM');
  expect(await process.exitCode).toBe(7);
});

test('a pipe whose reader goes on says how many lines are missing, and has the newest', async () => {
  const process = start(pipe.writeEnd);
  await process.runs();
  const text = pipe.readUntil(process.exitCode);
  // The reader has made room by then.
  await process.runs();
  process.child.kill('SIGTERM');
  expect(await process.exitCode).toBe(7);
  expectAllAccountedFor(await text);
});

test('a socket, as systemd and pm2 give it: the same', async () => {
  const process = start('pipe');
  await process.runs();
  const chunks: string[] = [];
  process.child.stderr?.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  await process.runs();
  process.child.kill('SIGTERM');
  expect(await process.exitCode).toBe(7);
  await waitUntil(() => expectAllAccountedFor(chunks.join('')));
});

test('a terminal whose output is stopped: the process runs on, and ends when it is told to', async (context) => {
  if (spawnSync('script', ['--version']).status !== 0) context.skip('there is no `script`, which makes a terminal');
  const file = path.join(directory, 'script.mjs');
  const log = path.join(directory, 'turns');
  const code = script('json').replaceAll(
    'process.stdout.write(',
    `(await import('node:fs')).appendFileSync('${log}', `,
  );
  writeFileSync(file, code.replace('setInterval(()', 'setInterval(async ()'));
  const run = `echo $$ > ${log}.pid; exec ${process.execPath} --import tsx ${file}`;
  // What it copies from the terminal goes to a pipe that nobody reads.
  const terminal = spawn('script', ['-qec', run, '/dev/null'], { stdio: ['ignore', pipe.writeEnd, 'ignore'] });
  child = terminal;
  const turns = () => (existsSync(log) ? readFileSync(log, 'utf8').split('turning').length : 0);
  await waitUntil(() => expect(turns()).toBeGreaterThan(3), patience);
  const pid = Number(readFileSync(`${log}.pid`, 'utf8'));
  globalThis.process.kill(pid, 'SIGTERM');
  await waitUntil(() => expect(isRunning(pid)).toBe(false), patience);
});

/** A zombie has ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
