/** Pulls that the service does not answer with success, and what others may take meanwhile: with the real client. */
import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { ByteBudget } from '../../src/group/pull/byte-budget.ts';
import { PullLimiter } from '../../src/group/pull/pull-limiter.ts';
import { createPullSize } from '../../src/group/pull/pull-size.ts';
import { Puller } from '../../src/group/pull/puller.ts';
import { EndPosition } from '../../src/group/pull/start-position.ts';
import { eventually } from '../support/eventually.ts';
import { pulling } from '../support/service/pulling.ts';
import { answerError, type Script } from '../support/service/scripted-http.ts';
import { closeAll, type Made, makeService } from '../support/service/sls-client.ts';

afterEach(closeAll);

/** What a shard is expected to bring that has brought nothing. */
const expectedBytes = 2 << 20;
const end = new EndPosition({ getCursor: () => Promise.reject(new Error('not asked')) } as never, 0, undefined);

function answerBatch(response: ServerResponse): void {
  response.writeHead(200, { 'x-log-cursor': 'next', 'x-log-count': '1', 'x-log-bodyrawsize': '3' }).end('abc');
}

/** Pulls of shards below 16 are refused, each in a way of its own, until that is over. */
const refusing =
  (isOver: () => boolean): Script =>
  ({ url }, response) => {
    const shard = Number(/shards\/(\d+)/.exec(url)?.[1]);
    if (shard >= 16 || isOver()) answerBatch(response);
    else if (shard % 4 === 0) answerError(response, 403, 'ShardReadQuotaExceed');
    else if (shard % 4 === 1) answerError(response, 503, 'ServerBusy');
    else if (shard % 4 === 2) response.socket?.resetAndDestroy();
    else answerError(response, 401, 'Unauthorized');
  };

interface Shared {
  readonly budget: ByteBudget;
  readonly pull: (shard: number, signal: AbortSignal) => ReturnType<Puller['pull']>;
}

function pullers({ service }: Made): Shared {
  const budget = new ByteBudget(16 * expectedBytes);
  const own = budget.share(); // of one source
  const pullLimiter = new PullLimiter(60_000);
  const pull = (shard: number, signal: AbortSignal) =>
    new Puller({ shard, service, budget: own, pullLimiter, size: createPullSize(), ...pulling() }).pull(
      'cur',
      undefined,
      end,
      signal,
    );
  return { budget, pull };
}

it('sixteen shards that are refused leave their bytes and places to the others, and go on when it is over', async () => {
  let isOver = false;
  const made = await makeService(
    refusing(() => isOver),
    { backoff: { minMs: 40, maxMs: 80 } },
  );
  const { budget, pull } = pullers(made);
  (await pull(16, made.signal)).release(); // or else it is who started us that a refused key is told to
  const refused = Array.from({ length: 16 }, (_, shard) => pull(shard, made.signal).then(({ release }) => release()));
  await made.server.requested(20);
  for (let round = 0; round < 20; round++) {
    const { body, release } = await pull(16 + (round % 4), made.signal);
    expect(Buffer.from(body!.bytes).toString()).toBe('abc');
    release();
  }
  await eventually(() => {
    const asked = new Set(made.server.received.map(({ url }) => url));
    expect(asked.size).toBe(20);
  });
  isOver = true;
  await Promise.all(refused);
  expect(budget.inUse).toBe(0);
});

it('a pull that is aborted, or whose client is closed, while it waits for bytes again leaves them alone', async () => {
  const made = await makeService(refusing(() => false));
  const { budget, pull } = pullers(made);
  const leaving = new AbortController();
  setMaxListeners(0, leaving.signal);
  const other = budget.share();
  const aborted = pull(0, leaving.signal);
  const closed = pull(1, made.signal);
  await made.server.requested(4);
  // From the first moment at which neither has a request out.
  const all = await other.reserve(16 * expectedBytes, made.signal);
  await sleep(20); // their pauses are over
  const count = made.server.received.length;
  leaving.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  const isClosed = expect(closed).rejects.toMatchObject({ code: 'service-closed' });
  await made.service.close();
  await isClosed;
  expect(made.server.received).toHaveLength(count);
  expect(budget.inUse).toBe(16 * expectedBytes);
  all.release();
  await eventually(() => expect(budget.inUse).toBe(0)); // the closed one's turn comes, and is passed on
});

it('a trouble is over although a shard that had it waits for its bytes for long', async () => {
  let isOver = false;
  const { service, signal, recoveries } = await makeService((_request, response) => {
    if (isOver) answerBatch(response);
    else answerError(response, 503, 'ServerBusy');
  });
  let pauses = 0;
  const stuck = new AbortController();
  const waitForLong = () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    queueMicrotask(() => {
      vi.advanceTimersByTime(60_000);
      vi.useRealTimers();
    });
    return new Promise<void>((_, reject) => stuck.signal.addEventListener('abort', () => reject(stuck.signal.reason)));
  };
  const resume = () => (++pauses < 3 ? Promise.resolve() : waitForLong());
  const waits = service.pull(0, 'cur', { maxLogGroups: 1, onPause: () => resume, signal });
  await eventually(() => expect(pauses).toBe(3));
  const other = service.pull(1, 'cur', { maxLogGroups: 1, signal });
  // The other has had it too.
  await eventually(() => expect(service.troubles[0]?.attempts).toBeGreaterThan(3));
  isOver = true;
  await other;
  await eventually(() => expect(recoveries).toHaveLength(1));
  stuck.abort(new Error('enough'));
  await expect(waits).rejects.toThrow('enough');
});

it('a trouble is not over while a shard that had it is not answered', async () => {
  let answer: (() => void) | undefined;
  const made = await makeService(({ url }, response, index) => {
    if (index < 8) answerError(response, 503, 'ServerBusy');
    else if (url.includes('shards/1?')) answerBatch(response);
    else answer = () => answerBatch(response);
  });
  const { service, server, signal, recoveries } = made;
  const options = { maxLogGroups: 1, onPause: () => () => Promise.resolve(), signal };
  const hangs = service.pull(0, 'cur', options);
  await server.requested(1);
  const other = service.pull(1, 'cur', options);
  await other;
  await eventually(() => expect(answer).toBeDefined());
  await sleep(50);
  expect(recoveries).toEqual([]);
  answer!();
  await hangs;
  await eventually(() => expect(recoveries).toHaveLength(1));
});
