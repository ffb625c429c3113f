import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deadLetterProblem } from '../../../src/config/checks/dead-letter-path.ts';
import { DeadLetterFile } from '../../../src/dead-letter/file.ts';

describe('the dead-letter file', () => {
  let directory: string;
  let file: string;
  let opened: DeadLetterFile;
  const warn = vi.fn();
  const log = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn() };

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'dead-letter-'));
    file = path.join(directory, 'dead.jsonl');
    opened = create();
    warn.mockClear();
  });

  afterEach(async () => {
    await opened.close();
    await rm(directory, { recursive: true, force: true });
  });

  function create(options: { maxBytes?: number; maxFiles?: number } = {}): DeadLetterFile {
    return new DeadLetterFile({ path: file, maxBytes: 1 << 20, maxFiles: 3, log, ...options });
  }

  const lines = (...texts: string[]) => texts.map((text) => Buffer.from(`${text}\n`));
  const content = (name = 'dead.jsonl') => readFile(path.join(directory, name), 'utf8');
  const mode = async (name = file) => (await stat(name)).mode & 0o777;

  it('is made for its owner only, whatever the umask, also after a rotation', async () => {
    const before = process.umask(0);
    try {
      opened = create({ maxBytes: 4 });
      await opened.open();
      expect(await mode()).toBe(0o600);
      await opened.append(lines('one'));
      await opened.append(lines('two'));
    } finally {
      process.umask(before);
    }
    expect([await mode(), await mode(`${file}.1`)]).toEqual([0o600, 0o600]);
  });

  it('that others could read is closed to them', async () => {
    await writeFile(file, 'old\n');
    await chmod(file, 0o644);
    await opened.open();
    expect(await mode()).toBe(0o600);
    await opened.append(lines('new'));
    expect(await content()).toBe('old\nnew\n');
  });

  it.runIf(process.platform === 'linux')('is opened once by several who begin together', async () => {
    await Promise.all([opened.open(), opened.open(), opened.append(lines('one'))]);
    await opened.close();
    const descriptors = await readdir('/proc/self/fd');
    const targets = await Promise.all(descriptors.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')));
    expect(targets.filter((target) => target === file)).toEqual([]);
    expect(await content()).toBe('one\n');
  });

  it('begins a line of its own behind a broken one', async () => {
    await writeFile(file, 'whole\nbrok');
    await opened.append(lines('next'));
    expect(await content()).toBe('whole\nbrok\nnext\n');
  });

  it('is rotated before it grows over its size; the oldest is removed, and that is told', async () => {
    opened = create({ maxBytes: 10 });
    for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff']) await opened.append(lines(text));
    const names = (await readdir(directory)).filter((name) => name.startsWith('dead.'));
    expect(names.sort()).toEqual(['dead.jsonl', 'dead.jsonl.1', 'dead.jsonl.2']);
    expect([await content('dead.jsonl.2'), await content('dead.jsonl.1'), await content()]).toEqual([
      'aaaa\nbbbb\n',
      'cccc\ndddd\n',
      'eeee\nffff\n',
    ]);
    expect(warn).not.toHaveBeenCalled();
    await opened.append(lines('gggg'));
    expect([await content('dead.jsonl.2'), await content('dead.jsonl.1'), await content()]).toEqual([
      'cccc\ndddd\n',
      'eeee\nffff\n',
      'gggg\n',
    ]);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.lastCall).toEqual([
      expect.objectContaining({ file: `${file}.2`, bytes: 10 }),
      expect.stringContaining('the oldest dead-letter file is removed'),
    ]);
  });

  it('fills a gap that somebody left by moving a file away, before anything is removed', async () => {
    opened = create({ maxBytes: 5 });
    for (const text of ['aaaa', 'bbbb', 'cccc']) await opened.append(lines(text));
    await rm(`${file}.1`);
    await opened.append(lines('dddd'));
    expect([await content('dead.jsonl.2'), await content('dead.jsonl.1'), await content()]).toEqual([
      'aaaa\n',
      'cccc\n',
      'dddd\n',
    ]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('larger than a file may be: written whole, to a file of its own', async () => {
    opened = create({ maxBytes: 5 });
    await opened.append(lines('aaaa'));
    await opened.append(lines('b'.repeat(20)));
    expect([await content('dead.jsonl.1'), await content()]).toEqual(['aaaa\n', `${'b'.repeat(20)}\n`]);
  });

  it('moved or removed by somebody is made anew', async () => {
    await opened.append(lines('one'));
    await rename(file, `${file}.taken`);
    await opened.append(lines('two'));
    await rm(file);
    await opened.append(lines('three'));
    expect([await content('dead.jsonl.taken'), await content()]).toEqual(['one\n', 'three\n']);
  });

  it('in a directory that is gone: says so, and goes on when it is there again', async () => {
    await opened.append(lines('one'));
    await rm(directory, { recursive: true });
    await expect(opened.append(lines('two'))).rejects.toMatchObject({
      code: 'dead-letter-file',
      message: expect.stringContaining('its directory does not exist; make it'),
    });
    await mkdir(directory);
    await opened.append(lines('two', 'three'));
    expect(await content()).toBe('two\nthree\n');
    expect(await mode()).toBe(0o600);
  });

  it('that is none is refused', async () => {
    await mkdir(file);
    await expect(opened.open()).rejects.toThrow(`${file} cannot be written: it is a directory`);
    await rm(file, { recursive: true });
    execFileSync('mkfifo', [file]);
    await expect(opened.open()).rejects.toThrow('it is not a regular file');
  });

  it('that is a link is refused, and what the link leads to is as it was', async () => {
    const other = path.join(directory, 'other');
    await writeFile(other, 'precious\n', { mode: 0o644 });
    await symlink(other, file);
    await expect(opened.open()).rejects.toMatchObject({
      code: 'dead-letter-file',
      message: `the dead-letter file ${file} cannot be written: it is a symbolic link, which may lead anywhere; give the name of the file itself`,
    });
    expect(deadLetterProblem(file)).toContain('is a symbolic link');
    await rm(file);
    await link(other, file);
    await expect(opened.open()).rejects.toThrow('it has 2 names (hard links)');
    expect(deadLetterProblem(file)).toContain('has 2 names');
    expect([await readFile(other, 'utf8'), await mode(other)]).toEqual(['precious\n', 0o644]);
    await rm(other);
    await opened.append(lines('ours now'));
    expect(await mode()).toBe(0o600);
  });

  it("that is another user's is refused, and keeps its mode", async (context) => {
    if (process.geteuid?.() !== 0) context.skip('only root can give a file to somebody else');
    await writeFile(file, 'precious\n');
    await chmod(file, 0o666);
    await chown(file, 12_345, 12_345);
    await expect(opened.open()).rejects.toThrow('it belongs to the user with the id 12345, and this process runs as 0');
    expect(deadLetterProblem(file)).toContain('belongs to the user with the id 12345');
    expect([await content(), await mode()]).toEqual(['precious\n', 0o666]);
  });

  it('in a directory that a link leads to is written', async () => {
    const way = path.join(directory, 'way');
    await symlink(directory, way);
    file = path.join(way, 'dead.jsonl');
    expect(deadLetterProblem(file)).toBeUndefined();
    opened = create();
    await opened.append(lines('one'));
    expect(await content()).toBe('one\n');
  });
});
