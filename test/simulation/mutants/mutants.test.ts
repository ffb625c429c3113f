/** The simulation finds each of the bugs that it must. */
import { describe, expect, it } from 'vitest';
import { mutants } from './mutants.ts';
import { isFinding, seedsFor, tryMutant } from './try-mutant.ts';

/** Where the known seed does not find it any more, as many others as this time allows for. */
const boundMs = 10 * 60_000;
const otherSeeds = 200;

describe('what the simulation must find', () => {
  it.each(mutants)('$name: $what', { timeout: boundMs + 10_000 }, async (mutant) => {
    const found = await tryMutant(mutant, { seeds: seedsFor(mutant, otherSeeds), boundMs });
    if (!found) throw new Error(`${mutant.name} was not found`);
    console.log(`${mutant.name}: found by seed ${found.seed}: ${found.message}`);
    expect(isFinding(mutant, found), `it was found by ${found.invariant}`).toBe(true);
  });
});
