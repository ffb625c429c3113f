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
    const timeouts: number[] = [];
    for (let lost = 0; lost < 8; lost++) {
      timeouts.push(clock.timeoutMs);
      clock.answered(clock.timeoutMs);
    }
    expect(timeouts.map((ms) => ms / 60_000)).toEqual([0.5, 1, 2, 4, 8, 16, 20, 20]);
    clock.answered(100_000);
    expect(clock.timeoutMs).toBe(200_000);
    clock.answered(10);
    expect(clock.timeoutMs).toBe(30_000);
  });

  it('never waits for less than a timeout beyond the limit', () => {
    clock = new ConfirmationClock({ ...options, timeoutMs: 3_600_000 }, () => asked++);
    expect(clock.timeoutMs).toBe(3_600_000);
  });

  it('asks a slow receiver less often, but no less than every two timeouts', () => {
    clock.answered(20_000);
    clock.wrote(1);
    vi.advanceTimersByTime(39_999);
    expect(asked).toBe(0);
    vi.advanceTimersByTime(1);
    expect(asked).toBe(1);
    clock.reset();
    clock.answered(1_000_000);
    clock.wrote(1);
    vi.advanceTimersByTime(60_000);
    expect(asked).toBe(2);
  });
});
