import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/core/time/clock.ts';
import { abortable, createDeadline } from '../../../src/core/time/deadline.ts';
import { pause } from '../../../src/sls/pause.ts';

describe('a pause', () => {
  test('ends with the first signal that aborts, and leaves no listener', async () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const paused = pause(3_600_000, [a.signal, b.signal], systemClock);
    b.abort();
    await paused;
    await pause(0, [a.signal], systemClock);
    await pause(3_600_000, [a.signal, b.signal], systemClock);
    expect(getEventListeners(a.signal, 'abort')).toEqual([]);
    expect(getEventListeners(b.signal, 'abort')).toEqual([]);
  });
});

describe('a deadline', () => {
  test('aborts with the reason of whichever signal aborts first', () => {
    const controller = new AbortController();
    const deadline = createDeadline([new AbortController().signal, controller.signal], 60_000, systemClock);
    const reason = new Error('mine');
    controller.abort(reason);
    expect(deadline.signal.reason).toBe(reason);
    expect(deadline.expired).toBe(false);
    deadline.dispose();
  });

  test('has aborted already when one of them has', () => {
    const reason = new Error('before');
    const deadline = createDeadline([AbortSignal.abort(reason)], 60_000, systemClock);
    expect(deadline.signal.reason).toBe(reason);
    deadline.dispose();
  });

  test('expires', () => {
    vi.useFakeTimers();
    const deadline = createDeadline([], 1_000, systemClock);
    vi.advanceTimersByTime(1_000);
    expect(deadline.signal.aborted && deadline.expired).toBe(true);
    vi.useRealTimers();
  });

  test('leaves neither listener nor timer behind', () => {
    vi.useFakeTimers();
    const { signal } = new AbortController();
    createDeadline([signal], 1_000, systemClock).dispose();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

test('abortable gives what the promise gives, or the reason', async () => {
  const controller = new AbortController();
  await expect(abortable(Promise.resolve(1), controller.signal)).resolves.toBe(1);
  await expect(abortable(2, controller.signal)).resolves.toBe(2);
  await expect(abortable(Promise.reject(new Error('no')), controller.signal)).rejects.toThrow('no');
  const never = abortable(new Promise(() => undefined), controller.signal);
  controller.abort(new Error('enough'));
  await expect(never).rejects.toThrow('enough');
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
});
