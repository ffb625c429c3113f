import { describe, expect } from 'vitest';
import { EncodeLimiter } from '../../../../src/pipeline/deliver/encode-limiter.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

const { signal } = new AbortController();
const { it, time } = useVirtualTime();

describe('turns', () => {
  it('are given to so many at a time, first come, first served', async () => {
    const turns = new EncodeLimiter({ count: 2, clock: time.clock });
    const order: number[] = [];
    let open = 0;
    const work = async (name: number) => {
      const turn = await turns.acquire(signal);
      order.push(name);
      expect(++open).toBeLessThanOrEqual(2);
      await time.sleep(1);
      open--;
      turn.end();
    };
    await Promise.all([1, 2, 3, 4, 5].map(work));
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  it('are kept during a short wait, and left to others during a long one', async () => {
    const turns = new EncodeLimiter({ count: 1, yieldAfterMs: 50, clock: time.clock });
    const first = await turns.acquire(signal);
    let second: Awaited<ReturnType<EncodeLimiter['acquire']>> | undefined;
    void turns.acquire(signal).then((turn) => {
      second = turn;
    });
    await first.during(time.sleep(49));
    expect(second).toBeUndefined();
    let isBack = false;
    const long = first.during(time.sleep(150)).then(() => {
      isBack = true;
    });
    await time.sleep(49);
    expect(second).toBeUndefined();
    await time.sleep(1);
    expect(second).toBeDefined();
    await time.sleep(150);
    expect(isBack).toBe(false);
    second?.end();
    await long;
    first.end();
    (await turns.acquire(signal)).end();
  });

  it('are given back when the wait fails, with the turn or without it', async () => {
    const turns = new EncodeLimiter({ count: 1, yieldAfterMs: 10, clock: time.clock });
    for (const waitMs of [0, 50]) {
      const turn = await turns.acquire(signal);
      const fails = time.sleep(waitMs).then(() => Promise.reject(new Error('lost')));
      await expect(turn.during(fails)).rejects.toThrow('lost');
      turn.end();
    }
    (await turns.acquire(signal)).end();
  });

  it('are not waited for any more when the signal aborts', async () => {
    const turns = new EncodeLimiter({ count: 1, clock: time.clock });
    const turn = await turns.acquire(signal);
    const abort = new AbortController();
    const waiting = turns.acquire(abort.signal);
    abort.abort(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
    turn.end();
    (await turns.acquire(signal)).end();
  });
});
