import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../../src/core/time/clock.ts';
import { ConfirmationClock } from '../../../../../src/sink/syslog/confirm/confirmation.ts';

const options = { intervalMs: 10_000, bytes: 1_000, timeoutMs: 30_000, clock: systemClock };

describe('the confirmation clock', () => {
  let asked = 0;
  let clock: ConfirmationClock;

  beforeEach(() => {
    vi.useFakeTimers();
    asked = 0;
    clock = new ConfirmationClock(options, () => asked++);
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('asks after the interval, after enough bytes, and not twice', () => {
    clock.wrote(1);
    vi.advanceTimersByTime(9_999);
    expect(asked).toBe(0);
    vi.advanceTimersByTime(1);
    clock.wrote(2_000);
    expect(asked).toBe(1);
    clock.reset();
    clock.wrote(1_000);
    expect(asked).toBe(2);
  });

  it('waits twice as long after each time-out, up to a limit, and twice an answer that took long', () => {
    const asked = { bytes: 1, stoodMs: 0 };
    const timeouts: number[] = [];
    for (let lost = 0; lost < 8; lost++) {
      timeouts.push(clock.timeoutMs(1));
      clock.answered(clock.timeoutMs(1), asked);
    }
    expect(timeouts.map((ms) => ms / 60_000)).toEqual([0.5, 1, 2, 4, 8, 16, 20, 20]);
    clock.answered(100_000, asked);
    expect(clock.timeoutMs(1)).toBe(200_000);
    clock.answered(10, asked);
    expect(clock.timeoutMs(1)).toBe(30_000);
  });

  it('does not take a quick answer to little, or to nothing, for one to much', () => {
    clock.answered(60_000, { bytes: 1_000_000, stoodMs: 0 });
    clock.answered(10, { bytes: 999_999, stoodMs: 0 });
    clock.answered(10, { bytes: 0, stoodMs: 0 });
    expect([2_000_000, 1_000_000, 500_000, 1_000, 0].map((bytes) => clock.timeoutMs(bytes))).toEqual([
      120_000, 120_000, 60_000, 30_000, 30_000,
    ]);
    clock.answered(10, { bytes: 1_000_000, stoodMs: 0 });
    expect(clock.timeoutMs(1_000_000)).toBe(30_000);
  });

  it('takes less that took longer for what takes long', () => {
    clock.answered(60_000, { bytes: 1_000_000, stoodMs: 0 });
    clock.answered(70_000, { bytes: 1_000, stoodMs: 0 });
    clock.answered(10, { bytes: 0, stoodMs: 0 });
    expect(clock.timeoutMs(1_000)).toBe(140_000);
  });

  it('counts the time that a connection stood before its end', () => {
    clock.answered(10, { bytes: 1_000, stoodMs: 60_000 });
    expect(clock.timeoutMs(1_000)).toBe(120_020);
    expect(clock.lingerMs).toBe(50);
  });

  it('does not take a connection that broke for one that was answered', () => {
    clock.answered(60_000, { bytes: 1_000, stoodMs: 0 });
    clock.answered(10, undefined);
    expect(clock.timeoutMs(1_000)).toBe(120_000);
  });

  it('never waits for less than a timeout beyond the limit', () => {
    clock = new ConfirmationClock({ ...options, timeoutMs: 3_600_000 }, () => asked++);
    expect(clock.timeoutMs(0)).toBe(3_600_000);
  });

  it('asks a slow receiver less often, but no less than every two timeouts', () => {
    clock.answered(20_000, { bytes: 1, stoodMs: 0 });
    clock.wrote(1);
    vi.advanceTimersByTime(39_999);
    expect(asked).toBe(0);
    vi.advanceTimersByTime(1);
    expect(asked).toBe(1);
    clock.reset();
    clock.answered(1_000_000, { bytes: 1, stoodMs: 0 });
    clock.wrote(1);
    vi.advanceTimersByTime(60_000);
    expect(asked).toBe(2);
  });
});
