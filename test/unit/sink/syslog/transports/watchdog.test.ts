import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../../src/core/time/clock.ts';
import { Watchdog } from '../../../../../src/sink/syslog/transports/watchdog.ts';

describe('the watchdog', () => {
  let stalls = 0;
  let watchdog: Watchdog;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
    stalls = 0;
    watchdog = new Watchdog(systemClock, 1000, () => {
      stalls += 1;
    });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('calls out once when nothing has moved for the whole time', () => {
    watchdog.busy();
    vi.advanceTimersByTime(999);
    expect(stalls).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(stalls).toBe(1);
  });

  it('counts from the last progress, not from the last time that something was begun', () => {
    watchdog.busy();
    vi.advanceTimersByTime(900);
    watchdog.progress();
    vi.advanceTimersByTime(900);
    watchdog.busy();
    vi.advanceTimersByTime(99);
    expect(stalls).toBe(0);
    vi.advanceTimersByTime(10);
    expect(stalls).toBe(1);
  });

  it('is quiet while nothing is under way, and before', () => {
    vi.advanceTimersByTime(5000);
    watchdog.busy();
    watchdog.idle();
    watchdog.progress();
    vi.advanceTimersByTime(5000);
    expect(stalls).toBe(0);
  });

  it('lets the progress count that a process finds when it wakes up behind its timers', () => {
    watchdog.busy();
    setTimeout(() => watchdog.progress(), 1000);
    vi.advanceTimersByTime(1500);
    expect(stalls).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(stalls).toBe(1);
  });
});
