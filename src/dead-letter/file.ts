/**
 * The dead-letter file: lines are appended, and are on the disk when `append` resolves.
 *
 *   closed  nothing is open: before `open`, and after a failure.    `open`, or the next `append` → open
 *   open    `#end` is the size up to which every byte is on the     A write or a sync fails → what was begun is cut
 *           disk, and is whole lines.                                off again, closed
 *
 * After a failed sync nobody knows which pages the disk has, and the next sync would not tell: so a failure takes
 * the whole `append` back, and the caller does it again. Where even that fails (the process is killed in between, or
 * the disk refuses), the next `open` finds the broken line and begins a new one behind it: a reader then reports one
 * bad line, and not two records run together.
 *
 * One at a time: `append` must not be called before the last one has settled.
 *
 * No other process writes to it: its lock is held from the first `open` to `close` (lock.ts). And it is our own: no link
 * leads to it, and nobody else's file is written to, or given another mode.
 */
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Clock, systemClock } from '../core/time/clock.ts';
import { type Files, type OpenFile, systemFiles } from './files.ts';
import { type FileLock, LockedError } from './lock.ts';

export interface DeadLetterFileOptions {
  /** Absolute. */
  readonly path: string;
  /** Of one file: what would make it larger begins the next. A single `append` may be larger. */
  readonly maxBytes: number;
  /** FILE, FILE.1 and so on, with the one that is written to; at least 2. */
  readonly maxFiles: number;
  readonly log: Log;
  /** Default: this machine's. */
  readonly files?: Files;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** Logs of a customer: for nobody else to read. */
const fileMode = 0o600;
const lineFeed = 0x0a;
const openFlags =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/**
 * At `open`, for a process that is about to end, or a lock that nobody renews any more (a container that was killed): that
 * is stale after a minute.
 */
const lockPatienceMs = 90_000;
const lockPauseMs = 1_000;

export class DeadLetterFile {
  readonly #options: DeadLetterFileOptions;
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #lock: FileLock | undefined;
  #handle: OpenFile | undefined;
  #opening: Promise<OpenFile> | undefined;
  #end = 0;
  /** Of the file that `#end` belongs to. */
  #inode: number | undefined;

  constructor(options: DeadLetterFileOptions) {
    this.#options = options;
    this.#files = options.files ?? systemFiles;
    this.#clock = options.clock ?? systemClock;
  }

  get path(): string {
    return this.#options.path;
  }

  /**
   * Makes the file if it is not there, and sees to it that only its owner can read it. Waits a while for another process
   * that has it.
   * @throws AppError code `dead-letter-file`, action `retry`
   */
  async open(): Promise<void> {
    const deadlineMs = this.#clock.monotonic() + lockPatienceMs;
    for (let isTold = false; ; isTold = true) {
      try {
        await this.#open();
        return;
      } catch (error) {
        const isPatient = error instanceof LockedError && this.#clock.monotonic() < deadlineMs;
        if (!isPatient || this.#closed.signal.aborted) {
          await this.#letGo();
          throw this.#failure(error);
        }
        const waiting = `waiting up to ${lockPatienceMs / 1000} s for it to end`;
        if (!isTold) this.#options.log.warn({ file: this.path }, `the dead-letter file: ${error.message}; ${waiting}`);
      }
      await this.#clock.sleep(lockPauseMs, { signal: this.#closed.signal });
    }
  }

  /**
   * All of the lines or, where it fails, none of them.
   * @param lines each with its line feed, and written by itself
   * @throws AppError code `dead-letter-file`, action `retry`
   */
  async append(lines: readonly Uint8Array[]): Promise<void> {
    try {
      const opened = await this.#open();
      await this.#append((await this.#lock?.isHeld()) ? opened : await this.#next(false), lines);
    } catch (error) {
      if (!(error instanceof LockedError)) await this.#takeBack();
      throw this.#failure(error);
    }
  }

  /** For good. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#opening?.catch(() => undefined);
    await this.#closeHandle();
    await this.#letGo();
  }

  /** Of the lock. */
  async #letGo(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  async #append(opened: OpenFile, lines: readonly Uint8Array[]): Promise<void> {
    const bytes = lines.reduce((sum, line) => sum + line.length, 0);
    const isFull = this.#end > 0 && this.#end + bytes > this.#options.maxBytes;
    const handle = isFull || (await this.#isReplaced(opened)) ? await this.#next(isFull) : opened;
    for (const line of lines) await writeAll(handle, line);
    await handle.datasync();
    this.#end += bytes;
  }

