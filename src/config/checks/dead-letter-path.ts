/** Whether the dead-letter file could be written, as far as that can be told without making it. */
import { accessSync, constants, lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** @returns what is wrong and what to do about it; undefined where nothing is */
export function deadLetterProblem(path: string): string | undefined {
  const directory = dirname(path);
  // A link to a directory will do.
  const around = look(directory, statSync);
  if ('problem' in around) return `the directory ${directory} ${around.problem}`;
  if (!around.stats) return `the directory ${directory} does not exist; make it`;
  if (!around.stats.isDirectory()) return `${directory} is not a directory`;
  const found = look(path, lstatSync);
  if ('problem' in found) return `${path} ${found.problem}`;
  const file = found.stats;
  if (file?.isSymbolicLink()) {
    return `${path} is a symbolic link, which may lead anywhere; give the name of the file itself`;
  }
  if (file && !file.isFile()) return `${path} is not a regular file; give the name of one`;
  const userId = process.geteuid?.() ?? file?.uid;
  if (file && file.uid !== userId) {
    return `${path} belongs to the user with the id ${file.uid}, and this process runs as ${userId}; give it to that user (chown), or choose another name`;
  }
  if (file && file.nlink > 1) {
    return `${path} has ${file.nlink} names (hard links), so it may be something else; give the name of a file of its own`;
  }
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
function look(
  path: string,
  ask: typeof statSync,
): { readonly stats: Stats | undefined } | { readonly problem: string } {
  try {
    return { stats: ask(path, { throwIfNoEntry: false }) };
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
