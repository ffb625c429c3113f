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
  const create = (bytes = 1_000_000) => new ConfirmationClock({ intervalMs, bytes }, () => undefined);

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
