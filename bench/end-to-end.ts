/**
 * The whole way over loopback: the embedded service, the daemon as a user starts it, and a receiver that throws
 * everything away, each in a process of its own. What counts is the daemon's own CPU time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Spread, spreadOf } from './measure.ts';
import type { Section } from './section.ts';

const bin = fileURLToPath(new URL('../bin/sls-syslog.js', import.meta.url));
const discardServer = fileURLToPath(new URL('./discard-server.ts', import.meta.url));

interface Figures {
  readonly profile: string;
  readonly rawMB: number;
  /** MB of raw logs a second, from the daemon's start to its end. */
  readonly rawMBPerSecond: Spread;
  readonly cpuSecondsPerGB: Spread;
}

export const endToEnd: Section = async ({ quick }) => {
  const figures: Figures[] = [];
  for (const profile of ['access', 'audit']) {
    figures.push(await measureProfile(profile, quick ? 1 : 5, quick ? 50_000 : 300_000));
  }
  const show = ({ median, min, max }: Spread, digits: number) =>
    `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
  return {
    title: 'End to end over loopback, tcp, key=value: the daemon as its own process',
    columns: ['logs', 'raw MB a run', 'raw MB/s, start to end', 'CPU s/GB of raw logs'],
    rows: figures.map(({ profile, rawMB, rawMBPerSecond, cpuSecondsPerGB }) => [
      profile,
      rawMB.toFixed(0),
      show(rawMBPerSecond, 0),
      show(cpuSecondsPerGB, 2),
    ]),
    passed: true,
    figures,
  };
};

/** One run more warms the service up, and is not counted. */
async function measureProfile(profile: string, runs: number, logs: number): Promise<Figures> {
  const emulator = spawn(process.execPath, [bin, 'emulator', '--profile', profile, '--logs', String(logs)]);
  const receiver = spawn(process.execPath, ['--import', 'tsx', discardServer]);
  try {
    const service = await firstLine(emulator);
    const { port } = await firstLine(receiver);
    await fetch(new URL('/__emulator/warm', String(service.endpoint)), { method: 'POST', body: '{}' });
    const speeds: number[] = [];
    const costs: number[] = [];
    let rawBytes = 0;
    for (let run = 0; run <= runs; run++) {
      const end = await runDaemon(service, Number(port), `bench-${run}`);
      rawBytes = Number(end.rawBytes);
      if (run === 0) continue;
      speeds.push(rawBytes / 1e6 / Number(end.seconds));
      costs.push(Number(end.cpuSeconds) / (rawBytes / 1e9));
    }
    return { profile, rawMB: rawBytes / 1e6, rawMBPerSecond: spreadOf(speeds), cpuSecondsPerGB: spreadOf(costs) };
  } finally {
    await Promise.all([emulator, receiver].map(stop));
  }
}

/** @returns the fields of the log's last line */
async function runDaemon(
  service: Record<string, unknown>,
  port: number,
  group: string,
): Promise<Record<string, unknown>> {
  const args = ['--host', '127.0.0.1', '--port', String(port), '--until', 'end', '--log-format', 'json'];
  const daemon = spawn(process.execPath, [bin, 'run', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      SLS_ENDPOINT: String(service.endpoint),
      SLS_PROJECT: String(service.project),
      SLS_LOGSTORE: String(service.logstore),
      SLS_CG: group,
      SLS_AK_ID: String(service.accessKeyId),
      SLS_AK_KEY: 'demo-access-key-secret',
    },
  });
  const lines: string[] = [];
  createInterface({ input: daemon.stderr }).on('line', (line) => lines.push(line));
  const [code] = await once(daemon, 'close');
  if (code !== 0) throw new Error(`the daemon ended with ${code}:\n${lines.join('\n')}`);
  return JSON.parse(lines.at(-1) ?? '{}');
}

async function firstLine(child: ChildProcess): Promise<Record<string, unknown>> {
  if (!child.stdout) throw new Error('no stdout');
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return JSON.parse(String(line));
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
