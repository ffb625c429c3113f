/** What a pull has of what shards share while it pauses between two attempts: nothing. */
import fc from 'fast-check';
import { afterEach, describe, expect } from 'vitest';
import { AppError, CorruptBatchError } from '../../../../src/core/errors.ts';
import { abortable } from '../../../../src/core/time/deadline.ts';
import { ConsumerGroup } from '../../../../src/group/consumer-group.ts';
import { ByteBudget } from '../../../../src/group/pull/byte-budget.ts';
import { PullLimiter } from '../../../../src/group/pull/pull-limiter.ts';
import { createPullSize } from '../../../../src/group/pull/pull-size.ts';
import { Puller } from '../../../../src/group/pull/puller.ts';
import { EndPosition } from '../../../../src/group/pull/start-position.ts';
import type { PulledBatch, PullOptions } from '../../../../src/group/service/log-service.ts';
import { FakeLogService } from '../../../support/service/fake-log-service.ts';
import { pulling } from '../../../support/service/pulling.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

/** What a shard is expected to bring that has brought nothing. */
const expectedBytes = 2 << 20;
const never = new AbortController().signal;
const { it, time } = useVirtualTime();

interface Shared {
  readonly service: FakeLogService;
  readonly budget: ByteBudget;
  readonly pullLimiter: PullLimiter;
}

function share(limitBytes: number): Shared {
  const { clock } = time;
  return {
    service: new FakeLogService(clock),
    budget: new ByteBudget(limitBytes, undefined, clock),
    pullLimiter: new PullLimiter(undefined, clock),
  };
}

/** @param pull what the service does with it */
function pullOf(
  { service, budget, pullLimiter }: Shared,
  signal: AbortSignal,
  pull: (options: PullOptions) => Promise<PulledBatch>,
) {
  const own = Object.assign(new FakeLogService(time.clock), {
    pull: (_shard: number, _cursor: string, o: PullOptions) => pull(o),
  });
  const size = createPullSize();
  const options = { shard: 0, service: own, budget: budget.share(), pullLimiter, size, ...pulling(time.clock) };
  return new Puller(options).pull('1', undefined, new EndPosition(service, 0, undefined, time.clock), signal);
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => false), time.sleep(5).then(() => true)]);
}

/** Nothing is held: all bytes, and as many places as the limit says and not one more, can be taken. */
async function expectNothingHeld({ budget, pullLimiter }: Shared): Promise<void> {
  expect(budget.inUse).toBe(0);
  // Granted next to nothing only where nothing is reserved at all.
  const all = await abortable(budget.share().reserve(1 << 30, never), time.clock.deadline(1));
  all.release();
  const { limit } = pullLimiter;
  const places = Promise.all(Array.from({ length: limit }, () => pullLimiter.acquire(never)));
  await abortable(places, time.clock.deadline(1));
  const leaving = new AbortController();
  const more = pullLimiter.acquire(leaving.signal);
  expect(await isPending(more)).toBe(true);
  leaving.abort(new Error('end of the check'));
  await expect(more).rejects.toThrow('end of the check');
}

const batch: PulledBatch = {
  body: { bytes: new Uint8Array(3), compression: 'none', rawSize: 4 },
  nextCursor: '2',
  logGroupCount: 1,
};
const refusal = new AppError('the cursor has expired', { code: 'invalid-cursor', action: 'reject' });

describe('a pull that is made again', () => {
  it('keeps to the quota of its shard', async () => {
    const { service, budget, pullLimiter } = share(expectedBytes);
    const own = Object.assign(new FakeLogService(time.clock), { pull: async () => batch });
    const options = { shard: 0, service: own, budget: budget.share(), pullLimiter, size: createPullSize() };
    const puller = new Puller({ ...options, ...pulling(time.clock) });
    const end = new EndPosition(service, 0, undefined, time.clock);
    const tookMs = await time.timed(async () => {
      for (let pulls = 0; pulls < 101; pulls++) (await puller.pull('1', '2', end, never)).release();
    });
    expect(tookMs).toBeGreaterThan(1_000);
  });
});

