/** How late the daemon's event loop is at full speed: a heartbeat, which is a timer, waits as long. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spreadOf } from '../harness/pairs.ts';
import { Plant } from '../harness/plant.ts';
import type { Measured, Row, RunOptions } from '../harness/row.ts';
import { waitForBytes } from '../harness/steady.ts';

interface Delays {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

const preload = fileURLToPath(new URL('../programs/event-loop-delay.mjs', import.meta.url));

export const eventLoopRows: readonly Row[] = [
  {
    what: 'event-loop delay at full speed, 64 shards, p99.9',
    target: { atMost: 20 },
    unit: ' ms',
    digits: 1,
    measure,
  },
];

async function measure({ quick }: RunOptions): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'sls-syslog-bench-'));
  const file = join(directory, 'delays.json');
  const plant = await Plant.start({ profile: 'access', shards: 64, quick });
  try {
    const daemon = plant.startDaemon({ nodeArgs: ['--import', preload], env: { BENCH_DELAY_FILE: file } });
    await waitForBytes(plant, [daemon], quick ? 0.1e9 : 1e9);
    await read(daemon, file);
    const windows: Delays[] = [];
    for (let window = 0; window < (quick ? 1 : 5); window++) {
      await sleep(quick ? 500 : 4_000);
      windows.push(await read(daemon, file));
    }
    return {
      spread: spreadOf(windows.map(({ p999Ms }) => p999Ms)),
      count: windows.length,
      figures: { windows },
    };
  } finally {
    await plant.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The delays since the last time. */
async function read(daemon: ChildProcess, file: string): Promise<Delays> {
  daemon.kill('SIGUSR2');
  for (let waited = 0; !existsSync(file); waited++) {
    if (waited > 1_000) throw new Error('the daemon says nothing of its event loop');
    await sleep(10);
  }
  const delays = JSON.parse(await readFile(file, 'utf8')) as Delays;
  await rm(file);
  return delays;
}
