import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLogger } from '../../../../src/cli/logging/logging.ts';
import { type SuperviseOptions, superviseDaemon } from '../../../../src/cli/process/supervise.ts';
import { AppError, ConfigError } from '../../../../src/core/errors.ts';
import { complete, createFakeDaemon, type FakeDaemon, incomplete } from '../../../support/daemons/fake-daemon.ts';

function supervise(
  daemon: FakeDaemon,
  times: Partial<Pick<SuperviseOptions, 'drainTimeoutMs' | 'graceMs' | 'onReady' | 'reload'>> = {},
) {
  const events = new EventEmitter();
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const exitCode = superviseDaemon({
    createDaemon: () => daemon,
    drainTimeoutMs: 1_000,
    graceMs: 1_000,
    ...times,
    log: createLogger({ level: 'info', format: 'json', output: { write } }),
    events,
    writeError: write,
  });
  return { events, exitCode, written, lastLine: () => JSON.parse(written.at(-1) ?? '') as Record<string, unknown> };
}

test('SIGUSR1 and SIGUSR2 are said to have no meaning, and nothing else', async () => {
  const daemon = createFakeDaemon();
  const { events, exitCode, lastLine } = supervise(daemon);
  for (const signal of ['SIGUSR1', 'SIGUSR2']) {
    events.emit(signal);
    expect(lastLine()).toMatchObject({
      level: 'warn',
      signal,
      msg: `${signal} is ignored: sls-syslog does not use this signal`,
    });
  }
  expect(daemon.drains).toEqual([]);
  daemon.finish(complete);
  expect(await exitCode).toBe(0);
});

const never = <T>() => new Promise<T>(() => undefined);

test('0 when it ends by itself with everything confirmed; the last line has the totals', async () => {
  const daemon = createFakeDaemon();
  const { exitCode, lastLine, events } = supervise(daemon);
  daemon.finish(complete);
  expect(await exitCode).toBe(0);
  expect(lastLine()).toMatchObject({
    level: 'info',
    logs: 3,
    msg: expect.stringContaining('everything sent is confirmed'),
  });
  expect(events.eventNames()).toEqual([]);
});

test('1 when something is left unconfirmed, and the last line says what', async () => {
  const daemon = createFakeDaemon();
  const { exitCode, lastLine } = supervise(daemon);
  daemon.finish(incomplete);
  expect(await exitCode).toBe(1);
  expect(lastLine()).toMatchObject({ level: 'error', unconfirmed: 2 });
});

test("a warning of Node's is a line of the log: its own listener would wait for whoever reads stderr", async () => {
  const daemon = createFakeDaemon();
  const { exitCode, events, lastLine } = supervise(daemon);
  events.emit('warning', Object.assign(new Error('11 listeners'), { name: 'MaxListenersExceededWarning' }));
  expect(lastLine()).toMatchObject({ level: 'warn', warning: 'MaxListenersExceededWarning: 11 listeners' });
  daemon.finish(complete);
  expect(await exitCode).toBe(0);
});

test.each(['SIGTERM', 'SIGINT'])('%s drains within the drain timeout', async (signal) => {
  const daemon = createFakeDaemon();
  const { exitCode, events } = supervise(daemon, { drainTimeoutMs: 1_234 });
  events.emit(signal, signal);
  expect(await exitCode).toBe(0);
  expect(daemon.drains).toEqual([1_234]);
  expect(daemon.destroyedBy).toEqual([]);
});

test('a drain that leaves something unconfirmed: 1', async () => {
  const { exitCode, events } = supervise(createFakeDaemon({ drain: () => Promise.resolve(incomplete) }));
  events.emit('SIGTERM', 'SIGTERM');
  expect(await exitCode).toBe(1);
});

test('a second signal destroys, a third one changes nothing', async () => {
  const daemon = createFakeDaemon({ drain: never });
  const { exitCode, events } = supervise(daemon);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGINT']) events.emit(signal, signal);
  expect(daemon.drains).toHaveLength(1);
  expect(daemon.destroyedBy.map((error) => error.message)).toEqual(['SIGINT came again']);
  daemon.finish(incomplete);
  expect(await exitCode).toBe(1);
});

test('a drain that does not end in time is destroyed, and what does not end even then is left', async () => {
  const daemon = createFakeDaemon({ drain: never });
  const { exitCode, events, lastLine } = supervise(daemon, { drainTimeoutMs: 5, graceMs: 5 });
  events.emit('SIGTERM', 'SIGTERM');
  expect(await exitCode).toBe(1);
  expect(daemon.destroyedBy.map((error) => error.code)).toEqual(['interrupted']);
  expect(lastLine()).toMatchObject({ level: 'fatal', msg: 'stopped: draining took more than 5 ms' });
});

test('a signal during start drains; the start that it cuts short does not count', async () => {
  let cutShort: (error: Error) => void = () => undefined;
  const daemon = createFakeDaemon({
    start: () =>
      new Promise((_, reject) => {
        cutShort = reject;
      }),
    drain: () => {
      cutShort(new Error('cut short'));
      return new Promise((resolve) => setImmediate(() => resolve(complete)));
    },
  });
  const { exitCode, events } = supervise(daemon);
  events.emit('SIGTERM', 'SIGTERM');
  expect(await exitCode).toBe(0);
});

test('the signal that start was given aborts when it is destroyed', async () => {
  let given: AbortSignal | undefined;
  const daemon = createFakeDaemon({
    start: (signal) => {
      given = signal;
      return never();
    },
    drain: never,
  });
  const { exitCode, events } = supervise(daemon);
  events.emit('SIGTERM', 'SIGTERM');
  expect(given?.aborted).toBe(false);
  events.emit('SIGTERM', 'SIGTERM');
  expect(given?.aborted).toBe(true);
  daemon.finish(incomplete);
  expect(await exitCode).toBe(1);
});

