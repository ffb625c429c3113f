/** Reading the files that the configuration names, with words for what goes wrong. */
import { readFileSync } from 'node:fs';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a directory',
  ENOTDIR: 'lies in something that is not a directory',
  ELOOP: 'is a symbolic link that leads to itself',
};

export type FileOutcome = { readonly bytes: Buffer } | { readonly problem: string };

/** @returns the bytes, or a phrase that continues the path: `does not exist` */
export function readBytes(path: string): FileOutcome {
  try {
    return { bytes: readFileSync(path) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { problem: reasons[code] ?? `cannot be read (${code})` };
  }
}
