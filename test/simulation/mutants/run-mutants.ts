/**
 * Whether the simulation finds the bugs that it must:
 *
 *     npx tsx test/simulation/mutants/run-mutants.ts [--only name]… [--seeds 200]
 *
 * A line for each mutant; the exit code is 1 when one was not found.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Mutant, mutants } from './mutants.ts';
import { isFinding, seedsFor, tryMutant } from './try-mutant.ts';

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, seeds: { type: 'string', default: '200' } },
});

/** @returns whether it is well */
async function tell(mutant: Mutant, seeds: number): Promise<boolean> {
  const { name, invariants = ['any invariant'] } = mutant;
  try {
    const found = await tryMutant(mutant, { seeds: seedsFor(mutant, seeds) });
    if (!found) {
      console.log(`NOT FOUND: ${name}`);
      return false;
    }
    const { seed, invariant, message } = found;
    const isExpected = isFinding(mutant, found);
    const unexpected = isExpected ? '' : ` (and not by ${invariants.join(' or ')})`;
    console.log(
      `found: ${name} by seed ${seed}: ${message.startsWith(invariant) ? message : `${invariant}: ${message}`}${unexpected}`,
    );
    return isExpected;
  } catch (error) {
    console.log(`FAILED: ${name}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

// Its copies and processes go with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const chosen = mutants.filter(({ name }) => values.only?.includes(name) ?? true);
if (chosen.length === 0) throw new Error(`no mutant is called ${values.only?.join(' or ')}`);
const waiting = [...chosen];
let isWell = true;
async function work(): Promise<void> {
  for (let mutant = waiting.shift(); mutant; mutant = waiting.shift())
    isWell = (await tell(mutant, Number(values.seeds))) && isWell;
}
await Promise.all(Array.from({ length: Math.min(availableParallelism(), chosen.length) }, work));
process.exitCode = isWell ? 0 : 1;
