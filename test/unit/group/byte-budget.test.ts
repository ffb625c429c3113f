import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../src/group/byte-budget.ts';

const signal = new AbortController().signal;

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}

describe('ByteBudget', () => {
  it('makes a reservation wait until there is room', async () => {
    const budget = new ByteBudget(100);
    const first = await budget.reserve(60, signal);
    const second = budget.reserve(60, signal);
    expect(await isPending(second)).toBe(true);
    first.release();
    await second;
    expect(budget.inUse).toBe(60);
  });

  it('grants one reservation above the limit when nothing else is out', async () => {
    const budget = new ByteBudget(10);
    await budget.reserve(1_000, signal);
    expect(await isPending(budget.reserve(1, signal))).toBe(true);
  });

  it('serves in order: a small one does not overtake a large one', async () => {
    const budget = new ByteBudget(100);
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
    const budget = new ByteBudget(100);
    const first = await budget.reserve(100, signal);
    const second = budget.reserve(50, signal);
    first.correct(200);
    expect(await isPending(second)).toBe(true);
    first.correct(10);
    await second;
    expect(budget.inUse).toBe(60);
  });

  it('releases once, however often it is called, and ignores corrections after that', async () => {
    const budget = new ByteBudget(100);
    const reservation = await budget.reserve(40, signal);
    reservation.release();
    reservation.release();
    reservation.correct(70);
    expect(budget.inUse).toBe(0);
  });

  it('gives up a place in the queue when its signal aborts, and lets the next one through', async () => {
    const budget = new ByteBudget(100);
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
