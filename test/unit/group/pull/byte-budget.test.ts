import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../../src/group/pull/byte-budget.ts';

const signal = new AbortController().signal;

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}

describe('ByteBudget', () => {
  it('makes a reservation wait until there is room', async () => {
    const budget = new ByteBudget(100).share();
    const first = await budget.reserve(60, signal);
    const second = budget.reserve(60, signal);
    expect(await isPending(second)).toBe(true);
    first.release();
    await second;
    expect(budget.inUse).toBe(60);
  });

  it('grants one reservation above the limit when nothing else is out', async () => {
    const budget = new ByteBudget(10).share();
    await budget.reserve(1_000, signal);
    expect(await isPending(budget.reserve(1, signal))).toBe(true);
  });

  it('serves in order: a small one does not overtake a large one', async () => {
    const budget = new ByteBudget(100).share();
    const first = await budget.reserve(90, signal);
    const order: string[] = [];
    const large = budget.reserve(80, signal).then((reservation) => {
      order.push('large');
      return reservation;
    });
    const small = budget.reserve(5, signal).then(() => order.push('small'));
    expect(await isPending(small)).toBe(true);
    first.release();
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
  });

  it('lets others in when a reservation turns out smaller, and none when larger', async () => {
    const budget = new ByteBudget(100).share();
    const first = await budget.reserve(100, signal);
    const second = budget.reserve(50, signal);
    first.correct(200);
    expect(await isPending(second)).toBe(true);
    first.correct(10);
    await second;
    expect(budget.inUse).toBe(60);
  });

  it('releases once, however often it is called, and ignores corrections after that', async () => {
    const budget = new ByteBudget(100).share();
    const reservation = await budget.reserve(40, signal);
    reservation.release();
    reservation.release();
    reservation.correct(70);
    expect(budget.inUse).toBe(0);
  });

  it('gives up a place in the queue when its signal aborts, and lets the next one through', async () => {
    const budget = new ByteBudget(100).share();
    await budget.reserve(50, signal);
    const leaving = new AbortController();
    const blocked = budget.reserve(90, leaving.signal);
    const next = budget.reserve(10, signal);
    expect(await isPending(next)).toBe(true);
    leaving.abort(new Error('left'));
    await expect(blocked).rejects.toThrow('left');
    await next;
    expect(budget.inUse).toBe(60);
  });
});

describe('a budget that several sources share', () => {
  const patienceMs = 50;

  it('is one: what one has out, the others wait for, in order', async () => {
    const budget = new ByteBudget(100);
    const [a, b] = [budget.share(), budget.share()];
    const first = await a.reserve(80, signal);
    const second = b.reserve(40, signal);
    const third = a.reserve(10, signal);
    expect(await isPending(second)).toBe(true);
    expect(await isPending(third)).toBe(true);
    first.release();
    await Promise.all([second, third]);
    expect([budget.inUse, a.inUse, b.inUse]).toEqual([50, 10, 40]);
  });

  it('lets each of the others have one reservation, and no more, while somebody keeps all of it', async () => {
    const budget = new ByteBudget(100, patienceMs);
    const [stuck, ...others] = Array.from({ length: 4 }, () => budget.share());
    await stuck!.reserve(100, signal);
    const more = stuck!.reserve(10, signal);
    for (const share of others) {
      const one = await share.reserve(60, signal);
      const two = share.reserve(60, signal);
      expect(await isPending(two)).toBe(true);
      one.release();
      (await two).release();
    }
    expect(await isPending(more)).toBe(true);
    expect(budget.inUse).toBe(100);
  });

  it('is not overdrawn for the others while what is out is on its way', async () => {
    const budget = new ByteBudget(100, patienceMs);
    const [a, b] = [budget.share(), budget.share()];
    const startedAtMs = performance.now();
    await a.reserve(100, signal);
    await b.reserve(60, signal);
    expect(performance.now() - startedAtMs).toBeGreaterThan(patienceMs - 5);
  });

  it('takes another size while it is in use', async () => {
    const budget = new ByteBudget(100);
    const share = budget.share();
    await share.reserve(100, signal);
    const second = share.reserve(50, signal);
    expect(await isPending(second)).toBe(true);
    budget.resize(150);
    await second;
  });
});
