import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';

const source = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);

/** The real command line in a process of its own, with a daemon whose drain and life are expressions given here. */
const script = (parts: { started?: string; drain?: string }) => `
  import { runProgram } from ${source('src/cli/program.ts')};
  import { openStderr } from ${source('src/cli/logging/stderr.ts')};
  import { createFakeContext, createFakeDaemon, complete, incomplete } from ${source('test/support/daemons/fake-daemon.ts')};
  const daemon = createFakeDaemon({
    start: async () => {
      setInterval(() => undefined, 1000);
      daemon.options.log.info({}, 'the daemon runs');
      ${parts.started ?? ''}
    },
    drain: async () => ${parts.drain ?? 'complete'},
  });
  const context = { ...createFakeContext(daemon.create), events: process, writeError: (text) => openStderr().write(text) };
  process.exit(await runProgram([], context));
`;

let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill('SIGKILL');
});

function start(parts: Parameters<typeof script>[0]) {
  const started = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script(parts)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child = started;
  const lines: string[] = [];
  const waiting: { text: string; resolve: () => void }[] = [];
  createInterface({ input: started.stderr }).on('line', (line) => {
    lines.push(line);
    for (const { text, resolve } of waiting) if (line.includes(text)) resolve();
  });
  const line = (text: string) => new Promise<void>((resolve) => waiting.push({ text, resolve }));
  const exitCode = once(started, 'close').then(([code]) => code as number | null);
  return { child: started, lines, line, exitCode };
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s: drained, 0, and the last line is there', async (signal) => {
  const { child, line, exitCode, lines } = start({});
  await line('the daemon runs');
  child.kill(signal);
  expect(await exitCode).toBe(0);
  expect(lines.at(-1)).toContain('everything sent is confirmed');
});

test('drained, but not everything confirmed: 1', async () => {
  const { child, line, exitCode } = start({ drain: 'incomplete' });
  await line('the daemon runs');
  child.kill('SIGTERM');
  expect(await exitCode).toBe(1);
});

test('a second signal ends a drain that would go on: 1', async () => {
  const { child, line, exitCode, lines } = start({ drain: 'new Promise(() => undefined)' });
  await line('the daemon runs');
  child.kill('SIGTERM');
  await line('a second signal ends at once');
  child.kill('SIGTERM');
  expect(await exitCode).toBe(1);
  expect(lines.at(-1)).toContain('SIGTERM came again');
});

test.each([
  ['a rejection', 'Promise.reject(new Error("off by one"));'],
  ['an exception', 'setImmediate(() => { throw new Error("off by one"); });'],
])('%s that nobody caught: logged, 1', async (_, started) => {
  const { exitCode, lines } = start({ started });
  expect(await exitCode).toBe(1);
  expect(lines.at(-1)).toMatch(/"level":"fatal".*off by one/);
});
