/**
 * Closings of connections over the link of far-link.py, one after another, by the sink's own transports, to
 * far-receiver.py: `far-closings.ts PROTOCOL HOW COUNT [BUSY_MS]` prints a `Closings` as JSON.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../src/core/errors.ts';
import type { Log } from '../../../src/core/log.ts';
import { resolveOptions } from '../../../src/sink/syslog/link/options.ts';
import { createTcpTransport } from '../../../src/sink/syslog/transports/tcp.ts';
import { createTlsTransport } from '../../../src/sink/syslog/transports/tls.ts';
import { createAuthority, issue } from './certificates.ts';
import type { Closings, FarProtocol, How } from './far-link.ts';

const host = '10.77.0.2';
const logBytes = 400;
const logsEarly = 5;
const logsLate = 15;
/** From the first message for the receiver to its own end. */
const willAfterMs = 300;
/** There and back. */
const roundTripMs = 80;
/** How long before our end the last messages are written: on their way then, or long there. */
const lateMs = [5, 200];
const patienceMs = 20_000;

interface Told {
  readonly port?: number;
  /** Over a connection: what was read of it. */
  readonly bytes?: number;
}

const [protocol, how, count, busyMs = '0'] = process.argv.slice(2);
const directory = await mkdtemp(path.join(os.tmpdir(), 'far-'));
try {
  const result = await closings(protocol as FarProtocol, how as How, Number(count), Number(busyMs));
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await rm(directory, { recursive: true });
}
process.exit(0);

async function closings(protocol: FarProtocol, how: How, count: number, busyMs: number): Promise<Closings> {
  const hear = await startReceiver(protocol, how);
  const { port = 0 } = await hear();
  const nothing = () => undefined;
  const log = { info: nothing, debug: nothing, error: nothing, warn: nothing } as unknown as Log;
  const isTls = protocol !== 'tcp';
  const options = resolveOptions({ protocol: isTls ? 'tls' : 'tcp', host, port, tls: { insecure: true } });
  const transport = isTls ? createTlsTransport(options, log) : createTcpTransport(options, log);
  const result = { confirmed: 0, missing: 0, lost: {} as Record<string, number> };
  for (let i = 0; i < count; i++) {
    const connection = await transport.connect(new AbortController().signal);
    connection.attach({ room: nothing, lost: ({ code }) => (result.lost[code] = (result.lost[code] ?? 0) + 1) });
    const write = (logs: number) => {
      const bytes = Buffer.alloc(logs * logBytes, 'x');
      connection.write({ bytes, frameCount: logs, frameEnds: undefined, release: nothing }, nothing);
    };
    write(logsEarly);
    // The receiver's own end is here from 10 ms before ours to 150 ms behind it: each closing another part of that.
    const spreadMs = -10 + (160 * i) / count;
    const late = lateMs[i % lateMs.length] ?? 0;
    await sleep(willAfterMs + roundTripMs - spreadMs - late);
    write(logsLate);
    await sleep(late);
    const end = connection.end();
    const busy = busyMs > 0 ? setInterval(() => block(busyMs), 1) : undefined;
    const timer = setTimeout(() => {
      connection.destroy(new AppError('nothing was heard', { code: 'silence', action: 'retry' }));
    }, patienceMs);
    const isConfirmed = (await end) !== undefined;
    clearTimeout(timer);
    clearInterval(busy);
    const { bytes = 0 } = await hear();
    if (!isConfirmed) continue;
    result.confirmed++;
    result.missing += logsEarly + logsLate - Math.floor(bytes / logBytes);
  }
  return result;
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** @returns what it tells next */
async function startReceiver(protocol: FarProtocol, how: How): Promise<() => Promise<Told>> {
  const { key, cert } = await issue(await createAuthority('far'), { commonName: 'far' });
  const files = ['cert.pem', 'key.pem'].map((name) => path.join(directory, name));
  await Promise.all([cert, key].map((pem, index) => writeFile(files[index] as string, pem)));
  const program = fileURLToPath(new URL('./far-receiver.py', import.meta.url));
  const receiver = spawn('python3', [program, protocol, how, String(willAfterMs), ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.on('exit', () => receiver.kill());
  const told: string[] = [];
  const lines = createInterface({ input: receiver.stdout });
  lines.on('line', (line) => told.push(line));
  return async () => {
    while (told.length === 0) await once(lines, 'line');
    return JSON.parse(told.shift() as string) as Told;
  };
}
