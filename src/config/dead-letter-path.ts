/** Whether the dead-letter file could be written, as far as that can be told without making it. */
import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** @returns what is wrong and what to do about it; undefined where nothing is */
export function deadLetterProblem(path: string): string | undefined {
  const directory = dirname(path);
  const around = look(directory);
  if ('problem' in around) return `the directory ${directory} ${around.problem}`;
  if (!around.stats) return `the directory ${directory} does not exist; make it`;
  if (!around.stats.isDirectory()) return `${directory} is not a directory`;
  const found = look(path);
  if ('problem' in found) return `${path} ${found.problem}`;
  const file = found.stats;
  if (file && !file.isFile()) return `${path} is not a regular file; give the name of one`;
  if (file && !isAccessible(path, constants.R_OK | constants.W_OK)) {
    return `${path} may not be read and written by this user; change its owner or its permissions`;
  }
  if (!isAccessible(directory, constants.W_OK | constants.X_OK)) {
    return `this user may not make files in ${directory}, which rotation needs too; change its owner or its permissions`;
  }
  return undefined;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'may not be reached by this user; change the permissions of what it lies in',
  ELOOP: 'is a symbolic link that leads to itself',
  ENAMETOOLONG: 'has too long a name',
};

/** @returns a phrase that continues the path, where it cannot be told; no `stats` where nothing is there */
function look(path: string): { readonly stats: Stats | undefined } | { readonly problem: string } {
  try {
    return { stats: statSync(path, { throwIfNoEntry: false }) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { problem: reasons[code] ?? `cannot be looked at (${code})` };
  }
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
