/** Random choices of the fault tests, printed so that a run can be had again: `FAULT_SEED=…`. */
import { createRandom } from '../../../src/emulator/generate/random.ts';

export interface Choices {
  readonly seed: number;
  between(min: number, max: number): number;
  pick<T>(from: readonly T[]): T;
}

export function choicesFrom(seed: number): Choices {
  const random = createRandom(seed);
  return {
    seed,
    between: (min, max) => min + random.next() * (max - min),
    pick: (from) => {
      const picked = from[Math.floor(random.next() * from.length)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
  };
}

export function createChoices(what: string): Choices {
  const seed = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`${what}: FAULT_SEED=${seed}`);
  return choicesFrom(seed);
}
