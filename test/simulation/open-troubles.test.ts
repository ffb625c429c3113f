/** That the simulation finds what is known and not mended: a world with the hazard breaks an invariant. */
import { describe, expect, it } from 'vitest';
import { type OpenTrouble, openTroubles } from './open-troubles.ts';
import { runSeed } from './run-seed.ts';

const mostSeeds = 200;
const skipped = ' (skipped: CI looks for them, on one Node; SIMULATION=full does so here)';

async function find({ hazard, invariants, seed: known }: OpenTrouble): Promise<string | undefined> {
  const hazards = new Set([hazard]);
  const others = Array.from({ length: mostSeeds }, (_, at) => `h${at + 1}`);
  for (const seed of [known, ...others]) {
    const { failure } = await runSeed(seed, { hazards });
    if (failure && invariants.includes(failure.invariant)) return `${seed}: ${failure.message}`;
  }
  return undefined;
}

const { CI, SIMULATION } = process.env;
const isShort = SIMULATION === 'short' || (!CI && SIMULATION !== 'full');
const none = openTroubles.length === 0 ? ' (skipped: there is none)' : '';

describe.skipIf(isShort || none)(`a trouble that is known, and not mended yet${isShort ? skipped : none}`, () => {
  it.each(openTroubles)(
    '$hazard is found ($told): $what',
    async (trouble) => {
      const found = await find(trouble);
      process.stdout.write(`${trouble.hazard}: ${found?.slice(0, 200)}\n`);
      expect(found).toBeDefined();
    },
    900_000,
  );
});