  /** Several flows may have the file, and begin together: it is opened once. */
  async #open(): Promise<OpenFile> {
    if (this.#handle) return this.#handle;
    this.#opening ??= this.#openAnew().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openAnew(): Promise<OpenFile> {
    const { path } = this.#options;
    await this.#keepLock();
    const handle = await this.#files.open(path, openFlags, fileMode);
    try {
      const { size, ino, mode } = await ownFile(handle, this.#files.userId);
      if ((mode & 0o777) !== fileMode) await handle.chmod(fileMode);
      // What a failure left behind, and could not be taken back then.
      if (ino === this.#inode && size > this.#end) await handle.truncate(this.#end);
      else this.#end = size;
      if (this.#end > 0 && !(await endsLine(handle, this.#end))) {
        await writeAll(handle, Uint8Array.of(lineFeed));
        this.#end += 1;
      }
      this.#inode = ino;
      await syncDirectory(this.#files, path);
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw error;
    }
    this.#handle = handle;
    return handle;
  }

  /**
   * A lock may have been lost. Then what is behind `#end` may be another's.
   * @throws LockedError
   */
  async #keepLock(): Promise<void> {
    if (await this.#lock?.isHeld()) return;
    this.#inode = undefined;
    await this.#letGo();
    this.#lock = await this.#files.lock(lockPath(this.path), this.#clock);
  }

  /** Somebody has moved or removed the file, or its directory: what is written to it would not be found. */
  async #isReplaced(handle: OpenFile): Promise<boolean> {
    const there = await this.#files.stat(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    return there === undefined || there.ino !== (await handle.stat()).ino;
  }

  async #next(isFull: boolean): Promise<OpenFile> {
    await this.#closeHandle();
    if (isFull) await this.#rotate();
    return this.#open();
  }

  /** FILE → FILE.1 → FILE.2 …, up to the first number that is free; if none is, the oldest goes. */
  async #rotate(): Promise<void> {
    const { path, maxFiles, log } = this.#options;
    const name = (number: number) => (number === 0 ? path : `${path}.${number}`);
    let free = 1;
    while (free < maxFiles && (await this.#files.stat(name(free)).catch(() => undefined))) free++;
    if (free === maxFiles) {
      free = maxFiles - 1;
      const { size, mtime } = await this.#files.stat(name(free));
      await this.#files.rm(name(free));
      log.warn(
        { file: name(free), bytes: size, lastWritten: mtime.toISOString() },
        'the oldest dead-letter file is removed, and its logs with it: replay or move such files in time, or keep more (--dead-letter-files, --dead-letter-max-size)',
      );
    }
    for (let number = free; number > 0; number--) await this.#files.rename(name(number - 1), name(number));
    await syncDirectory(this.#files, path);
  }

  /** Best effort: what fails here is seen to by the next `#open`. */
  async #takeBack(): Promise<void> {
    await this.#handle?.truncate(this.#end).catch(() => undefined);
    await this.#closeHandle();
  }

  #failure(error: unknown): AppError {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const why = reasons[code] ?? (error instanceof Error ? error.message : String(error));
    return new AppError(`the dead-letter file ${this.path} cannot be written: ${why}`, {
      code: 'dead-letter-file',
      action: 'retry',
      context: { file: this.path, errno: code },
      cause: error,
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; make space',
  EDQUOT: "the user's quota is used up; make space",
  EFBIG: "it is as large as this process's limit allows (ulimit -f)",
  EIO: 'the disk reports an error',
  ENOENT: 'its directory does not exist; make it',
  ENOTDIR: 'it lies in something that is not a directory',
  EACCES: 'this user may not write there; change the permissions',
  EPERM: 'this user may not write there; change the permissions',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory; give the name of a file',
  ELOOP: 'it is a symbolic link, which may lead anywhere; give the name of the file itself',
  ENXIO: 'it is not a regular file; give the name of one',
};

/** Not FILE.lock: whoever replays FILE* must not meet it. */
function lockPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.lock`);
}

/** @throws Error when it is none that only this user's processes write to */
async function ownFile(handle: OpenFile, userId: number | undefined) {
  const stats = await handle.stat();
  if (!stats.isFile()) throw new Error('it is not a regular file; give the name of one');
  if (userId !== undefined && stats.uid !== userId) {
    throw new Error(
      `it belongs to the user with the id ${stats.uid}, and this process runs as ${userId}; give it to that user (chown), or choose another name`,
    );
  }
  if (stats.nlink > 1) {
    throw new Error(
      `it has ${stats.nlink} names (hard links), so it may be something else; give the name of a file of its own`,
    );
  }
  return stats;
}

async function endsLine(handle: OpenFile, size: number): Promise<boolean> {
  const { buffer } = await handle.read(new Uint8Array(1), 0, 1, size - 1);
  return buffer[0] === lineFeed;
}

/** One write, unless the kernel takes less: it then says why at the next one. */
async function writeAll(handle: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
}

/** A file that is new, or has a new name, is there after a power failure only once its directory is written. */
async function syncDirectory(files: Files, path: string): Promise<void> {
  const directory = await files.open(dirname(path), constants.O_RDONLY);
  try {
    await directory.sync();
  } catch (error) {
    // Some network file systems know no such thing.
    if (!(error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'ENOTSUP')))
      throw error;
  } finally {
    await directory.close();
  }
}
