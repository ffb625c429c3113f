/**
 * The way of a live log: from its being appended at the service, at 1,000 logs a second, to its message at the receiver.
 * Service and receiver are in this process, so that both read one clock; what they do for so few logs takes no time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEmulator, DEMO_CREDENTIALS } from '../../src/emulator/emulator.ts';
import { spreadOf } from '../harness/pairs.ts';
import { bin, stop } from '../harness/processes.ts';
import type { Measured, Row, RunOptions } from '../harness/row.ts';

const SHARDS = 4;
const LOGS_PER_SECOND = 1_000;
const TICK_MS = 5;
const PROJECT = 'bench';
const LOGSTORE = 'logs';
/** The last field of a generated log. */
const MESSAGE_END = /\|\|seq=(\d+)-(\d+)\n/g;

export const liveRows: readonly Row[] = [
  {
    what: 'live log, append to receiver, 1,000 logs/s, defaults: p99',
    target: { atMost: 500 },
    unit: ' ms',
    digits: 0,
    measure: (options) => measure([], options),
  },
  {
    what: 'live log, append to receiver, 1,000 logs/s, --fetch-interval 10ms: p99',
    target: { atMost: 50 },
    unit: ' ms',
    digits: 0,
    measure: (options) => measure(['--fetch-interval', '10ms'], options),
  },
];

async function measure(args: readonly string[], { quick }: RunOptions): Promise<Measured> {
  const emulator = createEmulator({ project: PROJECT, logstore: LOGSTORE, shards: SHARDS });
  const { endpoint } = await emulator.start();
  /** By shard and sequence number: when the log was appended; undefined once it has arrived. */
  const appendedAtMs: (number | undefined)[][] = Array.from({ length: SHARDS }, () => []);
  let delaysMs: number[] = [];
  const receiver = await startReceiver((shard, sequence) => {
    const sinceMs = appendedAtMs[shard]![sequence];
    if (sinceMs === undefined) return;
    delaysMs.push(performance.now() - sinceMs);
    appendedAtMs[shard]![sequence] = undefined;
  });
  const daemon = startDaemon(endpoint, receiver.port, args);
  let nextShard = 0;
  const startMs = performance.now();
  let appended = 0;
  const appender = setInterval(() => {
    const nowMs = performance.now();
    const logs = Math.floor(((nowMs - startMs) * LOGS_PER_SECOND) / 1000) - appended;
    if (logs === 0) return;
    const shard = nextShard++ % SHARDS;
    for (let log = 0; log < logs; log++) appendedAtMs[shard]!.push(nowMs);
    emulator.append({ logs, shard });
    appended += logs;
  }, TICK_MS);
  try {
    // With --from end, the shards of a group that is new are begun after some seconds.
    for (let waited = 0; delaysMs.length === 0 && waited < 300; waited++) await sleep(100);
    await sleep(quick ? 1_000 : 4_000);
    const windows: { logs: number; p50Ms: number; p99Ms: number; maxMs: number }[] = [];
    for (let window = 0; window < (quick ? 1 : 5); window++) {
      delaysMs = [];
      await sleep(quick ? 1_000 : 4_000);
      const sorted = delaysMs.toSorted((left, right) => left - right);
      if (sorted.length === 0) throw new Error('no log has arrived');
      const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
      windows.push({ logs: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) });
    }
    return { spread: spreadOf(windows.map(({ p99Ms }) => p99Ms)), count: windows.length, figures: { windows } };
  } finally {
    clearInterval(appender);
    await stop(daemon);
    receiver.close();
    await emulator.close();
  }
}

/** @param arrived told of each message, as far as its last field says which log it is */
async function startReceiver(
  arrived: (shard: number, sequence: number) => void,
): Promise<{ port: number; close(): void }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    let rest = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      rest += text;
      let end = 0;
      for (const match of rest.matchAll(MESSAGE_END)) {
        arrived(Number(match[1]), Number(match[2]));
        end = match.index + match[0].length;
      }
      rest = rest.slice(end);
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function startDaemon(endpoint: string, port: number, args: readonly string[]): ChildProcess {
  // Lines, so that a message's end can be seen without counting.
  const receiver = ['--host', '127.0.0.1', '--port', String(port), '--framing', 'lf'];
  return spawn(process.execPath, [bin, 'run', ...receiver, '--from', 'end', '--log-level', 'error', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      SLS_ENDPOINT: endpoint,
      SLS_PROJECT: PROJECT,
      SLS_LOGSTORE: LOGSTORE,
      SLS_CG: 'bench',
      SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
      SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
    },
  });
}
