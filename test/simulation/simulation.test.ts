/** Whole clusters in virtual time (docs/simulation.md): new seeds with each commit, and what failed once. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { keptScenarios } from './kept.ts';
import { lastLine, runMany } from './run-many.ts';
import { runSeed } from './run-seed.ts';

const newSeeds = 100;

/** Of the commit: other worlds with each. Outside a repository the same ones, always. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'no-commit';
  }
}

describe('simulated clusters', () => {
  it('keep the promise in worlds that nobody has seen', async () => {
    const base = commit();
    const seeds = Array.from({ length: newSeeds }, (_, at) => `${base}-${at}`);
    const totals = await runMany({ seeds, processes: 2, hazards: [] });
    process.stdout.write(`${lastLine(totals)} (seeds ${base}-0 to ${base}-${newSeeds - 1})\n`);
    const failures = totals.failures.map(
      ({ seed, failure }) => `npm run simulate -- --seed ${seed}: ${failure?.message}`,
    );
    expect(failures).toEqual([]);
    expect(totals.seeds).toBe(newSeeds);
    // Worlds without faults or logs would prove nothing.
    expect(totals.faults).toBeGreaterThan(newSeeds);
    expect(totals.logs).toBeGreaterThan(100 * newSeeds);
  }, 600_000);

  it.each(keptScenarios())(
    'keep it where it was broken once: $name',
    async ({ scenario, hazards }) => {
      const { failure } = await runSeed(scenario.seed, { scenario, hazards: new Set(hazards) });
      expect(failure).toBeUndefined();
    },
    120_000,
  );

  it('are the same again from the same seed, also in another process', async () => {
    const seeds = ['same-1', 'same-2', 'same-3'];
    const here: string[] = [];
    for (const seed of seeds) here.push((await runSeed(seed)).trace);
    const again: string[] = [];
    for (const seed of seeds.toReversed()) again.unshift((await runSeed(seed)).trace);
    expect(again).toEqual(here);
    const there = await Promise.all([1, 2].map((processes) => runMany({ seeds, processes, hazards: [] })));
    expect(there[0]?.trace).toBe(there[1]?.trace);
    const whole = await runMany({ seeds: [seeds[0] as string], processes: 1, hazards: [] });
    const [first] = await Promise.all([runSeed(seeds[0] as string)]);
    expect(lastLine(whole)).toContain(`${first.logs} logs`);
  }, 300_000);
});
