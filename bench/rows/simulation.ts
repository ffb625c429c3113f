/** How much faster than real time the simulation is (docs/simulation.md): the more worlds go into a commit's tests. */
import { runSeed } from '../../test/simulation/run-seed.ts';
import { drawScenario, noHazards } from '../../test/simulation/scenario/draw.ts';
import { spreadOf } from '../harness/pairs.ts';
import type { Measured, Row, RunOptions } from '../harness/row.ts';

const daemons = 3;
const shards = 8;
const rounds = 5;
const worldsARound = 8;

export const simulationRows: readonly Row[] = [
  {
    what: 'simulation, three daemons and eight shards: virtual time ÷ CPU time',
    target: { atLeast: 200 },
    unit: '',
    digits: 0,
    measure,
  },
];

async function measure({ quick }: RunOptions): Promise<Measured> {
  const seeds = seedsOfThatSize();
  const ratios: number[] = [];
  // The first round warms up.
  for (let round = 0; round <= (quick ? 1 : rounds); round++) {
    let [virtualMs, cpuMs] = [0, 0];
    for (let world = 0; world < (quick ? 1 : worldsARound); world++) {
      const result = await runSeed(seeds.next().value as string);
      if (result.failure) throw new Error(`seed ${result.seed}: ${result.failure.message}`);
      virtualMs += result.virtualMs;
      cpuMs += result.cpuMs;
    }
    if (round > 0) ratios.push(virtualMs / cpuMs);
  }
  return { spread: spreadOf(ratios), count: ratios.length };
}

function* seedsOfThatSize(): Generator<string, never> {
  for (let seed = 1; ; seed++) {
    const { daemons: drawn, load } = drawScenario(String(seed), noHazards);
    if (drawn.length === daemons && load.shards === shards) yield String(seed);
  }
}
