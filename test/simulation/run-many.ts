/** Runs many worlds, over several processes; each is asked for one seed at a time. */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { SeedResult } from './run-seed.ts';

export interface Totals {
  seeds: number;
  virtualMs: number;
  cpuMs: number;
  logs: number;
  faults: number;
  duplicates: number;
  readonly byKind: Map<string, number>;
  readonly failures: SeedResult[];
  slowest: SeedResult | undefined;
  longest: SeedResult | undefined;
  /** Over the traces of all seeds, in the order of the seeds. */
  trace: string;
}

export interface RunManyOptions {
  readonly seeds: Iterable<string>;
  readonly processes: number;
  readonly hazards: readonly string[];
  /** No further seed is begun then. */
  readonly until?: () => boolean;
  readonly onResult?: (result: SeedResult) => void;
}

const worker = fileURLToPath(new URL('worker.ts', import.meta.url));

export async function runMany(options: RunManyOptions): Promise<Totals> {
  const { processes, hazards, until = () => false, onResult } = options;
  const results = new Map<number, SeedResult>();
  const seeds = options.seeds[Symbol.iterator]();
  let next = 0;
  const work = async () => {
    const child = fork(worker, [], {
      // Young objects, and many of them: collected less often in a larger space.
      execArgv: ['--import', 'tsx', '--max-semi-space-size=64'],
      env: { ...process.env, HAZARDS: hazards.join(',') },
    });
    try {
      for (;;) {
        if (until()) return;
        const seed = seeds.next();
        if (seed.done) return;
        const at = next++;
        const result = await ask(child, seed.value);
        results.set(at, result);
        onResult?.(result);
      }
    } finally {
      child.disconnect();
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  return add([...results].sort(([a], [b]) => a - b).map(([, result]) => result));
}

function ask(child: ReturnType<typeof fork>, seed: string): Promise<SeedResult> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the process that ran seed ${seed} ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (result) => {
      child.off('exit', onExit);
      resolve(result as SeedResult);
    });
    child.send(seed);
  });
}

/** @param results in the order of their seeds */
export function add(results: readonly SeedResult[]): Totals {
  const hash = createHash('sha256');
  const totals: Totals = {
    seeds: results.length,
    virtualMs: 0,
    cpuMs: 0,
    logs: 0,
    faults: 0,
    duplicates: 0,
    byKind: new Map(),
    failures: [],
    slowest: undefined,
    longest: undefined,
    trace: '',
  };
  for (const result of results) {
    totals.virtualMs += result.virtualMs;
    totals.cpuMs += result.cpuMs;
    totals.logs += result.logs;
    totals.duplicates += result.duplicates;
    for (const [kind, count] of Object.entries(result.faults)) {
      totals.faults += count;
      totals.byKind.set(kind, (totals.byKind.get(kind) ?? 0) + count);
    }
    if (result.failure) totals.failures.push(result);
    if (!totals.slowest || result.cpuMs > totals.slowest.cpuMs) totals.slowest = result;
    if (!totals.longest || result.settledMs > totals.longest.settledMs) totals.longest = result;
    hash.update(`${result.seed} ${result.trace}\n`);
  }
  totals.trace = hash.digest('hex').slice(0, 16);
  return totals;
}

export function lastLine(totals: Totals): string {
  const hours = (totals.virtualMs / 3_600_000).toFixed(2);
  return `simulated: ${totals.seeds} seeds, ${hours} virtual hours, ${totals.logs} logs, ${totals.faults} faults, ${totals.duplicates} duplicates, ${totals.failures.length} failures, trace ${totals.trace}`;
}
