/** The simulation finds each of the bugs that it must, and nothing in the same worlds without them. */
import { describe, expect, it } from 'vitest';
import { runSeed } from '../run-seed.ts';
import { mutants } from './mutants.ts';
import { isFinding, seedsFor, tryMutant } from './try-mutant.ts';

/** Where the known seed does not find it any more, as many others as this time allows for. */
const boundMs = 10 * 60_000;
const otherSeeds = 200;
const seedMs = 120_000;

const seeds = [...new Set(mutants.map(({ knownSeed }) => knownSeed))];

const { CI, SIMULATION } = process.env;
const isShort = SIMULATION === 'short' || (!CI && SIMULATION !== 'full');
const skipped = ' (skipped: CI looks for them, on one Node; SIMULATION=full does so here)';

describe.skipIf(isShort)(`what the simulation must find${isShort ? skipped : ''}`, () => {
  it.each(mutants)('$name: $what', { timeout: boundMs + 10_000 }, async (mutant) => {
    const found = await tryMutant(mutant, { seeds: seedsFor(mutant, otherSeeds), boundMs });
    if (!found) throw new Error(`${mutant.name} was not found`);
    console.log(`${mutant.name}: found by seed ${found.seed}: ${found.message}`);
    expect(isFinding(mutant, found), `it was found by ${found.invariant}`).toBe(true);
  });

  it.each(seeds)('and nothing in seed %s without a bug', { timeout: seedMs }, async (seed) => {
    expect((await runSeed(seed)).failure).toBeUndefined();
  });
});
