/** The real pm2, with a home and a daemon of its own: nothing of the user's is seen or touched. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { waitUntil } from '../wait-until.ts';
import { encoderVariable } from './tested-encoder.ts';

const pm2Bin = createRequire(import.meta.url).resolve('pm2/bin/pm2');
const ourBin = fileURLToPath(new URL('../../../bin/sls-syslog.js', import.meta.url));
const execute = promisify(execFile);

const processList = z.array(
  z.object({
    pm_id: z.number(),
    /** 0: none. */
    pid: z.number(),
    name: z.string(),
    pm2_env: z.object({
      status: z.string(),
      exec_mode: z.string(),
      restart_time: z.number(),
      exit_code: z.number().optional(),
    }),
  }),
);

export type Pm2Process = z.infer<typeof processList>[number];

export interface Pm2 {
  readonly directory: string;
  /** Runs a command of pm2's. @returns its stdout @throws Error when it fails */
  run(...args: string[]): Promise<string>;
  list(): Promise<Pm2Process[]>;
  /** The JSON lines that the app's processes have written to stderr, in the order in which they came. */
  logged(app: string): Promise<LogLine[]>;
  /** Ends the processes and pm2's daemon, and removes everything. */
  dispose(): Promise<void>;
}

const logLine = z.looseObject({ level: z.string(), time: z.iso.datetime(), pid: z.number(), msg: z.string() });
export type LogLine = z.infer<typeof logLine>;

/** @param files to be written into its directory, where the commands run; `sls-syslog` is on their PATH */
export async function startPm2(files: (directory: string) => Readonly<Record<string, string>>): Promise<Pm2> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'pm2-'));
  const home = path.join(directory, 'home');
  const bin = path.join(directory, 'bin');
  await mkdir(bin);
  await symlink(ourBin, path.join(bin, 'sls-syslog'));
  for (const [name, text] of Object.entries(files(directory))) await writeFile(path.join(directory, name), text);
  // A clean environment: a test's own variables, CI's among them, do not get into the processes.
  const env = {
    PATH: `${bin}:${process.env.PATH ?? ''}`,
    HOME: directory,
    PM2_HOME: home,
    PM2_SILENT: 'false',
    ...encoderVariable(),
  };
  const run = async (...args: string[]) => {
    const options = { cwd: directory, env, timeout: 60_000, maxBuffer: 16 << 20 };
    return (await execute(process.execPath, [pm2Bin, ...args], options)).stdout;
  };
  const list = async () => processList.parse(JSON.parse(await run('jlist')));
  return {
    directory,
    run,
    list,
    logged: async (app) => {
      const text = await readFile(path.join(home, 'logs', `${app}-error.log`), 'utf8').catch(() => '');
      // The last may be half written.
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => logLine.parse(JSON.parse(line)));
    },
    dispose: async () => {
      const daemon = Number(await readFile(path.join(home, 'pm2.pid'), 'utf8').catch(() => '0'));
      if (daemon > 0) {
        const pids = [daemon, ...(await list()).map(({ pid }) => pid).filter((pid) => pid > 0)];
        await run('kill').catch(() => undefined); // it may leave before it has answered
        await waitUntil(() => expectGone(pids)).finally(() => pids.forEach(killIfAlive));
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function expectGone(pids: readonly number[]): void {
  const left = pids.filter(isAlive);
  if (left.length > 0) throw new Error(`pm2 kill has left ${left.join(', ')}`);
}

function killIfAlive(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
