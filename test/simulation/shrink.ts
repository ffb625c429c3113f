/** Takes faults out of a failing world for as long as it fails in the same way: what is left is what it takes. */
import { runSeed, type SeedResult } from './run-seed.ts';
import { drawScenario, type Hazards } from './scenario/draw.ts';
import type { Scenario } from './scenario/scenario.ts';

export interface Shrunk {
  readonly scenario: Scenario;
  readonly result: SeedResult;
}

/** @returns undefined where the seed does not fail at all */
export async function shrink(seed: string, hazards: Hazards): Promise<Shrunk | undefined> {
  let scenario = drawScenario(seed, hazards);
  let result = await runSeed(seed, { hazards, scenario });
  const invariant = result.failure?.invariant;
  if (invariant === undefined) return undefined;
  const smaller = async (candidate: Scenario): Promise<boolean> => {
    const tried = await runSeed(seed, { hazards, scenario: candidate });
    if (tried.failure?.invariant !== invariant) return false;
    scenario = candidate;
    result = tried;
    return true;
  };
  for (let at = scenario.faults.length - 1; at >= 0; at--) {
    const faults = scenario.faults.filter((_, each) => each !== at);
    await smaller({ ...scenario, faults });
  }
  for (let at = scenario.daemons.length - 1; at > 0; at--) {
    const daemons = scenario.daemons.filter((_, each) => each !== at);
    await smaller({ ...scenario, daemons });
  }
  return { scenario, result };
}