test('a start that fails: 1, with the error in the log, and the daemon destroyed', async () => {
  const error = new AppError('the project does not exist', { code: 'project-not-exist', action: 'fatal' });
  const daemon = createFakeDaemon({ start: () => Promise.reject(error) });
  const { exitCode, lastLine } = supervise(daemon);
  expect(await exitCode).toBe(1);
  expect(daemon.destroyedBy).toEqual([error]);
  expect(lastLine()).toMatchObject({
    level: 'fatal',
    msg: 'stopped: the project does not exist',
    code: 'project-not-exist',
  });
});

test('a configuration that only the daemon can refuse: 2', async () => {
  const error = new ConfigError([{ message: 'wrong', flag: '--endpoint' }]);
  const { exitCode, written } = supervise(createFakeDaemon({ start: () => Promise.reject(error) }));
  expect(await exitCode).toBe(2);
  expect(written.join('')).toContain('  - wrong\n      --endpoint\n');
});

test('a daemon that cannot be created: 1', async () => {
  const events = new EventEmitter();
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const log = createLogger({ level: 'info', format: 'json', output: { write } });
  const createDaemon = () => {
    throw new TypeError('no');
  };
  expect(await superviseDaemon({ createDaemon, drainTimeoutMs: 1, log, events, writeError: write })).toBe(1);
  expect(written.join('')).toContain('"msg":"stopped: no"');
});

test('a daemon that cannot go on: 1', async () => {
  const daemon = createFakeDaemon();
  const { exitCode, lastLine } = supervise(daemon);
  daemon.fail(new AppError('the group was deleted', { code: 'consumer-group-not-exist', action: 'fatal' }));
  expect(await exitCode).toBe(1);
  expect(lastLine()).toMatchObject({ level: 'fatal', msg: 'stopped: the group was deleted' });
});

test.each(['uncaughtException', 'unhandledRejection'])(
  '%s: 1 at once, although the daemon would go on',
  async (event) => {
    const daemon = createFakeDaemon();
    const { exitCode, events, lastLine } = supervise(daemon);
    events.emit(event, new RangeError('off by one'));
    expect(await exitCode).toBe(1);
    expect(daemon.destroyedBy.map((error) => error.code)).toEqual(['uncaught']);
    expect(lastLine()).toMatchObject({ level: 'fatal', err: { message: expect.stringContaining('off by one') } });
  },
);

test('the message `shutdown` drains as a signal does, a second one destroys, and others mean nothing', async () => {
  const daemon = createFakeDaemon({ drain: never });
  const { exitCode, events } = supervise(daemon);
  for (const message of [{ type: 'shutdown' }, 'reload', undefined]) events.emit('message', message);
  expect(daemon.drains).toEqual([]);
  events.emit('message', 'shutdown');
  expect(daemon.drains).toEqual([1_000]);
  expect(daemon.destroyedBy).toEqual([]);
  events.emit('message', 'shutdown');
  expect(daemon.destroyedBy.map((error) => error.message)).toEqual(['shutdown came again']);
  daemon.finish(incomplete);
  expect(await exitCode).toBe(1);
});

test('SIGHUP reloads while it runs, and no more once it drains; what a reload throws is logged', async () => {
  const reloaded: unknown[] = [];
  const daemon = createFakeDaemon({ drain: never });
  const reload = async (given: unknown) => {
    reloaded.push(given);
    throw new RangeError('off by one');
  };
  const { exitCode, events, written } = supervise(daemon, { reload });
  events.emit('SIGHUP', 'SIGHUP');
  await sleep(5);
  expect(reloaded).toEqual([daemon]);
  expect(written.join('')).toMatch(/"level":"error".*off by one.*reloading failed/);
  events.emit('SIGTERM', 'SIGTERM');
  events.emit('SIGHUP', 'SIGHUP');
  expect(reloaded).toHaveLength(1);
  expect(daemon.destroyedBy).toEqual([]);
  daemon.finish(complete);
  expect(await exitCode).toBe(0);
});

test('SIGHUP is left to the system where there is nothing to reload', async () => {
  const daemon = createFakeDaemon();
  const { events, exitCode } = supervise(daemon);
  expect(events.listenerCount('SIGHUP')).toBe(0);
  daemon.finish(complete);
  await exitCode;
});

test('is ready once the daemon has started', async () => {
  let started: () => void = () => undefined;
  const daemon = createFakeDaemon({ start: () => new Promise<void>((resolve) => (started = resolve)) });
  let ready = 0;
  const { exitCode } = supervise(daemon, { onReady: () => ready++ });
  await sleep(5);
  expect(ready).toBe(0);
  started();
  await sleep(5);
  expect(ready).toBe(1);
  daemon.finish(complete);
  await exitCode;
  expect(ready).toBe(1);
});

test('is never ready when the start fails, or was cut short by a shutdown', async () => {
  let ready = 0;
  const onReady = () => ready++;
  const failing = createFakeDaemon({ start: () => Promise.reject(new AppError('no', { code: 'x', action: 'fatal' })) });
  expect(await supervise(failing, { onReady }).exitCode).toBe(1);
  const cut = createFakeDaemon({ start: () => sleep(5) });
  const { events, exitCode } = supervise(cut, { onReady });
  events.emit('SIGTERM', 'SIGTERM');
  expect(await exitCode).toBe(0);
  await sleep(20);
  expect(ready).toBe(0);
});
