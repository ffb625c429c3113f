/**
 * A lock beside a file, .FILE.lock, so that no two processes write to the file. Node has no lock of the kernel's that ends
 * with its process: so the lock is a file that says whose it is, and whoever meets it looks whether that process lives.
 *
 *   free    there is no lock file.                        It is made (O_EXCL) → held
 *   held    its process lives: /proc has its number with its start time. Of a process that is not to be seen from here
 *           (another container, another host, a restart of the machine), the file's time tells: its owner renews it.
 *   stale   neither holds.                                It is moved away, and another made → held
 *
 * Two that find a stale lock at once may move each other's away. So, before each write, a holder looks whether the file
 * is still the one that it has made: a process that was stopped for long finds out in the same way.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readFile, readlink, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Clock } from '../core/time/clock.ts';

export interface FileLock {
  /** False when the lock is another's by now, or its file was removed. */
  isHeld(): Promise<boolean>;
  /** Idempotent; never rejects. */
  release(): Promise<void>;
}

/** The lock is another process's. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
  readonly code = 'ELOCKED';
}

/** The holder of a lock, in the form of the lock file. */
interface Owner {
  readonly pid: number;
  /** Clock ticks since the machine's start; two processes with one number differ in it. */
  readonly startTicks: string;
  /** Of the machine's present run, and of the processes that see each other by their numbers. */
  readonly boot: string;
  readonly pidNamespace: string;
  readonly host: string;
}

const renewMs = 10_000;
/** Beyond several renewals that a busy machine or a slow disk has held up. */
const staleMs = 60_000;
const maxTakeovers = 3;
const fileMode = 0o600;
const unknown = '';

/**
 * @param path of the lock file, absolute
 * @throws LockedError when another process holds it; an error of the system's
 */
export async function lockFile(path: string, clock: Clock): Promise<FileLock> {
  const self = await thisProcess();
  for (let takeovers = 0; ; takeovers++) {
    const handle = await create(path);
    if (handle) return held(handle, path, self, clock);
    const found = await look(path);
    if (!found) continue;
    const { owner, inode, changedMs } = found;
    if (takeovers === maxTakeovers || (await isHeldBy(owner, self, clock.now() - changedMs))) {
      throw new LockedError(describe(owner, path));
    }
    await moveAway(path, inode, `${path}.${process.pid}-${self.startTicks}`);
  }
}

async function held(handle: FileHandle, path: string, self: Owner, clock: Clock): Promise<FileLock> {
  try {
    await handle.writeFile(`${JSON.stringify(self)}\n`);
  } catch (error) {
    await handle.close();
    await rm(path, { force: true });
    throw error;
  }
  // While it is open, no other file has its number.
  const { ino } = await handle.stat();
  const isHeld = async () => (await inodeOf(path)) === ino;
  const timer = clock.interval(renewMs, () => {
    const now = new Date(clock.now());
    handle.utimes(now, now).catch(() => undefined);
  });
  timer.unref();
  let released: Promise<void> | undefined;
  const release = async () => {
    clock.cancel(timer);
    if (await isHeld().catch(() => false)) await rm(path, { force: true }).catch(() => undefined);
    await handle.close().catch(() => undefined);
  };
  return {
    isHeld,
    release: () => {
      released ??= release();
      return released;
    },
  };
}

/** @returns undefined where there is one */
async function create(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW, fileMode);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

/** @returns undefined where it is gone by now */
async function look(path: string) {
  try {
    const stats = await lstat(path);
    const text = stats.isFile() ? await readFile(path, { encoding: 'utf8', flag: readFlags }) : '';
    return { owner: readOwner(text), inode: stats.ino, changedMs: stats.mtimeMs };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @returns undefined where it is not, or not yet, written to its end */
function readOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Owner | null;
    return typeof owner?.pid === 'number' ? owner : undefined;
  } catch {
    return undefined;
  }
}

async function isHeldBy(owner: Owner | undefined, self: Owner, ageMs: number): Promise<boolean> {
  const isSeen =
    owner !== undefined &&
    self.startTicks !== unknown &&
    owner.boot === self.boot &&
    owner.pidNamespace === self.pidNamespace;
  return isSeen ? (await startTicksOf(owner.pid)) === owner.startTicks : ageMs < staleMs;
}

/** Unless it is another one by now, which then gets its name back. */
async function moveAway(path: string, inode: number, away: string): Promise<void> {
  try {
    await rename(path, away);
    if ((await inodeOf(away)) === inode) await rm(away, { force: true });
    else await rename(away, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function describe(owner: Owner | undefined, path: string): string {
  const whose = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  return `${whose} writes to it (${path}); give each process a file of its own, as with {consumer} in the name`;
}

async function thisProcess(): Promise<Owner> {
  const [startTicks, boot, pidNamespace] = await Promise.all([
    startTicksOf(process.pid),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => unknown),
    readlink('/proc/self/ns/pid').catch(() => unknown),
  ]);
  return {
    pid: process.pid,
    startTicks: startTicks ?? unknown,
    boot: boot.trim(),
    pidNamespace,
    host: hostname(),
  };
}

/** @returns undefined where no such process lives, or where there is no /proc */
async function startTicksOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  // `pid (name) state …`: the name may hold anything; the start time is the 20th field behind the state, that included.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const hasEnded = fields?.[0] === 'Z' || fields?.[0] === 'X';
  return hasEnded ? undefined : fields?.[19];
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).ino;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