describe('a pull that pauses', () => {
  it('has nothing meanwhile, and takes it again before the next attempt: first come, first served', async () => {
    const shared = share(expectedBytes);
    const { budget, pullLimiter } = shared;
    const steps: string[] = [];
    let answer: () => void = () => undefined;
    const pulled = pullOf(shared, never, async ({ onPause }) => {
      expect(budget.inUse).toBe(expectedBytes);
      const resume = onPause!();
      expect(budget.inUse).toBe(0);
      const { limit } = pullLimiter;
      const places = await Promise.all(Array.from({ length: limit }, () => pullLimiter.acquire(never)));
      const bytes = await budget.share().reserve(expectedBytes, never);
      const other = budget.share().reserve(1, never);
      const again = resume().then(() => steps.push('again'));
      await time.sleep(5);
      places[0]!.suspend();
      await time.sleep(5);
      expect(steps).toEqual([]); // it has a place, and waits for bytes behind the other
      steps.push('released');
      bytes.release();
      steps.push('other');
      (await other).release();
      await again;
      expect(budget.inUse).toBe(expectedBytes);
      expect(await isPending(pullLimiter.acquire(never))).toBe(true);
      for (const place of places) place.end();
      await new Promise<void>((resolve) => {
        answer = resolve;
        steps.push('out');
      });
      return batch;
    });
    await time.until(() => expect(steps).toEqual(['released', 'other', 'again', 'out']));
    expect(budget.inUse).toBe(expectedBytes);
    answer();
    const { release } = await pulled;
    expect(budget.inUse).toBe(7);
    release();
    release();
    expect(budget.inUse).toBe(0);
  });

  type Case = [string, (shared: Shared, leaving: AbortController, options: PullOptions) => Promise<PulledBatch>];
  const cases: Case[] = [
    [
      'that is aborted in its pause',
      async (_shared, leaving, { onPause, signal }) => {
        onPause!();
        leaving.abort(new Error('enough'));
        throw signal.reason;
      },
    ],
    [
      'that is aborted while it waits for a place',
      async ({ pullLimiter }, leaving, { onPause }) => {
        const resume = onPause!();
        const places = await Promise.all(Array.from({ length: pullLimiter.limit }, () => pullLimiter.acquire(never)));
        const again = resume();
        await time.sleep(1);
        leaving.abort(new Error('enough'));
        await again.finally(() => places.map((place) => place.end()));
        return batch;
      },
    ],
    [
      'that is aborted while it waits for bytes',
      async ({ budget }, leaving, { onPause }) => {
        const resume = onPause!();
        const bytes = await budget.share().reserve(expectedBytes, never);
        const again = resume();
        await time.sleep(1);
        leaving.abort(new Error('enough'));
        await again.finally(() => bytes.release());
        return batch;
      },
    ],
    [
      'that ends while it waits for a place',
      async ({ pullLimiter }, _leaving, { onPause }) => {
        const resume = onPause!();
        const places = await Promise.all(Array.from({ length: pullLimiter.limit }, () => pullLimiter.acquire(never)));
        void resume();
        time.clock.timer(5, () => places.map((place) => place.end()));
        throw refusal;
      },
    ],
    [
      'that ends while it waits for bytes',
      async ({ budget }, _leaving, { onPause }) => {
        const resume = onPause!();
        const bytes = await budget.share().reserve(expectedBytes, never);
        void resume();
        time.clock.timer(5, () => bytes.release());
        throw refusal;
      },
    ],
    [
      'that is aborted in its second attempt',
      async (_shared, leaving, { onPause, signal }) => {
        await onPause!()();
        leaving.abort(new Error('enough'));
        throw signal.reason;
      },
    ],
    [
      'that cannot be read in its second attempt',
      async (_shared, _leaving, { onPause }) => {
        await onPause!()();
        throw new CorruptBatchError('it lies', undefined, undefined, '2');
      },
    ],
  ];
  it.each(cases)('%s leaves nothing behind', async (_name, answer) => {
    const shared = share(expectedBytes);
    const leaving = new AbortController();
    const pulled = await pullOf(shared, leaving.signal, (options) => answer(shared, leaving, options)).catch(
      () => undefined,
    );
    pulled?.release();
    await time.sleep(20);
    await expectNothingHeld(shared);
  });

  it('leaves nothing behind, whatever becomes of many', async () => {
    const outcome = fc.constantFrom('batch', 'empty', 'refused', 'corrupt', 'closed while it waits');
    const one = fc.record({ pauses: fc.nat(3), outcome, abortAfterMs: fc.option(fc.nat(6), { nil: undefined }) });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 12 }), async (all) => {
        const shared = share(2 * expectedBytes);
        const pullOne = async ({ pauses, outcome, abortAfterMs }: (typeof all)[number]) => {
          const leaving = new AbortController();
          if (abortAfterMs !== undefined) time.clock.timer(abortAfterMs, () => leaving.abort(new Error('enough')));
          const pulled = await pullOf(shared, leaving.signal, async ({ onPause, signal }) => {
            for (let attempt = 0; attempt < pauses; attempt++) {
              const resume = onPause!();
              await time.sleep(1);
              signal.throwIfAborted();
              const again = resume();
              if (outcome === 'closed while it waits') {
                again.catch(() => undefined);
                throw refusal;
              }
              await again;
              await time.sleep(1);
              signal.throwIfAborted();
            }
            if (outcome === 'refused') throw refusal;
            if (outcome === 'corrupt') throw new CorruptBatchError('it lies', undefined, undefined, '2');
            return outcome === 'empty' ? { ...batch, body: undefined } : batch;
          }).catch(() => undefined);
          pulled?.slot.wait();
          await time.sleep(1);
          pulled?.release();
        };
        await Promise.all(all.map(pullOne));
        await time.sleep(5);
        await expectNothingHeld(shared);
      }),
      { numRuns: 40 },
    );
  });
});

describe('in a group', () => {
  let group: ConsumerGroup | undefined;
  afterEach(() => {
    group?.destroy(new AppError('end of the test', { code: 'test', action: 'fatal' }));
  });

  it('shards whose pulls are refused do not stop the others, however many', async () => {
    const { service, budget } = share(32 << 20);
    for (let shard = 0; shard < 24; shard++) {
      service.addShard(shard, ['a', 'b', 'c']);
      if (shard < 20) service.refused.add(shard);
    }
    service.granted = [...service.shards.keys()];
    const delivered = new Map<number, number>();
    const made = new ConsumerGroup({
      service,
      consumerName: 'a',
      deliver: async (_body, ticket, _signal, _maySkip, onBegun) => {
        onBegun?.();
        delivered.set(ticket.shard, (delivered.get(ticket.shard) ?? 0) + 1);
        made.markSent(ticket);
        made.markConfirmed(ticket);
      },
      confirmSoon: () => undefined,
      heartbeatIntervalMs: 20,
      timeoutMs: 10_000,
      checkpointIntervalMs: 1_000,
      fetchIntervalMs: 5,
      budget: budget.share(),
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
    const done = () => [...delivered].filter(([, count]) => count === 3).map(([shard]) => shard);
    await time.until(() => expect(done().sort()).toEqual([20, 21, 22, 23]), 10_000);
    const before = service.refusals;
    await time.until(() => expect(service.refusals).toBeGreaterThan(before + 40), 10_000);
    service.refused.clear();
    await time.until(() => expect(done()).toHaveLength(24), 10_000);
  });
});
