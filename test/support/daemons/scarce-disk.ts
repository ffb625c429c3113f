/** Ways to have the kernel refuse a daemon's writes to one file, and accept them again: no mock, a real error. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export interface ScarceDisk {
  readonly file: string;
  /** From now on the file takes some 100 KiB and no more: a write will be cut in the middle of a line. To be called once the daemon's process is there. */
  exhaust(pid: number): Promise<void>;
  /** There is room again. */
  relieve(pid: number): Promise<void>;
  dispose(): Promise<void>;
}

const roomBytes = 100 << 10;
const tmpfsBytes = 64 << 20;

/** ENOSPC: a file system in memory, filled up but for a little. Needs root, and a machine where it may mount. */
export async function startFullDisk(): Promise<ScarceDisk> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'full-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${tmpfsBytes}`, 'tmpfs', directory], { stdio: 'pipe' });
  const ballast = path.join(directory, 'ballast');
  return {
    file: path.join(directory, 'dead.jsonl'),
    exhaust: async () => {
      const { bavail, bsize } = await statfs(directory);
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - roomBytes))).catch((error) => {
        if (error.code !== 'ENOSPC') throw error; // the daemon was faster: all the better
      });
    },
    relieve: () => rm(ballast),
    dispose: async () => {
      execFileSync('umount', [directory], { stdio: 'pipe' });
      await rm(directory, { recursive: true });
    },
  };
}

/** EFBIG: the process may not make files larger than a limit (RLIMIT_FSIZE), which is then lifted. */
export async function startFileLimit(): Promise<ScarceDisk> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'file-limit-'));
  const file = path.join(directory, 'dead.jsonl');
  const limit = (pid: number, to: string) =>
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${to}`], { stdio: 'pipe' });
  return {
    file,
    exhaust: async (pid) => void limit(pid, `${(await stat(file)).size + roomBytes}:unlimited`),
    relieve: async (pid) => void limit(pid, 'unlimited'),
    dispose: () => rm(directory, { recursive: true }),
  };
}

/** Why there can be no full disk here; undefined where there can. Also in CI: a container may not mount. */
export async function missingFullDisk(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'a full disk is a tmpfs, which takes root on Linux';
  try {
    await (await startFullDisk()).dispose();
    return undefined;
  } catch {
    return 'a full disk is a tmpfs, and this machine lets nobody mount one';
  }
}

export function missingFileLimit(): string | undefined {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'pipe' });
    return undefined;
  } catch {
    return process.env.CI ? undefined : 'prlimit (util-linux) is not installed';
  }
}
