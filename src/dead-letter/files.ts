/** File operations of the dead-letter file. The simulation has its own, for a disk that is full, fails or is slow. */
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import type { Clock } from '../core/time/clock.ts';
import { type FileLock, lockFile } from './lock.ts';

export type OpenFile = Pick<
  FileHandle,
  'write' | 'read' | 'truncate' | 'datasync' | 'sync' | 'stat' | 'chmod' | 'close'
>;

export interface Files {
  /** The user that owns new files; undefined where the system has no user ids. */
  readonly userId: number | undefined;
  /** @param flags as in open(2) @param mode of a new file */
  open(path: string, flags: number, mode?: number): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string): Promise<void>;
  /** Like lstat(2): of a symbolic link, that of the link itself. */
  stat(path: string): Promise<{ readonly ino: number; readonly size: number; readonly mtime: Date }>;
  /**
   * @param path of the lock file, which is created
   * @throws LockedError when another process holds it
   */
  lock(path: string, clock: Clock): Promise<FileLock>;
}

export const systemFiles: Files = {
  userId: process.geteuid?.(),
  open: (path, flags, mode) => open(path, flags, mode),
  rename: (from, to) => rename(from, to),
  rm: (path) => rm(path),
  stat: (path) => lstat(path),
  lock: (path, clock) => lockFile(path, clock),
};
