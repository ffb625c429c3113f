import { describe, expect, it } from 'vitest';
import { createPullSize } from '../../../../src/group/pull/pull-size.ts';

describe('createPullSize', () => {
  it('is all that the service gives, whatever comes, where nothing is slow on purpose', () => {
    const size = createPullSize();
    size.delivered(1_000, 3_600_000, 0);
    expect(size.maxLogGroups).toBe(1_000);
  });

  it('grows fourfold at most, up to the service’s limit', () => {
    const size = createPullSize(1_000);
    const sizes = [1, 4, 16, 64, 256, 1_000, 1_000];
    for (const expected of sizes) {
      expect(size.maxLogGroups).toBe(expected);
      size.delivered(size.maxLogGroups, 1, 0);
    }
  });

  it('settles at what takes the wished time, and follows it', () => {
    const size = createPullSize(1_000);
    for (let pull = 0; pull < 10; pull++) size.delivered(size.maxLogGroups, size.maxLogGroups * 30, 0);
    expect(size.maxLogGroups).toBe(33);
    size.delivered(33, 33 * 500, 0);
    expect(size.maxLogGroups).toBe(2);
    size.delivered(2, 60_000, 0);
    expect(size.maxLogGroups).toBe(1);
  });

  it('does not take a few small batches for the promise that a full one is small', () => {
    const size = createPullSize(1_000);
    for (let pull = 0; pull < 20; pull++) size.delivered(1, 1, 0);
    expect(size.maxLogGroups).toBe(4);
  });

  it('goes faster over what brings nothing', () => {
    const size = createPullSize(1_000);
    for (let pull = 0; pull < 3; pull++) size.empty();
    expect(size.maxLogGroups).toBe(64);
    for (let pull = 0; pull < 3; pull++) size.empty();
    expect(size.maxLogGroups).toBe(1_000);
  });

  it('asks for a quarter of what could not be had, and for more again when that comes in comfort', () => {
    const size = createPullSize();
    size.narrow(0);
    expect([size.maxLogGroups, size.isNarrowed]).toEqual([250, true]);
    size.narrow(40);
    expect(size.maxLogGroups).toBe(10);
    for (let cut = 0; cut < 3; cut++) size.narrow(0);
    expect(size.maxLogGroups).toBe(1);
    size.delivered(1, 1, 1_000);
    expect(size.maxLogGroups).toBe(2);
    size.delivered(2, 1, 21_000);
    expect(size.maxLogGroups).toBe(2);
    size.delivered(2, 1, 1_000);
    expect(size.maxLogGroups).toBe(4);
    // No more than that was there.
    size.delivered(3, 1, 1_000);
    expect([size.maxLogGroups, size.isNarrowed]).toEqual([1_000, false]);
  });

  it('is not narrowed any more when the shard is read to its present end', () => {
    const size = createPullSize();
    size.narrow(4);
    size.delivered(1, 1, 1_000);
    size.delivered(2, 1, 1_000);
    expect(size.isNarrowed).toBe(true);
    size.atEnd();
    expect([size.maxLogGroups, size.isNarrowed]).toEqual([1_000, false]);
  });

  it('is never below one, nor a fraction', () => {
    const size = createPullSize(1_000);
    size.delivered(0, 0, 0);
    expect(size.maxLogGroups).toBe(1);
    size.delivered(3, 800, 0);
    expect(size.maxLogGroups).toBe(3);
  });
});
