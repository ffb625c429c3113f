/** `sls-syslog emulator` as a process of its own, from its source: no build is needed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./emulator-main.ts', import.meta.url));

export interface EmulatorProcess {
  /** The line of JSON that says it is ready; rejects when the process ends without one. */
  readonly ready: Promise<EmulatorReady>;
  /** Settles when the process has ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly stderr: string }>;
  /** Sends a signal (default SIGTERM) and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

export interface EmulatorReady {
  readonly event: 'ready';
  readonly endpoint: string;
  readonly project: string;
  readonly logstore: string;
  readonly shards: number;
  readonly logs: number;
  readonly accessKeyId: string;
  /** Readings of the protocol that are other than usual; absent where there are none. */
  readonly dialect?: readonly string[];
}

export function startEmulatorProcess(args: readonly string[]): EmulatorProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  const firstLine = once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line));
  const ended = exited.then((end): never => {
    throw new Error(`the emulator ended with ${end.code}: ${end.stderr}`);
  });
  const ready = Promise.race([firstLine, ended]).then((line) => JSON.parse(line) as EmulatorReady);
  // Whoever waits only for the end does not look at this one.
  ready.catch(() => undefined);
  return {
    ready,
    exited,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}
