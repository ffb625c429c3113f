import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import { AppError, CorruptBatchError } from '../../../../src/core/errors.ts';
import { ConsumerGroup } from '../../../../src/group/consumer-group.ts';
import { ByteBudget } from '../../../../src/group/pull/byte-budget.ts';
import { nextLimit, PullLimiter, type PullSlot } from '../../../../src/group/pull/pull-limiter.ts';
import { createPullSize } from '../../../../src/group/pull/pull-size.ts';
import { Puller } from '../../../../src/group/pull/puller.ts';
import { EndPosition } from '../../../../src/group/pull/start-position.ts';
import type { PulledBatch } from '../../../../src/group/service/log-service.ts';
import type { Deliver } from '../../../../src/group/shard/shard-consumer-options.ts';
import { EncodeLimiter } from '../../../../src/pipeline/deliver/encode-limiter.ts';
import { FakeLogService } from '../../../support/service/fake-log-service.ts';
import { pulling } from '../../../support/service/pulling.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

const { signal } = new AbortController();
setMaxListeners(0, signal);
const { it, time } = useVirtualTime();

describe('the limit', () => {
  it.each([
    ['rises where nobody waits and a shard would pull', 4, 0, 1, 5],
    ['stays where nobody wants more', 4, 0, 0, 4],
    ['stays where one or two wait', 4, 2, 60, 4],
    ['sinks slowly where more wait', 4, 3, 60, 3.75],
    ['never sinks below one', 1, 9, 60, 1],
  ])('%s', (_name, limit, waiting, queued, expected) => {
    expect(nextLimit(limit, waiting, queued)).toBe(expected);
  });
});

describe('places', () => {
  let ahead: PullLimiter;
  beforeEach(() => {
    ahead = new PullLimiter(undefined, time.clock);
  });

  async function takeAll(): Promise<PullSlot[]> {
    return Promise.all(Array.from({ length: ahead.limit }, () => ahead.acquire(signal)));
  }

  it('are kept while a batch waits, given first come, first served, and taken over from who gave up', async () => {
    const [first, second, third] = await takeAll();
    const order: number[] = [];
    const stop = new AbortController();
    const givesUp = expect(ahead.acquire(stop.signal)).rejects.toBe('enough');
    for (const name of [1, 2]) void ahead.acquire(signal).then(() => order.push(name));
    for (const place of [first, second, third]) place!.wait();
    await time.sleep(1);
    expect(order).toEqual([]);
    stop.abort('enough');
    await givesUp;
    first!.end();
    await time.sleep(1);
    expect(order).toEqual([1]);
    first!.end();
    await time.sleep(1);
    expect(order).toEqual([1]);
    second!.end();
    await time.sleep(1);
    expect(order).toEqual([1, 2]);
  });

  it('are free for others while a batch is behind one that is being written', async () => {
    const [first] = await takeAll();
    const next = ahead.acquire(signal);
    first!.suspend();
    await next;
    // It counts again when it is handed over, though that is one too many.
    first!.wait();
    let isServed = false;
    void ahead.acquire(signal).then(() => {
      isServed = true;
    });
    (await next).end();
    await time.sleep(1);
    expect(isServed).toBe(false);
    first!.end();
    await time.sleep(1);
    expect(isServed).toBe(true);
  });

  it('are free for others while pulls are not answered', async () => {
    ahead = new PullLimiter(20, time.clock);
    const unanswered = await takeAll();
    const others = await takeAll();
    for (const place of others) place.end();
    // What is answered after all waits like any other, and does not count twice.
    for (const place of unanswered) place.wait();
    const blocked = vi.fn();
    void ahead.acquire(signal).then(blocked);
    await time.sleep(60);
    expect(blocked).not.toHaveBeenCalled();
    for (const place of unanswered) place.end();
    await time.until(() => expect(blocked).toHaveBeenCalledOnce());
  });

  it('are free for others while a pull pauses, and taken again in turn, without a word about the limit', async () => {
    const [first, second] = await takeAll();
    const { limit } = ahead;
    first!.suspend();
    const other = await ahead.acquire(signal);
    const order: string[] = [];
    const next = ahead.acquire(signal).then(() => order.push('new'));
    const again = first!.resume(signal).then(() => order.push('again'));
    await time.sleep(1);
    expect(order).toEqual([]);
    other.suspend();
    await next;
    await time.sleep(1);
    expect(order).toEqual(['new']);
    second!.suspend();
    await again;
    expect(ahead.limit).toBe(limit);
  });

  it.each(['ends', 'is aborted'])('are free for others when one that waits for its turn again %s', async (how) => {
    const [first] = await takeAll();
    first!.suspend();
    const other = await ahead.acquire(signal);
    const leaving = new AbortController();
    const again = first!.resume(leaving.signal);
    if (how === 'ends') first!.end();
    else leaving.abort(new Error('enough'));
    other.suspend();
    if (how === 'ends') await again;
    else await expect(again).rejects.toThrow('enough');
    first!.end();
    await ahead.acquire(signal);
  });

  it('have as much patience for the next attempt as for the first', async () => {
    ahead = new PullLimiter(20, time.clock);
    const places = await takeAll();
    for (const place of places) place.suspend();
    await Promise.all(places.map((place) => place.resume(signal)));
    const others = await takeAll();
    expect(others).toHaveLength(places.length);
  });

  it('are all given back in the end, whatever becomes of them', async () => {
    const steps = fc.array(fc.constantFrom('suspend', 'resume', 'wait', 'end' as const), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (all) => {
        const each = new PullLimiter(undefined, time.clock);
        const one = async (own: readonly ('suspend' | 'resume' | 'wait' | 'end')[]) => {
          const place = await each.acquire(signal);
          for (const step of own) {
            await Promise.resolve();
            await place[step](signal);
          }
          if (!own.includes('end')) place.end();
        };
        await Promise.all(all.map(one));
        await Promise.all(Array.from({ length: each.limit }, () => each.acquire(signal)));
      }),
    );
  });
});

