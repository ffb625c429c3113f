/** That the oracle of the other tests can turn red. */
import { describe, expect, it } from 'vitest';
import { type Checkpoints, Invariant } from '../support/daemons/invariant.ts';
import type { Arrival } from '../support/receivers/arrivals.ts';

const arrivals = (...numbers: number[]) => numbers.map((number) => ({ shard: 0, number }));
const saved = (next: number) => new Map([[0, next]]);

describe('the invariant of the fault suite', () => {
  it('holds for logs that come in order, and again from the last checkpoint on', () => {
    const invariant = new Invariant();
    invariant.observe(arrivals(0, 1, 2), saved(2));
    invariant.observe(arrivals(2, 3), saved(4));
    expect(invariant.findings).toMatchObject({ received: 4, duplicates: 1, lost: 0, stepsBack: 1, violations: [] });
  });

  const steps: Record<string, readonly [Arrival[], Checkpoints][]> = {
    lost: [[arrivals(0, 1), saved(3)]],
    backwards: [
      [arrivals(0, 1), saved(2)],
      [[], saved(1)],
    ],
    gap: [[arrivals(0, 2), saved(0)]],
    repeated: [
      [arrivals(0, 1), saved(2)],
      [arrivals(1), saved(2)],
    ],
  };

  it.each(Object.entries(steps))('finds: %s', (kind, shown) => {
    const invariant = new Invariant();
    for (const [arrived, checkpoints] of shown) invariant.observe(arrived, checkpoints);
    expect(invariant.findings.violations).toEqual([expect.stringContaining(`${kind} in shard 0`)]);
  });

  it('counts what was lost', () => {
    const invariant = new Invariant();
    invariant.observe(arrivals(0, 3), saved(5));
    expect(invariant.findings.lost).toBe(3);
  });

  it('lets late bytes of a sender that was given up repeat what is checkpointed, where that is allowed', () => {
    const invariant = new Invariant({ allowsStale: true });
    invariant.observe(arrivals(0, 1), saved(2));
    invariant.observe(arrivals(1), saved(2));
    expect(invariant.findings.violations).toEqual([]);
  });
});
