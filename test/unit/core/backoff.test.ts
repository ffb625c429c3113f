import { describe, expect, it } from 'vitest';
import { createBackoff } from '../../../src/core/backoff.ts';

describe('backoff', () => {
  it('draws each delay evenly below a cap that doubles from the first to the last', () => {
    const backoff = createBackoff({ minMs: 100, maxMs: 30_000 }, () => 0.5);
    const delays = Array.from({ length: 11 }, () => backoff.next());
    expect(delays).toEqual([50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000]);
  });

  it('begins anew after a reset', () => {
    const backoff = createBackoff({ minMs: 100, maxMs: 30_000 }, () => 1);
    for (let i = 0; i < 20; i++) backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('may draw nothing at all', () => {
    expect(createBackoff({ minMs: 100, maxMs: 30_000 }, () => 0).next()).toBe(0);
  });

  it('keeps its jitter at the cap, and for ever', () => {
    const backoff = createBackoff({ minMs: 100, maxMs: 30_000 }, Math.random);
    for (let attempt = 0; attempt < 5_000; attempt++) backoff.next();
    const delays = new Set(Array.from({ length: 100 }, () => backoff.next()));
    expect(delays.size).toBeGreaterThan(90);
    expect(Math.max(...delays)).toBeLessThan(30_000);
  });
});
