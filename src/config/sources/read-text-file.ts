/** Reading the files that the configuration names, with words for what goes wrong. */
import { closeSync, openSync, readSync } from 'node:fs';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a directory',
  ENOTDIR: 'lies in something that is not a directory',
  ELOOP: 'is a symbolic link that leads to itself',
  EMFILE: 'cannot be opened: this process has no file descriptor left; raise the limit (ulimit -n)',
  ENFILE: 'cannot be opened: the machine has no file descriptor left',
};

export type FileOutcome = { readonly bytes: Buffer } | { readonly problem: string };

const MIB = 1024 * 1024;
const pieceBytes = 64 * 1024;

/**
 * No more than a configuration can have is read: a file that was named by mistake, or is changed under a daemon that runs,
 * must not hold it up. Pipes (`<(…)`) are read to their end.
 * @returns the bytes, or a phrase that continues the path: `does not exist`
 */
export function readBytes(path: string, mostMib = 16): FileOutcome {
  try {
    const file = openSync(path, 'r');
    try {
      return readUpTo(file, mostMib);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return { problem: problemOfReading(error) };
  }
}

function readUpTo(file: number, mostMib: number): FileOutcome {
  const pieces: Buffer[] = [];
  for (let total = 0; total <= mostMib * MIB; ) {
    const piece = Buffer.allocUnsafe(pieceBytes);
    const length = readSync(file, piece, 0, pieceBytes, null);
    if (length === 0) return { bytes: Buffer.concat(pieces) };
    pieces.push(piece.subarray(0, length));
    total += length;
  }
  return { problem: `is larger than ${mostMib} MiB: this cannot be the file that is meant` };
}

/** @returns a phrase that continues the path */
export function problemOfReading(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return reasons[code] ?? `cannot be read (${code})`;
}
