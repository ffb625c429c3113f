/**
 * The dead-letter file: lines are appended, and are on the disk when `append` resolves.
 *
 *   closed  the file is not open: before `open`, and after a failure.  `open`, or the next `append` → open
 *   open    the file has complete lines up to `#end`, and they are     A write or a sync fails → the file is truncated
 *           on the disk.                                               to `#end`, closed
 *
 * After a failed sync it is not known which pages are on the disk, and the next sync would not report it: so a failure
 * undoes the whole `append`, and the caller repeats it. If truncating fails too (the process is killed, or the disk
 * refuses), the next `open` finds the broken line and ends it with a line feed: a reader then reports one bad line, and
 * not two records run together.
 *
 * `append` must not be called before the last call has settled.
 *
 * No other process writes to the file: its lock is held from the first `open` to `close` (lock.ts). The file has to
 * belong to this user, and must be neither a symbolic link nor have other hard links: no other file is written to, or
 * given another mode.
 */
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Clock, systemClock } from '../core/time/clock.ts';
import { type Files, type OpenFile, systemFiles } from './files.ts';
import { type FileLock, LockedError } from './lock.ts';

export interface DeadLetterFileOptions {
  /** Absolute path. */
  readonly path: string;
  /** Largest size of a file: an `append` that would exceed it begins the next file. A single `append` may be larger. */
  readonly maxBytes: number;
  /** Number of files: FILE, which is written to, FILE.1 and so on; at least 2. */
  readonly maxFiles: number;
  readonly log: Log;
  /** Default: the system's. */
  readonly files?: Files;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** Readable by the owner only: the file has a customer's logs. */
const fileMode = 0o600;
const lineFeed = 0x0a;
const openFlags =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/**
 * How long `open` waits for the lock: of a process that is about to end, or of a killed container, whose lock is stale
 * after a minute.
 */
const lockWaitMs = 90_000;
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
  /** Inode of the file that `#end` belongs to. */
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
   * Opens the file, or creates it, and makes it readable by its owner only. Waits a while for a process that has its
   * lock.
   * @throws AppError code `dead-letter-file`, action `retry`
   */
  async open(): Promise<void> {
    const deadlineMs = this.#clock.monotonic() + lockWaitMs;
    for (let isLogged = false; ; isLogged = true) {
      try {
        await this.#open();
        return;
      } catch (error) {
        const mayWait = error instanceof LockedError && this.#clock.monotonic() < deadlineMs;
        if (!mayWait || this.#closed.signal.aborted) {
          await this.#releaseLock();
          throw this.#failure(error);
        }
        const waiting = `waiting up to ${lockWaitMs / 1000} s for that process to end`;
        if (!isLogged)
          this.#options.log.warn({ file: this.path }, `the dead-letter file: ${error.message}; ${waiting}`);
      }
      await this.#clock.sleep(lockPauseMs, { signal: this.#closed.signal });
    }
  }

  /**
   * Appends all lines or, if it fails, none.
   * @param lines each with its line feed; each is written by a call of its own
   * @throws AppError code `dead-letter-file`, action `retry`
   */
  async append(lines: readonly Uint8Array[]): Promise<void> {
    try {
      const opened = await this.#open();
      await this.#append((await this.#lock?.isHeld()) ? opened : await this.#next(false), lines);
    } catch (error) {
      if (!(error instanceof LockedError)) await this.#undoAppend();
      throw this.#failure(error);
    }
  }

  /** Closes the file for good. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#opening?.catch(() => undefined);
    await this.#closeHandle();
    await this.#releaseLock();
  }

  /** Releases the lock. */
  async #releaseLock(): Promise<void> {
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

  /** Opens the file once, for several flows that may begin together. */
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
      // Bytes that a failed `append` left, and that could not be truncated then.
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
   * Takes the lock again if it was lost: the bytes behind `#end` may then be another process's.
   * @throws LockedError
   */
  async #keepLock(): Promise<void> {
    if (await this.#lock?.isHeld()) return;
    this.#inode = undefined;
    await this.#releaseLock();
    this.#lock = await this.#files.lock(lockPath(this.path), this.#clock);
  }

  /** Whether the file, or its directory, was moved or removed: lines written to it would not be found. */
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

  /** Renames FILE → FILE.1 → FILE.2 …, up to the first free number; if none is free, the oldest file is removed. */
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

  /** Undoes a failed `append`, as far as it can: the next `#open` does the rest. */
  async #undoAppend(): Promise<void> {
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

/** Not FILE.lock, which `dead-letter replay FILE*` would read. */
function lockPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.lock`);
}

/** @throws Error when the file is not a regular one of this user, with one name */
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
      `it has ${stats.nlink} names (hard links), so something else may use it; give a file that has one name only`,
    );
  }
  return stats;
}

async function endsLine(handle: OpenFile, size: number): Promise<boolean> {
  const { buffer } = await handle.read(new Uint8Array(1), 0, 1, size - 1);
  return buffer[0] === lineFeed;
}

/** Writes all bytes: by one write, unless the kernel takes fewer; the next write then fails with the reason. */
async function writeAll(handle: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
}

/** Syncs the file's directory: a new or renamed file survives a power failure only after that. */
async function syncDirectory(files: Files, path: string): Promise<void> {
  const directory = await files.open(dirname(path), constants.O_RDONLY);
  try {
    await directory.sync();
  } catch (error) {
    // Some network file systems cannot sync a directory.
    if (!(error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'ENOTSUP')))
      throw error;
  } finally {
    await directory.close();
  }
}
