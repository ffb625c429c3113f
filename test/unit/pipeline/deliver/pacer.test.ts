import { describe, expect, vi } from 'vitest';
import {
  chunkSizes,
  createPace,
  type Pace,
  type PaceLimits,
  type Sent,
} from '../../../../src/pipeline/deliver/pacer.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

const never = new AbortController().signal;
const { it, time } = useVirtualTime();
const sentNow = (frames: number, bytes = 0): Sent => ({ frames, bytes, taken: undefined });

function paceOf(limits: PaceLimits): Pace {
  const pace = createPace(limits, time.clock);
  if (!pace) throw new Error('nothing is limited');
  return pace;
}

describe('createPace', () => {
  it('is nothing where nothing is limited', () => {
    expect(createPace({})).toBeUndefined();
  });

  it.each([
    ['messages', { maxMessagesPerSecond: 1_000 }, sentNow(50)],
    ['bytes', { maxBytesPerSecond: 100_000 }, sentNow(1, 5_000)],
    ['the tighter of both', { maxMessagesPerSecond: 1_000, maxBytesPerSecond: 1e9 }, sentNow(50, 10)],
  ] as const)('limits %s', async (_, limits, sent) => {
    const pace = paceOf(limits);
    const tookMs = await time.timed(async () => {
      for (let chunk = 0; chunk <= 6; chunk++) expect(await pace(() => sent, never)).toBe(true);
    });
    // Six times 50 ms have to pass before the seventh, less the burst of 80 ms.
    expect(tookMs).toBe(220);
  });

  it('says when there is nothing more, and counts nothing for it', async () => {
    const pace = paceOf({ maxMessagesPerSecond: 1 });
    for (let end = 0; end < 3; end++) expect(await pace(() => undefined, never)).toBe(false);
    expect(await pace(() => sentNow(1), never)).toBe(true);
  });

  it('takes everyone in turn, and lets the event loop have its own in between', async () => {
    const pace = paceOf({ maxMessagesPerSecond: 1_000_000 });
    const order: string[] = [];
    const run = async (name: string) => {
      for (let chunk = 0; chunk < 3; chunk++) {
        await pace(() => {
          order.push(name);
          time.clock.soon(() => order.push('.'));
          return sentNow(1);
        }, never);
      }
    };
    await Promise.all([run('a'), run('b'), run('c')]);
    expect(order.filter((each) => each !== '.').join('')).toBe('abcabcabc');
    expect(order.join('')).not.toMatch(/[abc]{3}/);
  });

  it('counts what the sink made wait when it is taken, and lets others go before it', async () => {
    const pace = paceOf({ maxMessagesPerSecond: 1_000 });
    let take: () => void = () => undefined;
    const taken = new Promise<void>((resolve) => (take = resolve));
    const waiting = pace(() => ({ frames: 400, bytes: 0, taken }), never);
    expect(await time.timed(() => pace(() => sentNow(1), never))).toBe(0);
    // Its turn is due already when the other is counted.
    const next = time.timed(() => pace(() => sentNow(1), never));
    take();
    await waiting;
    expect(await next).toBe(321);
  });

  it('counts nothing that the sink refused', async () => {
    const pace = paceOf({ maxMessagesPerSecond: 1 });
    const refused = Promise.reject(new Error('lost'));
    refused.catch(() => undefined);
    await expect(pace(() => ({ frames: 100, bytes: 0, taken: refused }), never)).rejects.toThrow('lost');
    expect(await time.timed(() => pace(() => sentNow(1), never))).toBe(0);
  });

  it('hands on what the sender throws, and goes on with the next', async () => {
    const pace = paceOf({ maxMessagesPerSecond: 1_000 });
    const corrupt = pace(() => {
      throw new Error('corrupt');
    }, never);
    const next = pace(() => sentNow(1), never);
    await expect(corrupt).rejects.toThrow('corrupt');
    expect(await next).toBe(true);
  });

  it('ends a wait at once when its signal aborts, without a turn, and not those behind it', async () => {
    const pace = paceOf({ maxMessagesPerSecond: 10 });
    await pace(() => sentNow(6), never);
    const stop = new AbortController();
    const send = vi.fn(() => sentNow(1));
    const stopped = pace(send, stop.signal);
    const behind = pace(() => sentNow(1), never);
    const abortMs = time.timed(() => expect(stopped).rejects.toThrow('stopped by the test'));
    stop.abort(new Error('stopped by the test'));
    expect(await abortMs).toBe(0);
    expect(send).not.toHaveBeenCalled();
    expect(await behind).toBe(true);
    await expect(pace(send, stop.signal)).rejects.toThrow('stopped by the test');
    expect(send).not.toHaveBeenCalled();
  });

  it('leaves no timer and no listener behind', async () => {
    const pace = paceOf({ maxMessagesPerSecond: 1 });
    await pace(() => sentNow(1_000), never);
    const stop = new AbortController();
    const removed = vi.spyOn(stop.signal, 'removeEventListener');
    const waiting = pace(() => sentNow(1), stop.signal);
    stop.abort(new Error('stopped by the test'));
    await expect(waiting).rejects.toThrow('stopped by the test');
    expect(time.scheduler.nextAtMs).toBeUndefined();

    const free = paceOf({ maxMessagesPerSecond: 1_000 });
    const live = new AbortController();
    const removedLive = vi.spyOn(live.signal, 'removeEventListener');
    await free(() => sentNow(1), live.signal);
    expect(removedLive).toHaveBeenCalledOnce();
    expect(removed).not.toHaveBeenCalled(); // `once` does it
  });

  it('never goes ahead of the rate by more than tens of milliseconds after a pause', async () => {
    const pace = paceOf({ maxMessagesPerSecond: 1_000 });
    await pace(() => sentNow(20), never);
    await time.sleep(300);
    let sent = 0;
    const startMs = time.elapsedMs;
    while (time.elapsedMs - startMs < 100) {
      await pace(() => sentNow(20), never);
      sent += 20;
    }
    const elapsedMs = time.elapsedMs - startMs;
    expect(sent).toBeLessThanOrEqual(elapsedMs + 80 + 20);
  });
});

describe('chunkSizes', () => {
  it('is 20 ms of a limit, and at least something', () => {
    expect(chunkSizes({})).toEqual({});
    expect(chunkSizes({ maxMessagesPerSecond: 5_000 })).toEqual({ maxChunkFrames: 100 });
    expect(chunkSizes({ maxMessagesPerSecond: 3 })).toEqual({ maxChunkFrames: 1 });
    expect(chunkSizes({ maxBytesPerSecond: 10_000_000 })).toEqual({ maxChunkBytes: 200_000 });
    expect(chunkSizes({ maxBytesPerSecond: 10 })).toEqual({ maxChunkBytes: 1 });
  });
});
