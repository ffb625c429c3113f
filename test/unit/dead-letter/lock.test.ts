/** The lock of the dead-letter file, between real processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClock, systemClock } from '../../../src/core/time/clock.ts';
import { DeadLetterFile } from '../../../src/dead-letter/file.ts';
import { systemFiles } from '../../../src/dead-letter/files.ts';
import { lockFile } from '../../../src/dead-letter/lock.ts';

describe('the lock of a dead-letter file', () => {
  let directory: string;
  let file: string;
  let lock: string;
  let children: ChildProcess[];
  let files: DeadLetterFile[];
  const told: string[] = [];
  const note = (_: unknown, message: string) => void told.push(message);
  const log = { debug: note, info: note, warn: note, error: note };

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'dead-letter-lock-'));
    file = path.join(directory, 'dead.jsonl');
    lock = path.join(directory, '.dead.jsonl.lock');
    children = [];
    files = [];
    told.length = 0;
  });

  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    for (const each of files) await each.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Waits for nothing: its clock jumps over every pause, and the patience with it. */
  function impatientClock() {
    let jumpedMs = 0;
    return createClock({
      ...systemClock,
      monotonic: () => systemClock.monotonic() + jumpedMs,
      timer: (ms, onDue) => {
        jumpedMs += ms;
        return systemClock.timer(0, onDue);
      },
    });
  }

  function create(options: { maxBytes?: number } = {}): DeadLetterFile {
    const made = new DeadLetterFile({
      path: file,
      maxBytes: 1 << 20,
      maxFiles: 3,
      log,
      clock: impatientClock(),
      ...options,
    });
    files.push(made);
    return made;
  }

  const lines = (...texts: string[]) => texts.map((text) => Buffer.from(`${text}\n`));
  const content = () => readFile(file, 'utf8');

  /** Another process that appends a line, and holds the file until it is told to end. */
  async function startOther(line: string) {
    const script = `
      import { DeadLetterFile } from ${JSON.stringify(new URL('../../../src/dead-letter/file.ts', import.meta.url).href)};
      const nothing = () => undefined;
      const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
      const file = new DeadLetterFile({ path: ${JSON.stringify(file)}, maxBytes: 1 << 20, maxFiles: 3, log });
      await file.append([Buffer.from(${JSON.stringify(`${line}\n`)})]);
      process.on('SIGTERM', async () => { await file.close(); process.exit(0); });
      setInterval(nothing, 1_000);
      console.log('written');
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(createInterface({ input: child.stdout! }), 'line');
    return { child, exited: once(child, 'exit') };
  }

  it('keeps a second process out, names the first, and says what to do; the file is as it was', async () => {
    const other = await startOther('theirs');
    const ours = create();
    const refusal = {
      code: 'dead-letter-file',
      message: `the dead-letter file ${file} cannot be written: process ${other.child.pid} on ${os.hostname()} writes to it (${lock}); give each process a file of its own, as with {consumer} in the name`,
    };
    await expect(ours.open()).rejects.toMatchObject(refusal);
    expect(told).toEqual([expect.stringContaining('waiting up to 90 s for that process to end')]);
    await expect(ours.append(lines('ours'))).rejects.toMatchObject(refusal);
    expect(await content()).toBe('theirs\n');

    other.child.kill('SIGTERM');
    await other.exited;
    expect((await readdir(directory)).sort()).toEqual(['dead.jsonl']);
    await ours.append(lines('ours'));
    expect(await content()).toBe('theirs\nours\n');
  });

  it('of a process that was killed is taken over at once', async () => {
    const other = await startOther('theirs');
    other.child.kill('SIGKILL');
    await other.exited;
    expect(await readdir(directory)).toContain('.dead.jsonl.lock');
    await create().append(lines('ours'));
    expect(await content()).toBe('theirs\nours\n');
    expect((await readdir(directory)).sort()).toEqual(['.dead.jsonl.lock', 'dead.jsonl']);
  });

  it('is for its owner only, and goes with the file: a rotation keeps it', async () => {
    const ours = create({ maxBytes: 5 });
    await ours.append(lines('one'));
    const { ino, mode } = await stat(lock);
    expect(mode & 0o777).toBe(0o600);
    for (const text of ['two', 'three']) await ours.append(lines(text));
    expect((await stat(lock)).ino).toBe(ino);
    await ours.close();
    expect((await readdir(directory)).sort()).toEqual(['dead.jsonl', 'dead.jsonl.1', 'dead.jsonl.2']);
  });

  it('does not have the name of a file that is replayed: FILE*', async () => {
    await create().open();
    const names = await readdir(directory);
    expect(names.filter((name) => name.startsWith('dead.jsonl'))).toEqual(['dead.jsonl']);
  });

  it('of a process that has another start time than the one with its number now is stale', async () => {
    await create().open();
    const owner = JSON.parse(await readFile(lock, 'utf8'));
    await files.pop()?.close();
    await writeFile(lock, JSON.stringify({ ...owner, startTicks: '1' }));
    await create().append(lines('ours'));
    expect(await content()).toBe('ours\n');
  });

  it.each([
    ['another container', { pidNamespace: 'pid:[1]' }],
    ['another host, or before a restart of this one', { boot: 'another', host: 'elsewhere' }],
  ])('of %s holds as long as it is renewed, a minute', async (_, other) => {
    await create().open();
    const owner = JSON.parse(await readFile(lock, 'utf8'));
    await files.pop()?.close();
    await writeFile(lock, JSON.stringify({ ...owner, ...other }));
    await expect(create().open()).rejects.toThrow('writes to it');
    const aMinuteAgo = new Date(Date.now() - 61_000);
    await utimes(lock, aMinuteAgo, aMinuteAgo);
    await create().append(lines('ours'));
    expect(await content()).toBe('ours\n');
  });

  it.each(['', '{"pid":', 'null', '[]'])('that is not whole (%j) is another’s until it is old', async (text) => {
    await writeFile(lock, text);
    await expect(create().open()).rejects.toThrow('another process writes to it');
    const aMinuteAgo = new Date(Date.now() - 61_000);
    await utimes(lock, aMinuteAgo, aMinuteAgo);
    await create().open();
  });

  it('is renewed while it is held', async () => {
    let renew: () => void = () => undefined;
    const clock = createClock({
      ...systemClock,
      interval: (ms, onDue) => {
        expect(ms).toBeLessThanOrEqual(20_000);
        renew = onDue;
        return systemClock.interval(ms, onDue);
      },
    });
    const held = await lockFile(lock, clock);
    const old = new Date(Date.now() - 61_000);
    await utimes(lock, old, old);
    renew();
    await expect.poll(async () => (await stat(lock)).mtimeMs).toBeGreaterThan(old.getTime() + 30_000);
    await held.release();
  });

  it('that was taken over while the process was stopped: nothing of the other is cut off, or mixed with ours', async () => {
    const ours = create();
    await ours.append(lines('one'));
    // What another process does that finds the lock stale.
    await rename(lock, `${lock}.away`);
    await rm(`${lock}.away`);
    const other = await startOther('theirs');
    await expect(ours.append(lines('two'))).rejects.toThrow(`process ${other.child.pid} `);
    expect(await content()).toBe('one\ntheirs\n');
    other.child.kill('SIGTERM');
    await other.exited;
    await ours.append(lines('two'));
    expect(await content()).toBe('one\ntheirs\ntwo\n');
  });

  it('is not written through a link', async () => {
    const precious = path.join(directory, 'precious');
    await writeFile(precious, 'precious');
    await symlink(precious, lock);
    await expect(create().open()).rejects.toThrow('another process writes to it');
    expect(await readFile(precious, 'utf8')).toBe('precious');
  });

  it('is one process’s when many begin at once', async () => {
    await writeFile(lock, '');
    const aMinuteAgo = new Date(Date.now() - 61_000);
    await utimes(lock, aMinuteAgo, aMinuteAgo);
    const locks = await Promise.allSettled(Array.from({ length: 8 }, () => systemFiles.lock(lock, systemClock)));
    const held = locks.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const stillHeld = await Promise.all(held.map((each) => each.isHeld()));
    expect(stillHeld.filter((each) => each)).toHaveLength(1);
    await Promise.all(held.map((each) => each.release()));
  });
});
