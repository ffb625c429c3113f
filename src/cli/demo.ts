/**
 * The command `sls-syslog demo`: emulator, daemon and receiver on this machine, without an account. The emulator and
 * the receiver run in this process, and the daemon in a process of its own, started as a user would start it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { systemClock } from '../core/time/clock.ts';
import { createEmulator, DEMO_CREDENTIALS, type Emulator, type EmulatorAddress } from '../emulator/emulator.ts';
import { createReceiver, type Receiver } from '../receiver/receiver.ts';
import { exitCodes } from './process/exit.ts';

const shards = 4;
const accessLogs = 200_000;
const auditLogs = 50_000;
const liveLogsPerSecond = 500;
/** With `--watch`, time at the end for the last logs to arrive. */
const catchUpMs = 5_000;

export function demoCommand(): Command {
  return new Command('demo')
    .option('--watch', 'go on with live logs until Ctrl-C')
    .action(async ({ watch = false }: { watch?: boolean }) => {
      process.exitCode = await runDemo(watch);
    });
}

async function runDemo(watch: boolean): Promise<number> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const emulator = createEmulator({ shards });
  const receiver = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port: 0 });
  try {
    say(`Generating ${count(accessLogs)} access logs and ${count(auditLogs)} audit logs on ${shards} shards …`);
    emulator.append({ logs: accessLogs, profile: 'access' });
    emulator.append({ logs: auditLogs, profile: 'audit' });
    const service = await emulator.start();
    const { port } = await receiver.start();
    say(`Log service ${service.endpoint} → sls-syslog → receiver tcp://127.0.0.1:${port}`);
    const daemon = startDaemon(service, port, watch);
    const progress = showProgress(emulator, receiver);
    stopOnSignal(emulator, receiver, daemon.child, watch);
    const code = await daemon.exited;
    progress.end();
    return summarise(emulator, receiver, code, daemon.log, watch, say);
  } finally {
    await receiver.close();
    await emulator.close();
  }
}

interface DaemonProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  /** The daemon's log, lines of JSON. */
  readonly log: string[];
}

function startDaemon({ endpoint }: EmulatorAddress, port: number, watch: boolean): DaemonProcess {
  const args = ['run', '--host', '127.0.0.1', '--port', String(port), '--log-format', 'json'];
  if (!watch) args.push('--until', 'end');
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // A process group of its own: Ctrl-C signals only the demo, which then stops the daemon by SIGTERM.
    detached: true,
    env: {
      PATH: process.env.PATH,
      SLS_ENDPOINT: endpoint,
      SLS_PROJECT: 'demo',
      SLS_LOGSTORE: 'logs',
      SLS_CG: 'demo',
      SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
      SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
    },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  return { child, log, exited: once(child, 'close').then(([code]) => code as number | null) };
}

/**
 * The first Ctrl-C ends the daemon by SIGTERM, the second by SIGKILL: it is in a process group of its own, and does not
 * get the signal itself. With `--watch`, logs are generated until the first, and the daemon has a moment to catch up.
 */
function stopOnSignal(emulator: Emulator, receiver: Receiver, daemon: ChildProcess, watch: boolean): void {
  if (watch) emulator.setRate({ logsPerSecond: liveLogsPerSecond });
  let signals = 0;
  const stop = () => {
    if (++signals > 1) {
      daemon.kill('SIGKILL');
      return;
    }
    emulator.setRate({ logsPerSecond: 0 });
    const deadlineMs = systemClock.monotonic() + (watch ? catchUpMs : 0);
    const timer = systemClock.interval(50, () => {
      if (receiver.stats().sequence.unique < emulator.stats().logsGenerated && systemClock.monotonic() < deadlineMs)
        return;
      systemClock.cancel(timer);
      daemon.kill('SIGTERM');
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
}

/** Shows a line that is updated in place; where the output is not a terminal, a new line every 2 s. */
function showProgress(emulator: Emulator, receiver: Receiver): { end(): void } {
  const terminal = process.stdout.isTTY === true;
  let last = { atMs: systemClock.monotonic(), bytes: 0 };
  const timer = systemClock.interval(terminal ? 100 : 2_000, () => {
    const { sequence, bytes } = receiver.stats();
    const total = emulator.stats().logsGenerated;
    const nowMs = systemClock.monotonic();
    const speed = (bytes - last.bytes) / 1000 / (nowMs - last.atMs);
    last = { atMs: nowMs, bytes };
    const percent = Math.floor((sequence.unique / total) * 100);
    const line = `${count(sequence.unique)} of ${count(total)} logs received (${percent}%), ${speed.toFixed(0)} MB/s`;
    process.stdout.write(terminal ? `\r\x1b[K${line}` : `${line}\n`);
  });
  return {
    end: () => {
      systemClock.cancel(timer);
      if (terminal) process.stdout.write('\r\x1b[K');
    },
  };
}

function summarise(
  emulator: Emulator,
  receiver: Receiver,
  daemonCode: number | null,
  daemonLog: readonly string[],
  watch: boolean,
  say: (line: string) => void,
): number {
  const generated = emulator.stats().logsGenerated;
  const { sequence } = receiver.stats();
  const lost = generated - sequence.unique;
  const last = lastLine(daemonLog);
  const rawBytes = Number(last.rawBytes);
  const rows: [string, string][] = [
    ['logs generated', count(generated)],
    ['logs received', count(sequence.unique)],
    ['lost', count(lost)],
    ['duplicated', count(sequence.duplicate)],
    ['raw logs', `${(rawBytes / 1e6).toFixed(0)} MB`],
    ['daemon CPU', `${(Number(last.cpuSeconds) / (rawBytes / 1e9)).toFixed(1)} CPU seconds per GB of raw logs`],
  ];
  if (!watch) {
    const speed = rawBytes / 1e6 / Number(last.seconds);
    rows.push(['speed', `${speed.toFixed(0)} MB/s of raw logs, start and stop included`]);
  }
  for (const [name, value] of rows) say(`  ${name.padEnd(16)}${value}`);
  if (daemonCode !== 0) {
    say(`The daemon ended with ${daemonCode}; the end of its log:`);
    for (const line of daemonLog.slice(-5)) say(`  ${line}`);
  }
  const ok = lost === 0 && daemonCode === 0;
  say(ok ? 'Nothing was lost.' : 'FAILED: not every log arrived.');
  return ok ? exitCodes.ok : exitCodes.failure;
}

function lastLine(log: readonly string[]): Record<string, unknown> {
  try {
    return JSON.parse(log.at(-1) ?? '{}');
  } catch {
    return {};
  }
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
