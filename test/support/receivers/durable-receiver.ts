/** The receiver of durable-receiver-main.ts: killed and restarted on its port, and appending to its file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Arrivals, tail } from './arrivals.ts';

const main = fileURLToPath(new URL('./durable-receiver-main.ts', import.meta.url));

export interface DurableReceiver extends Arrivals {
  readonly port: number;
  /** SIGSTOP: from now on everything stays in the kernels' buffers. */
  pause(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

export async function startDurableReceiver(): Promise<DurableReceiver> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'durable-receiver-'));
  const file = path.join(directory, 'out');
  let { child, port } = await launch(0, file);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    port,
    ...tail(file),
    pause: () => child.kill('SIGSTOP'),
    kill,
    restart: async () => {
      await kill();
      ({ child, port } = await launch(port, file));
    },
    dispose: async () => {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function launch(port: number, file: string): Promise<{ child: ChildProcess; port: number }> {
  const args = ['--import', 'tsx', main, String(port), file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`the receiver ended with ${code}`);
  });
  ended.catch(() => undefined); // looked at only until it is up
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  return { child, port: Number(line) };
}
