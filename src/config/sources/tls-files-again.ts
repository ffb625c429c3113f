/**
 * Files of a TLS connection, read again when they have changed: certificates are renewed, and revocation lists come
 * every day, while the process runs. Whether a file has changed is asked of its size and times, so that nothing is read
 * for nothing; of what could not be used nothing is remembered, and it is read each time.
 */
import { readFile, stat } from 'node:fs/promises';
import { type FileOutcome, problemOfReading } from './read-text-file.ts';
import { checkTlsFiles, type TlsFileKey, type TlsFilePaths, type TlsFiles, tlsFileKeys } from './tls-files.ts';

export interface TlsFilesAgain {
  readonly files: TlsFiles;
  /** Each a whole sentence, with the setting's name. */
  readonly problems: readonly string[];
}

/** @returns a function whose outcome is undefined while no file has changed; the first time it reads them all */
export function createTlsFilesReader(
  paths: TlsFilePaths,
  passphrase: string | undefined,
): () => Promise<TlsFilesAgain | undefined> {
  const given = tlsFileKeys.flatMap((key) => (paths[key] === undefined ? [] : [[key, paths[key]] as const]));
  let known: string | undefined;
  return async () => {
    // Before they are read: a change that comes in between shows the next time.
    const signature = JSON.stringify(await Promise.all(given.map(([, path]) => signatureOf(path))));
    if (signature === known) return undefined;
    const read = await Promise.all(given.map(async ([key, path]) => [key, await readOne(path)] as const));
    const { files, problems } = checkTlsFiles(paths, new Map<TlsFileKey, FileOutcome>(read), passphrase);
    known = problems.length === 0 ? signature : undefined;
    return { files, problems: problems.map(({ key, phrase }) => `${key}${phrase}`) };
  };
}

async function signatureOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return problemOfReading(error);
  }
}

async function readOne(path: string): Promise<FileOutcome> {
  try {
    return { bytes: await readFile(path) };
  } catch (error) {
    return { problem: problemOfReading(error) };
  }
}
