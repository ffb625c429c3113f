/**
 * `npm run bench`: one table, and every figure behind it in `bench/results.json`. The exit code is 1 where a target was
 * missed.
 *
 *     -- --only tls lz4    the rows that have one of these words in their name
 *     -- --long            what has to stay flat is watched for 5 minutes
 *     -- --quick           a glance: each row only has to run, and no target counts
 *
 * Ratios are taken in one run, pair by pair, the two sides by turns, so that a busy machine disturbs both alike.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { describeSpread, describeTarget, type Measured, meets, type Row } from './harness/row.ts';
import { table } from './harness/table.ts';
import { eventLoopRows } from './rows/event-loop.ts';
import { formatRows } from './rows/formats.ts';
import { liveRows } from './rows/live.ts';
import { memoryRows } from './rows/memory.ts';
import { processesRows } from './rows/processes.ts';
import { simulationRows } from './rows/simulation.ts';
import { speedRows } from './rows/speed.ts';
import { startAndIdleRows } from './rows/start-and-idle.ts';
import { wholeDaemonRows } from './rows/whole-daemon.ts';

const rows: readonly Row[] = [
  ...wholeDaemonRows,
  ...formatRows,
  ...speedRows,
  ...memoryRows,
  ...processesRows,
  ...eventLoopRows,
  ...liveRows,
  ...startAndIdleRows,
  ...simulationRows,
];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    only: { type: 'boolean', default: false },
  },
});
if (flags.only !== positionals.length > 0) {
  process.stderr.write('error: --only takes words, and words need --only: npm run bench -- --only tls lz4\n');
  process.exit(2);
}
if (process.platform !== 'linux') {
  process.stderr.write('error: the benchmark reads /proc, so it runs on Linux only\n');
  process.exit(2);
}

const words = positionals.map((word) => word.toLowerCase());
const chosen = rows.filter(({ what }) => words.length === 0 || words.some((word) => what.toLowerCase().includes(word)));
if (chosen.length === 0) {
  process.stderr.write(`error: no row has one of the words in its name; there are:\n${names(rows)}\n`);
  process.exit(2);
}

interface Result {
  readonly row: Row;
  readonly measured: Measured;
  readonly passed: boolean;
}

const results: Result[] = [];
for (const [index, row] of chosen.entries()) {
  process.stderr.write(`${index + 1}/${chosen.length} ${row.what} … `);
  const startMs = performance.now();
  const measured = await row.measure(flags);
  process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(0)} s\n`);
  results.push({ row, measured, passed: meets(row.target, measured) });
}

process.stdout.write(
  `${table(
    ['what', 'target', 'measured: median (lowest to highest)', 'verdict'],
    results.map(({ row: { what, target, unit, digits }, measured, passed }) => [
      what,
      describeTarget(target, unit),
      `${describeSpread(measured.spread, digits, unit)}, n = ${measured.count}`,
      `${target === undefined ? 'shown' : passed ? 'yes' : 'NO'}${measured.note ? `: ${measured.note}` : ''}`,
    ]),
  )}\n`,
);

const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
const report = {
  measuredAt: new Date().toISOString(),
  quick: flags.quick,
  machine: { ...machine, loadAtTheEnd: loadavg()[0] },
  rows: results.map(({ row: { what, target, unit }, measured, passed }) => ({
    what,
    target,
    unit,
    passed,
    ...measured,
  })),
};
writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(report, undefined, 2)}\n`);
process.stdout.write(`Node ${machine.node}, ${machine.cores} × ${machine.cpu}; every figure: bench/results.json\n`);

if (flags.quick) process.stdout.write('A glance (--quick): neither the figures nor the verdicts mean anything.\n');
else if (results.some(({ passed }) => !passed)) process.exitCode = 1;

function names(all: readonly Row[]): string {
  return all.map(({ what }) => `  ${what}`).join('\n');
}
