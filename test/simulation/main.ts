/**
 * `npm run simulate`: worlds from seeds (docs/simulation.md). The last line says what was simulated; the exit code is 1
 * when an invariant did not hold.
 *
 *     npm run simulate -- --seed N              replays one; --trace FILE writes what happens, --shrink takes faults out,
 *                                               --save FILE keeps what is left (test/simulation/kept)
 *     npm run simulate -- --scenario FILE       replays one that was kept
 *     npm run simulate -- --seeds K --from N    K of them, from N on
 *     npm run simulate -- --minutes M           as many as go into the time, over all cores, from a seed that is printed
 */
import { createWriteStream, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { readKept } from './kept.ts';
import { add, lastLine, runMany, type Totals } from './run-many.ts';
import { runSeed, type SeedResult } from './run-seed.ts';
import { drawScenario, type Hazards } from './scenario/draw.ts';
import type { Scenario } from './scenario/scenario.ts';
import { shrink } from './shrink.ts';

interface Flags {
  readonly seed?: string;
  readonly seeds: number;
  readonly from: number;
  readonly minutes?: number;
  readonly trace?: string;
  readonly shrink?: boolean;
  readonly save?: string;
  readonly scenario?: string;
  readonly hazard: readonly string[];
  readonly processes: number;
}

const flags = new Command('simulate')
  .description('Runs whole clusters in virtual time, each from a seed, and checks the promise as they go.')
  .option('--seed <seed>', 'replay this one')
  .option('--trace <file>', 'with --seed: write all that happens')
  .option('--shrink', 'with --seed: take faults out while it still fails')
  .option('--save <file>', 'with --seed: write the scenario, as small as --shrink has made it')
  .option('--scenario <file>', 'replay one that was saved')
  .option('--seeds <count>', 'so many', toCount, 20)
  .option('--from <seed>', 'the first of them', toCount, 1)
  .option('--minutes <minutes>', 'as many as go into so many minutes', toCount)
  .option('--hazard <name...>', 'with troubles that are known, and not mended yet (open-troubles.ts)', [])
  .option('--processes <count>', 'side by side', toCount, availableParallelism())
  .parse()
  .opts<Flags>();

const hazards = new Set(flags.hazard);
const totals = await run();
for (const failure of totals.failures) explain(failure);
process.stdout.write(`${lastLine(totals)}\n`);
process.exitCode = totals.failures.length > 0 ? 1 : 0;

async function run(): Promise<Totals> {
  if (flags.scenario !== undefined) {
    const { scenario, hazards: its } = readKept(flags.scenario);
    return one(scenario, new Set(its));
  }
  if (flags.seed === undefined) return many();
  const shrunk = flags.shrink ? await shrink(flags.seed, hazards) : undefined;
  const scenario = shrunk?.scenario ?? drawScenario(flags.seed, hazards);
  if (shrunk) {
    const { faults, daemons } = scenario;
    process.stdout.write(`what it takes: ${daemons.length} daemons, and\n`);
    for (const { kind, atMs, forMs } of faults) process.stdout.write(`  ${atMs} ms: ${kind}, for ${forMs} ms\n`);
  }
  if (flags.save !== undefined) {
    const kept = { what: 'what was wrong', hazards: flags.hazard, scenario };
    writeFileSync(flags.save, `${JSON.stringify(kept, undefined, 1)}\n`);
  }
  return one(scenario, hazards);
}

async function one(scenario: Scenario, its: Hazards): Promise<Totals> {
  const file = flags.trace === undefined ? undefined : createWriteStream(flags.trace);
  const result = await runSeed(scenario.seed, {
    hazards: its,
    scenario,
    ...(file && { write: (line: string) => file.write(line) }),
  });
  if (file) {
    await new Promise((resolve) => file.end(resolve));
    process.stdout.write(`all that happens is in ${flags.trace}\n`);
  }
  return add([result]);
}

async function many(): Promise<Totals> {
  const { minutes, processes } = flags;
  const from = minutes === undefined ? flags.from : Math.max(flags.from, Math.floor(Date.now() / 1000));
  process.stdout.write(`from seed ${from}\n`);
  const endMs = minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000;
  const count = minutes === undefined ? flags.seeds : Number.POSITIVE_INFINITY;
  const totals = await runMany({
    seeds: numbers(from, count),
    processes,
    hazards: flags.hazard,
    until: () => performance.now() > endMs,
  });
  if (minutes !== undefined) table(totals);
  return totals;
}

function* numbers(from: number, count: number): Generator<string> {
  for (let i = 0; i < count; i++) yield String(from + i);
}

function table({ byKind, slowest, longest, virtualMs, cpuMs }: Totals): void {
  const rows: [string, string][] = [
    ...[...byKind].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]): [string, string] => [kind, String(count)]),
    ['longest until all had arrived', `${((longest?.settledMs ?? 0) / 1000).toFixed(1)} s, seed ${longest?.seed}`],
    ['slowest seed', `${slowest?.seed}: ${Math.round(slowest?.cpuMs ?? 0)} ms of CPU`],
    ['virtual time ÷ CPU time', (virtualMs / cpuMs).toFixed(0)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}

function explain({ seed, failure }: SeedResult): void {
  if (!failure) return;
  const hazard = flags.hazard.length > 0 ? ` --hazard ${flags.hazard.join(' ')}` : '';
  process.stdout.write(`\n${failure.last.join('\n')}\nFAILED seed ${seed}: ${failure.message}\n`);
  process.stdout.write(`replay: npm run simulate -- --seed ${seed}${hazard} --trace FILE\n\n`);
}

function toCount(text: string): number {
  const count = Number(text);
  if (!(count > 0)) throw new InvalidArgumentError('a number above 0');
  return count;
}
