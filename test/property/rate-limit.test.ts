import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateLimit } from '../../src/pipeline/deliver/rate-limit.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';

interface Spent {
  readonly atMs: number;
  readonly amount: number;
}

const perSecond = fc.integer({ min: 1, max: 100_000 });
const burstMs = fc.integer({ min: 0, max: 1_000 });
/** How large the next thing is, and how much later than allowed it comes. */
const steps = fc.array(
  fc.record({
    amount: fc.integer({ min: 1, max: 5_000 }),
    lateMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 5_000 })),
  }),
  { minLength: 1, maxLength: 60 },
);

/** Everything goes as soon as the limit lets it, or somewhat later. */
function play(limit: ReturnType<typeof createRateLimit>, wishes: readonly { amount: number; lateMs: number }[]) {
  const spent: Spent[] = [];
  let nowMs = 0;
  for (const { amount, lateMs } of wishes) {
    nowMs += limit.waitMs(nowMs) + lateMs;
    limit.spend(amount, nowMs);
    spent.push({ atMs: nowMs, amount });
  }
  return spent;
}

describe('createRateLimit', () => {
  it('lets through no more than the rate, the burst and one thing, in any stretch of time', () => {
    fc.assert(
      fc.property(perSecond, burstMs, steps, (rate, burst, wishes) => {
        const spent = play(createRateLimit({ perSecond: rate, burstMs: burst }), wishes);
        for (let from = 0; from < spent.length; from++) {
          let amount = 0;
          for (let to = from; to < spent.length; to++) {
            const stretchMs = spent[to]!.atMs - spent[from]!.atMs;
            // All but the last, which may be of any size.
            expect(amount).toBeLessThanOrEqual((rate * (stretchMs + burst)) / 1000 + 1e-3);
            amount += spent[to]!.amount;
          }
        }
      }),
      propertyRuns(300),
    );
  });

  it('gives the whole rate to timers that are late by no more than the burst', () => {
    const amounts = fc.record({
      amount: fc.integer({ min: 1, max: 5_000 }),
      late: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(perSecond, burstMs, fc.array(amounts, { minLength: 2, maxLength: 60 }), (rate, burst, wishes) => {
        const limit = createRateLimit({ perSecond: rate, burstMs: burst });
        let evenAtMs = 0;
        let nowMs = 0;
        for (const { amount, late } of wishes) {
          nowMs = Math.max(nowMs + limit.waitMs(nowMs), evenAtMs - burst + late * burst);
          expect(nowMs).toBeLessThanOrEqual(evenAtMs + 1e-3);
          limit.spend(amount, nowMs);
          evenAtMs += (amount * 1000) / rate;
        }
      }),
      propertyRuns(300),
    );
  });

  it('saves nothing up while it is idle', () => {
    fc.assert(
      fc.property(perSecond, burstMs, fc.integer({ min: 0, max: 10_000_000 }), (rate, burst, idleMs) => {
        const limit = createRateLimit({ perSecond: rate, burstMs: burst });
        const rested = createRateLimit({ perSecond: rate, burstMs: burst });
        rested.spend(1, 0);
        const startMs = 1000 / rate + idleMs;
        limit.spend(7, startMs);
        rested.spend(7, startMs);
        expect(rested.waitMs(startMs)).toBe(limit.waitMs(startMs));
      }),
      propertyRuns(200),
    );
  });

  it('asks for no wait at first, then for the time that was used up, less the burst', () => {
    const limit = createRateLimit({ perSecond: 1_000, burstMs: 30 });
    expect(limit.waitMs(5)).toBe(0);
    limit.spend(100, 5);
    expect(limit.waitMs(5)).toBe(70);
    expect(limit.waitMs(45)).toBe(30);
    expect(limit.waitMs(75)).toBe(0);
    expect(limit.waitMs(500)).toBe(0);
  });
});