describe('a pull', () => {
  const refusal = new AppError('the cursor has expired', { code: 'invalid-cursor', action: 'reject' });
  const empty = { body: undefined, logGroupCount: 0 };
  const batch = { body: { bytes: new Uint8Array(3), compression: 'none' as const, rawSize: 3 }, logGroupCount: 1 };

  it.each<[string, () => Promise<PulledBatch>]>([
    ['that fails', () => Promise.reject(refusal)],
    ['without data', () => Promise.resolve({ ...empty, nextCursor: '2' })],
    ['that nobody wants any more', () => Promise.resolve({ ...batch, nextCursor: '2' })],
    ['that cannot be read', () => Promise.reject(new CorruptBatchError('it lies', undefined, undefined, '2'))],
  ])('%s gives its place back', async (_name, answer) => {
    const service = new FakeLogService(time.clock);
    service.pull = answer;
    const pullLimiter = new PullLimiter(undefined, time.clock);
    const size = createPullSize();
    const options = {
      shard: 0,
      service,
      budget: new ByteBudget(1_000, undefined, time.clock).share(),
      pullLimiter,
      size,
      ...pulling(time.clock),
    };
    const puller = new Puller(options);
    const end = new EndPosition(service, 0, undefined, time.clock);
    for (let round = 0; round < 10; round++) {
      const pulled = await puller.pull('1', undefined, end, signal).catch(() => undefined);
      pulled?.release();
    }
    await Promise.all(Array.from({ length: pullLimiter.limit }, () => pullLimiter.acquire(signal)));
  });
});

describe('shards that all have more than can be encoded', () => {
  /** @returns of the last half of the time */
  async function run(
    pullMs: number,
    encodeMs: number,
  ): Promise<{ busyShare: number; limit: number; counts: number[] }> {
    const [ahead, turns] = [new PullLimiter(undefined, time.clock), new EncodeLimiter({ count: 1, clock: time.clock })];
    const counts = Array.from({ length: 64 }, () => 0);
    const totalMs = 20_000;
    let busyMs = 0;
    let isOver = false;
    const shard = async (at: number) => {
      while (!isOver) {
        const place = await ahead.acquire(signal);
        await time.sleep(pullMs);
        place.wait();
        const turn = await turns.acquire(signal);
        place.end();
        await time.sleep(encodeMs);
        turn.end();
        counts[at]!++;
        if (time.elapsedMs > totalMs / 2) busyMs += encodeMs;
      }
    };
    const all = counts.map((_, at) => shard(at));
    await time.sleep(totalMs);
    isOver = true;
    const { limit } = ahead;
    expect(await time.timed(() => Promise.all(all))).toBeLessThanOrEqual(64 * (pullMs + encodeMs));
    return { busyShare: busyMs / (totalMs / 2), limit, counts };
  }

  it.each([
    ['near', 1, 10, 5],
    ['far away', 100, 10, 16],
    ['very far away', 400, 10, 48],
  ])('keep the encoder busy with a service that is %s, and pull no more than that takes', async (_name, ...facts) => {
    const [pullMs, encodeMs, mostPlaces] = facts;
    const { busyShare, limit, counts } = await run(pullMs, encodeMs);
    expect(busyShare).toBeGreaterThan(0.95);
    expect(limit).toBeLessThanOrEqual(mostPlaces);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
  });
});

