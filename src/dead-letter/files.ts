/** What the dead-letter file needs of a disk. A simulation brings one that is full, fails, or takes its time. */
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import type { Clock } from '../core/time/clock.ts';
import { type FileLock, lockFile } from './lock.ts';

export type OpenFile = Pick<
  FileHandle,
  'write' | 'read' | 'truncate' | 'datasync' | 'sync' | 'stat' | 'chmod' | 'close'
>;

export interface Files {
  /** The user that files are made for; undefined where the system has none. */
  readonly userId: number | undefined;
  /** @param flags as open(2) @param mode of a file that is made */
  open(path: string, flags: number, mode?: number): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string): Promise<void>;
  /** Of a symbolic link, that of the link. */
  stat(path: string): Promise<{ readonly ino: number; readonly size: number; readonly mtime: Date }>;
  /**
   * @param path of the lock file, which is made
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
