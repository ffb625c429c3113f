import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign } from '../../src/group/assignment.ts';

/** A consumer that follows heartbeats' answers; a drain ends some beats later. */
const shardId = fc.nat({ max: 7 });
const beat = fc.record({
  granted: fc.array(shardId, { maxLength: 10 }),
  /** Which of the shards that drain are done before the next beat. */
  drained: fc.array(shardId, { maxLength: 4 }),
  /** Shards lost in between: a refused checkpoint. */
  lost: fc.array(shardId, { maxLength: 1 }),
});

describe('assign', () => {
  it('never starts what is held nor drains what is granted, and comes to hold what is granted, in any order of events', () => {
    fc.assert(
      fc.property(fc.array(beat, { maxLength: 30 }), fc.array(shardId, { maxLength: 8 }), (beats, finallyGranted) => {
        const held = new Set<number>();
        const draining = new Set<number>();
        const follow = (granted: readonly number[]) => {
          const { start, drain } = assign(held, draining, granted);
          for (const shard of start) {
            expect(held.has(shard)).toBe(false);
            expect(granted).toContain(shard);
            held.add(shard);
          }
          for (const shard of drain) {
            expect(held.has(shard) && !draining.has(shard)).toBe(true);
            expect(granted).not.toContain(shard);
            draining.add(shard);
          }
          expect(new Set(start).size).toBe(start.length);
        };
        const leave = (shard: number) => {
          held.delete(shard);
          draining.delete(shard);
        };
        for (const { granted, drained, lost } of beats) {
          follow(granted);
          for (const shard of drained) if (draining.has(shard)) leave(shard);
          for (const shard of lost) leave(shard);
        }
        // The server settles: after a beat for the drains to begin, their end, and a beat for what they held back.
        follow(finallyGranted);
        for (const shard of [...draining]) leave(shard);
        follow(finallyGranted);
        expect(held).toEqual(new Set(finallyGranted));
        expect(draining.size).toBe(0);
      }),
      { numRuns: Number(process.env.FC_RUNS ?? 500) },
    );
  });
});
