/**
 * A lock file beside a file, .FILE.lock, so that no two processes write to the file. Node has no kernel lock that ends
 * with its process: so the lock file names its owner, and a process that finds it checks whether the owner lives.
 *
 *   free    there is no lock file.                        It is created (O_EXCL) → held
 *   held    its owner lives: /proc has the owner's pid with its start time. An owner that is not visible here (another
 *           container, another host, an earlier boot) lives if the lock file's mtime is recent: the owner renews it.
 *   stale   its owner does not live.                      It is moved away, and another is created → held
 *
 * Two processes that find a stale lock at once may move each other's new lock away. So before each write the holder
 * checks that the lock file is still its own; a process that was suspended for long notices a lost lock in the same
 * way.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readFile, readlink, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Clock } from '../core/time/clock.ts';

export interface FileLock {
  /** False when another process has the lock by now, or the lock file was removed. */
  isHeld(): Promise<boolean>;
  /** Idempotent; never rejects. */
  release(): Promise<void>;
}

/** Another process holds the lock. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
  readonly code = 'ELOCKED';
}

/** The owner of a lock, as in the lock file. */
interface Owner {
  readonly pid: number;
  /** Start time of the process, in clock ticks since boot: differs between two processes with the same pid. */
  readonly startTicks: string;
  /** The machine's boot id. */
  readonly boot: string;
  readonly pidNamespace: string;
  readonly host: string;
}

const renewMs = 10_000;
/** Longer than several renewals, which a busy machine or a slow disk may delay. */
const staleMs = 60_000;
const maxTakeovers = 3;
const fileMode = 0o600;
const unknown = '';

/**
 * @param path of the lock file, absolute
 * @throws LockedError when another process holds the lock; errors of the file system
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
  // While the lock file is open, no other file gets its inode.
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

/** @returns undefined where a lock file exists */
async function create(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW, fileMode);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

/** @returns undefined where the lock file is gone by now */
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

/** @returns undefined where the lock file is not complete (yet) */
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

/** Removes the lock file, unless it was replaced meanwhile: then its name is restored. */
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

/** @returns undefined where the process does not live, or there is no /proc */
async function startTicksOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  // `pid (name) state …`: the name may have any characters; the start time is the 20th field, counted from the state.
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
