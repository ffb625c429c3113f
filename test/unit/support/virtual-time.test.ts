import { describe, expect, it as usualIt } from 'vitest';
import { inVirtualTime, useVirtualTime } from '../../support/virtual/virtual-time.ts';

describe('virtual time', () => {
  const { it, time } = useVirtualTime();

  it('goes on while the body waits, and costs nothing', async () => {
    const before = process.cpuUsage();
    await time.sleep(12 * 3_600_000);
    expect(time.elapsedMs).toBe(12 * 3_600_000);
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
  });

  it('begins anew in each test', async () => {
    expect(time.elapsedMs).toBe(0);
  });

  it.each([17, 18])('stands at the very moment at which something came to be: %i', async (atMs) => {
    let isThere = false;
    time.clock.timer(atMs, () => {
      isThere = true;
    });
    time.clock.interval(1, () => undefined);
    await time.until(() => isThere);
    expect(time.elapsedMs).toBe(atMs);
  });

  usualIt('hands on what the body, or a wait that is in vain, throws', async () => {
    const fails = inVirtualTime(() => Promise.reject(new Error('wrong')));
    await expect(fails).rejects.toThrow('wrong');
    await expect(inVirtualTime((time) => time.until(() => expect(1).toBe(2), 1_000))).rejects.toThrow('to be 2');
    await expect(inVirtualTime((time) => time.until(() => false, 1_000))).rejects.toThrow('does not come to be');
  });

  usualIt('says when nothing is going to come', async () => {
    await expect(inVirtualTime(() => new Promise(() => undefined))).rejects.toThrow('nothing is going to bring');
  });
});