describe('in a group', () => {
  let service: FakeLogService;
  let group: ConsumerGroup | undefined;
  const delivered = new Map<number, number>();

  beforeEach(() => {
    service = new FakeLogService(time.clock);
    delivered.clear();
  });
  afterEach(() => {
    group?.destroy(new AppError('end of the test', { code: 'test', action: 'fatal' }));
  });

  async function join(shards: number, deliver: Deliver): Promise<ConsumerGroup> {
    service.granted = Array.from({ length: shards }, (_, id) => id);
    const made = new ConsumerGroup({
      service,
      consumerName: 'a',
      deliver: async (body, ticket, abort, maySkip, onBegun) => {
        await deliver(body, ticket, abort, maySkip, onBegun);
        delivered.set(ticket.shard, (delivered.get(ticket.shard) ?? 0) + 1);
        made.markSent(ticket);
        made.markConfirmed(ticket);
      },
      confirmSoon: () => undefined,
      heartbeatIntervalMs: 20,
      timeoutMs: 10_000,
      checkpointIntervalMs: 1_000,
      fetchIntervalMs: 5,
      budget: new ByteBudget(1 << 30, undefined, time.clock).share(),
      inOrder: false,
      from: 'begin',
      until: undefined,
      drainTimeoutMs: 500,
      onUntilReached: () => undefined,
      onFatal: (error) => expect.unreachable(error.message),
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      clock: time.clock,
    });
    group = made;
    await made.join();
    return made;
  }

  const full = (batches: number) => Array.from({ length: batches }, () => 'x');
  const until = (condition: () => boolean) => time.until(condition, 10_000);

  /** As an encoder that has one batch at a time. */
  function inTurns(work: Deliver): Deliver {
    const turns = new EncodeLimiter({ count: 1, yieldAfterMs: 1, clock: time.clock });
    return async (body, ticket, abort, maySkip, onBegun) => {
      const turn = await turns.acquire(abort);
      onBegun?.();
      try {
        await turn.during(work(body, ticket, abort, maySkip));
      } finally {
        turn.end();
      }
    };
  }

  it('a stuck receiver holds up only the shards that write to it', async () => {
    for (let shard = 0; shard < 32; shard++) service.addShard(shard, full(20));
    const isStuck = (shard: number) => shard < 31;
    const never = (abort: AbortSignal) =>
      new Promise<void>((_, reject) => abort.addEventListener('abort', () => reject(abort.reason), { once: true }));
    await join(
      32,
      inTurns((_body, ticket, abort) => (isStuck(ticket.shard) ? never(abort) : time.clock.turn())),
    );
    await until(() => delivered.get(31) === 20);
    expect([...delivered.keys()]).toEqual([31]);
    // Each of the others has one that is being written, and one behind it.
    await until(() => service.pulls.filter(({ shard }) => isStuck(shard)).length === 62);
  });

  it('shards that are at their end are asked however many batches wait', async () => {
    for (let shard = 0; shard < 64; shard++) service.addShard(shard, shard < 8 ? [] : full(5));
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    await join(64, async (_body, _ticket, _abort, _maySkip, onBegun) => {
      await opened;
      onBegun?.();
    });
    const asked = (shard: number) => service.pulls.filter((pull) => pull.shard === shard).length;
    await until(() => service.pulls.some(({ shard }) => shard >= 8));
    const before = asked(0);
    await until(() => asked(0) > before);
    service.shards.get(0)!.batches.push('late');
    open();
    await until(() => delivered.get(0) === 1 && delivered.get(63) === 5);
  });

  it('none waits longer than the others', async () => {
    for (let shard = 0; shard < 16; shard++) service.addShard(shard, full(10_000));
    await join(
      16,
      inTurns(() => time.clock.turn()),
    );
    await until(() => [...delivered.values()].reduce((sum, count) => sum + count, 0) > 800);
    const counts = Array.from({ length: 16 }, (_, shard) => delivered.get(shard) ?? 0);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(8);
  });
});
