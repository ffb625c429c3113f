import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../src/core/time/clock.ts';
import { ReceiverHealth } from '../../../../src/sink/receivers/health.ts';

describe('trust in a receiver', () => {
  let changes: boolean[];
  let trust: ReceiverHealth;

  beforeEach(() => {
    vi.useFakeTimers();
    changes = [];
    trust = new ReceiverHealth({
      ejectAfterMs: 3_000,
      failbackAfterMs: 60_000,
      clock: systemClock,
      onChange: () => changes.push(trust.isHealthy),
    });
  });

  afterEach(() => {
    trust.close();
    vi.useRealTimers();
  });

  it('begins with the first connection', () => {
    expect(trust.isHealthy).toBe(false);
    trust.up();
    expect(changes).toEqual([true]);
  });

  it('comes late where the first attempt failed', () => {
    trust.down();
    trust.up();
    vi.advanceTimersByTime(59_999);
    expect(changes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(changes).toEqual([true]);
  });

  it('outlasts a short absence after a long presence, and no longer one', () => {
    trust.up();
    vi.advanceTimersByTime(10_000);
    trust.down();
    vi.advanceTimersByTime(2_999);
    trust.up();
    vi.advanceTimersByTime(10_000);
    expect(changes).toEqual([true]);
    trust.down();
    vi.advanceTimersByTime(3_000);
    expect(changes).toEqual([true, false]);
  });

  it('comes back when the receiver has been up without a break', () => {
    trust.up();
    trust.down();
    vi.advanceTimersByTime(3_000);
    trust.up();
    vi.advanceTimersByTime(50_000);
    trust.down();
    trust.up();
    vi.advanceTimersByTime(59_999);
    expect(changes).toEqual([true, false]);
    vi.advanceTimersByTime(1);
    expect(changes).toEqual([true, false, true]);
  });

  it('ends with one that accepts connections and drops them', () => {
    trust.up();
    for (let turn = 0; turn < 8; turn++) {
      trust.down();
      vi.advanceTimersByTime(250);
      trust.up();
      vi.advanceTimersByTime(250);
    }
    expect(changes.at(-1)).toBe(false);
  });

  it('ends with one that is up and loses everything', () => {
    trust.up();
    vi.advanceTimersByTime(40_000);
    trust.lost();
    trust.lost();
    expect(changes).toEqual([true]);
    vi.advanceTimersByTime(40_000);
    trust.lost();
    expect(changes).toEqual([true, false]);
    vi.advanceTimersByTime(60_000);
    expect(changes).toEqual([true, false, true]);
  });

  it('bears losses between confirmations', () => {
    trust.up();
    for (let turn = 0; turn < 5; turn++) {
      vi.advanceTimersByTime(40_000);
      trust.lost();
      trust.confirmed();
    }
    expect(changes).toEqual([true]);
  });

  it('is given at once where there is nobody else', () => {
    trust.down();
    trust.up();
    trust.admit();
    expect(changes).toEqual([true]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
