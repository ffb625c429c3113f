import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../src/core/time/clock.ts';
import { SimulatedProcess } from '../../../simulation/process.ts';
import { Scheduler } from '../../../simulation/scheduler.ts';

describe("the system's clock", () => {
  it('sleeps, and leaves no listener', async () => {
    const { signal } = new AbortController();
    const startMs = systemClock.monotonic();
    await systemClock.sleep(20, { signal });
    expect(systemClock.monotonic() - startMs).toBeGreaterThanOrEqual(19);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it("ends a sleep with the signal's reason, before it and in it", async () => {
    const reason = new Error('enough');
    await expect(systemClock.sleep(60_000, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const slept = systemClock.sleep(60_000, { signal: controller.signal });
    controller.abort(reason);
    await expect(slept).rejects.toBe(reason);
  });

  it('aborts at a deadline, and holds on to it', () => {
    vi.useFakeTimers();
    const signal = systemClock.deadline(1_000);
    vi.advanceTimersByTime(999);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
    vi.useRealTimers();
  });
});

describe("a simulated process' clock", () => {
  function create() {
    const scheduler = new Scheduler(0);
    const process = new SimulatedProcess(scheduler, { name: 'p', offsetMs: 5_000, rate: 1.01, random: () => 0 });
    const run = (untilMs: number) => scheduler.run(untilMs, () => undefined);
    return { process, run };
  }

  it('drifts, is set, and never goes back where nobody can set it', async () => {
    const { process, run } = create();
    await run(100_000);
    expect(process.clock.monotonic()).toBeCloseTo(101_000);
    expect(process.clock.now()).toBe(106_000);
    process.jump(-20_000, 10_000);
    expect(process.clock.now()).toBe(91_000);
    expect(process.clock.monotonic()).toBeCloseTo(101_000);
  });

  it('keeps what comes to be due while it is stopped, in its order, and runs it then', async () => {
    const { process, run } = create();
    const ran: string[] = [];
    process.clock.timer(300, () => ran.push('later'));
    const cancelled = process.clock.timer(200, () => ran.push('cancelled'));
    process.clock.timer(100, () => ran.push('first'));
    process.stop();
    await run(10_000);
    expect(ran).toEqual([]);
    process.clock.cancel(cancelled);
    process.resume();
    await run(10_000);
    expect(ran).toEqual(['first', 'later']);
  });

  it('does nothing any more when it is killed', async () => {
    const { process, run } = create();
    let ran = 0;
    process.clock.interval(10, () => ran++);
    await run(35);
    process.kill();
    await run(10_000);
    expect(ran).toBe(3);
  });
});
