import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfirmationClock } from '../../../../src/sink/syslog/confirmation.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const intervalMs = 10_000;

/** @returns after how long a connection that is written to all the time is due */
function msUntilDue(clock: ConfirmationClock): number {
  const startMs = Date.now();
  clock.wrote(1);
  while (!clock.isDue) vi.advanceTimersByTime(1);
  clock.turned();
  return Date.now() - startMs;
}

function bytesUntilDue(clock: ConfirmationClock): number {
  let bytes = 0;
  for (; !clock.isDue; bytes++) clock.wrote(1);
  clock.turned();
  return bytes;
}

describe('a connection is due for confirmation', () => {
  const create = (bytes = 1_000_000) =>
    new ConfirmationClock({ intervalMs, bytes, timeoutMs: 30_000 }, () => undefined);

  it('after the interval, from the first byte on', () => {
    expect(msUntilDue(create())).toBe(intervalMs);
  });

  it('after the bytes, however soon', () => {
    expect(bytesUntilDue(create(1_024))).toBe(1_024);
  });

  it('not before the receiver has had twice the time that its last answer took', () => {
    const clock = create();
    clock.answered(20_000);
    expect(msUntilDue(clock)).toBe(40_000);
  });

  it('as before when one connection broke', () => {
    const clock = create(1_024);
    clock.broke();
    expect(msUntilDue(clock)).toBe(intervalMs);
    expect(bytesUntilDue(clock)).toBe(1_024);
  });

  it('earlier with every further connection that breaks unconfirmed, and never at once', () => {
    const clock = create(1_024);
    for (const share of [1, 1 / 2, 1 / 4]) {
      clock.broke();
      expect(msUntilDue(clock)).toBe(intervalMs * share);
      expect(bytesUntilDue(clock)).toBe(1_024 * share);
    }
    for (let i = 0; i < 100; i++) clock.broke();
    expect(msUntilDue(clock)).toBe(Math.floor(intervalMs / 128));
  });

  it('as it was, once the receiver has confirmed again and again', () => {
    const clock = create();
    for (let i = 0; i < 3; i++) clock.broke();
    for (let i = 0; i < 7; i++) clock.confirmed();
    expect(msUntilDue(clock)).toBe(intervalMs / 4);
    clock.confirmed();
    expect(msUntilDue(clock)).toBe(intervalMs / 2);
    for (let i = 0; i < 80; i++) clock.confirmed();
    expect(msUntilDue(clock)).toBe(intervalMs);
  });
});

const options = { intervalMs: 10_000, bytes: 1_000, timeoutMs: 30_000 };

describe('the confirmation clock', () => {
  let asked = 0;
  let clock: ConfirmationClock;

  beforeEach(() => {
    asked = 0;
    clock = new ConfirmationClock(options, () => asked++);
  });

  it('asks after the interval, after enough bytes, and not twice', () => {
    clock.wrote(1);
    vi.advanceTimersByTime(9_999);
    expect(asked).toBe(0);
    vi.advanceTimersByTime(1);
    clock.wrote(2_000);
    expect(asked).toBe(1);
    clock.turned();
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
    clock.turned();
    clock.answered(1_000_000);
    clock.wrote(1);
    vi.advanceTimersByTime(60_000);
    expect(asked).toBe(2);
  });
});
