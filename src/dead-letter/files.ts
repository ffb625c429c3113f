/** What the dead-letter file needs of a disk. A simulation brings one that is full, fails, or takes its time. */
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';

export type OpenFile = Pick<
  FileHandle,
  'write' | 'read' | 'truncate' | 'datasync' | 'sync' | 'stat' | 'chmod' | 'close'
>;

export interface Files {
  /** @param flags as open(2) @param mode of a file that is made */
  open(path: string, flags: number, mode?: number): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string): Promise<void>;
  stat(path: string): Promise<{ readonly ino: number; readonly size: number; readonly mtime: Date }>;
}

export const systemFiles: Files = {
  open: (path, flags, mode) => open(path, flags, mode),
  rename: (from, to) => rename(from, to),
  rm: (path) => rm(path),
  stat: (path) => stat(path),
};
