/** The built command line as a process of its own, as a user starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../wait-until.ts';
import { encoderVariable } from './tested-encoder.ts';

const bin = fileURLToPath(new URL('../../../bin/sls-syslog.js', import.meta.url));
const built = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** Beyond every `--drain-timeout` of the suite. */
const longestEndMs = 90_000;

export interface CliProcess {
  readonly child: ChildProcess;
  /** Lines of stdout, and of stderr (the daemon's own log), up to now. */
  readonly stdout: string[];
  readonly stderr: string[];
  /** The log's lines that are JSON. */
  logged(): Record<string, unknown>[];
  /** Waits for a log line with this text. */
  waitForLog(text: string, timeoutMs?: number): Promise<Record<string, unknown>>;
  /** Sends a signal and waits for the end. Rejects, with what was logged last, where there is none for long. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** The exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/**
 * To be spawned.
 * @param env in addition to a clean environment; a test's own variables do not leak in
 * @param through a command that becomes the one that follows it: `unshare -rm sh -c '…; exec "$@"' sh`
 */
export function cliCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  through: readonly string[] = [],
) {
  if (!existsSync(built)) throw new Error('dist is not built: run `npm run build`, or the tests by `npm test`');
  const [file = process.execPath, ...rest] = [...through, process.execPath, bin, ...args];
  const all = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...encoderVariable(), ...env };
  return { file, args: rest, env: all };
}

/** The parameters are those of `cliCommand`. */
export function startCli(...command: Parameters<typeof cliCommand>): CliProcess {
  const { file, args, env } = cliCommand(...command);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const stdout: string[] = [];
  const stderr: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => stdout.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const logged = () =>
    stderr.flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
  return {
    child,
    stdout,
    stderr,
    exited,
    logged,
    waitForLog: (text, timeoutMs = 60_000) =>
      waitUntil(
        () => {
          const line = logged().find((each) => String(each.msg).includes(text));
          if (!line) throw new Error(`no log line with "${text}" in:\n${stderr.join('\n')}`);
          return line;
        },
        { timeoutMs },
      ),
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const isOver = new AbortController();
      const tooLong = sleep(longestEndMs, undefined, { signal: isOver.signal }).then(() => {
        throw new Error(`no end ${longestEndMs} ms after ${signal}; its last lines:\n${stderr.slice(-20).join('\n')}`);
      });
      return Promise.race([exited, tooLong]).finally(() => isOver.abort());
    },
  };
}
