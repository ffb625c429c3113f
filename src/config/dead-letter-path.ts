/** Whether the dead-letter file could be written, as far as that can be told without making it. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** @returns what is wrong and what to do about it; undefined where nothing is */
export function deadLetterProblem(path: string): string | undefined {
  const directory = dirname(path);
  const isDirectory = statSync(directory, { throwIfNoEntry: false })?.isDirectory();
  if (isDirectory === undefined) return `the directory ${directory} does not exist; make it`;
  if (!isDirectory) return `${directory} is not a directory`;
  const file = statSync(path, { throwIfNoEntry: false });
  if (file && !file.isFile()) return `${path} is not a regular file; give the name of one`;
  if (file && !isAccessible(path, constants.R_OK | constants.W_OK)) {
    return `${path} may not be read and written by this user; change its owner or its permissions`;
  }
  if (!isAccessible(directory, constants.W_OK | constants.X_OK)) {
    return `this user may not make files in ${directory}, which rotation needs too; change its owner or its permissions`;
  }
  return undefined;
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
