/** The command `sls-syslog config init`. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PresetName } from '../config/settings/presets.ts';
import { startFile } from '../config/start-file.ts';
import { type ExitCode, exitCodes } from './process/exit.ts';
import type { RunContext } from './run.ts';

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'is there already, and is left as it is; give another name',
  ENOENT: 'cannot be written: its directory does not exist',
  EACCES: 'may not be written by this user',
  EROFS: 'is on a file system that cannot be written to',
};

export interface ConfigContext extends Pick<RunContext, 'surroundings' | 'writeError'> {
  readonly writeOut: (text: string) => void;
}

export function writeStartFile(file: string, preset: PresetName | undefined, context: ConfigContext): ExitCode {
  const text = startFile(preset);
  if (file === '-') {
    context.writeOut(text);
    return exitCodes.ok;
  }
  try {
    // Mode 0600: the user may put the access key into the file.
    writeFileSync(resolve(context.surroundings.workingDirectory, file), text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    context.writeError(`sls-syslog: ${file} ${reasons[code] ?? `cannot be written (${code})`}\n`);
    return exitCodes.configuration;
  }
  context.writeOut(
    `${file} is written: put in what is in <angle brackets>, then try it: sls-syslog config check ${file}\n`,
  );
  return exitCodes.ok;
}
