/**
 * A daemon's disk, for dead letters. What is written stays when the process is killed; what counts is what was synced.
 *
 *   well      does what it is asked.
 *   full      takes half of a write, and then nothing (ENOSPC).
 *   failing   every write and sync is an error (EIO).
 *   Besides, it may take its time.
 */
import { constants } from 'node:fs';
import type { Files, OpenFile } from '../../src/dead-letter/files.ts';
import { type FileLock, LockedError } from '../../src/dead-letter/lock.ts';
import type { SimulatedProcess } from './process.ts';

/** A file's content is the first `size` bytes. */
interface Inode {
  readonly ino: number;
  bytes: Buffer;
  size: number;
  syncedBytes: number;
}

const directoryMode = 0o040_700;
const fileMode = 0o100_600;
const userId = 1_000;

export class SimulatedDisk {
  state: 'well' | 'full' | 'failing' = 'well';
  delayMs = 0;
  readonly #files = new Map<string, Inode>();
  readonly #locks = new Map<string, SimulatedProcess>();
  readonly #onLine: (line: string) => void;
  #inodes = 1;

  /** @param onLine told of each whole line when it is on the disk */
  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** What a process has of it. */
  of(process: SimulatedProcess): Files {
    const later = <T>(run: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        process.post(() => {
          try {
            resolve(run());
          } catch (error) {
            reject(error);
          }
        }, this.delayMs);
      });
    return {
      userId,
      open: (path, flags) => later(() => this.#open(path, flags, later)),
      rename: (from, to) =>
        later(() => {
          this.#files.set(to, this.#find(from));
          this.#files.delete(from);
        }),
      rm: (path) =>
        later(() => {
          this.#find(path);
          this.#files.delete(path);
        }),
      stat: (path) =>
        later(() => {
          const { ino, size } = this.#find(path);
          return { ino, size, mtime: new Date(0) };
        }),
      lock: (path) => later(() => this.#lock(path, process, later)),
    };
  }

  /** That of a process that was killed is stale. */
  #lock(path: string, process: SimulatedProcess, later: <T>(run: () => T) => Promise<T>): FileLock {
    if (this.#locks.get(path)?.isAlive) throw new LockedError('another process writes to it');
    this.#locks.set(path, process);
    const isHeld = () => this.#locks.get(path) === process;
    return {
      isHeld: () => later(isHeld),
      release: () =>
        later(() => {
          if (isHeld()) this.#locks.delete(path);
        }),
    };
  }

  #open(path: string, flags: number, later: <T>(run: () => T) => Promise<T>): OpenFile {
    const isDirectory = (flags & constants.O_CREAT) === 0;
    let inode = this.#files.get(path);
    if (!inode) {
      inode = { ino: this.#inodes++, bytes: Buffer.alloc(0), size: 0, syncedBytes: 0 };
      if (!isDirectory) this.#files.set(path, inode);
    }
    const its = inode;
    const stats = () => ({
      ino: its.ino,
      size: its.size,
      mode: isDirectory ? directoryMode : fileMode,
      uid: userId,
      nlink: 1,
      isFile: () => !isDirectory,
    });
    const file = {
      write: (bytes: Uint8Array, at: number, length: number) =>
        later(() => ({ bytesWritten: this.#write(its, bytes.subarray(at, at + length)) })),
      read: (into: Uint8Array, at: number, length: number, position: number) =>
        later(() => {
          into.set(its.bytes.subarray(position, Math.min(position + length, its.size)), at);
          return { bytesRead: length, buffer: into };
        }),
      truncate: (size: number) =>
        later(() => {
          its.size = Math.min(its.size, size);
        }),
      datasync: () => later(() => this.#sync(its)),
      sync: () => later(() => this.#sync(its)),
      stat: () => later(stats),
      chmod: () => later(() => undefined),
      close: () => later(() => undefined),
    };
    return file as unknown as OpenFile;
  }

  #write(inode: Inode, bytes: Uint8Array): number {
    if (this.state === 'failing') throw systemError('EIO');
    if (this.state === 'full' && bytes.length < 2) throw systemError('ENOSPC');
    const taken = this.state === 'full' ? bytes.length >>> 1 : bytes.length;
    const end = inode.size + taken;
    if (end > inode.bytes.length) {
      const larger = Buffer.alloc(2 * end);
      inode.bytes.copy(larger, 0, 0, inode.size);
      inode.bytes = larger;
    }
    inode.bytes.set(bytes.subarray(0, taken), inode.size);
    inode.size = end;
    return taken;
  }

  #sync(inode: Inode): void {
    if (this.state === 'failing') throw systemError('EIO');
    const from = Math.min(inode.syncedBytes, inode.size);
    const whole = inode.size === 0 ? 0 : inode.bytes.lastIndexOf(0x0a, inode.size - 1) + 1;
    inode.syncedBytes = inode.size;
    for (const line of inode.bytes.toString('utf8', from, whole).split('\n')) if (line !== '') this.#onLine(line);
  }

  #find(path: string): Inode {
    const inode = this.#files.get(path);
    if (!inode) throw systemError('ENOENT');
    return inode;
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
