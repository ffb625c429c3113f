import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noTotals } from '../../src/delivery-totals.ts';
import { Progress } from '../../src/group/progress.ts';
import type { ShardConsumer } from '../../src/group/shard-consumer.ts';
import { type ReportedFeed, startMinuteReport } from '../../src/minute-report.ts';
import type { SinkStatus } from '../../src/sink/sink.ts';

const status: SinkStatus = {
  state: 'up',
  peer: 'tcp://siem:514',
  sinceMs: 0,
  bytesWritten: 0,
  framesWritten: 0,
  framesDropped: 2,
  confirms: true,
  reconnects: 0,
  lastError: undefined,
};

function shard(id: number, caughtUp: boolean, state: ShardConsumer['state'] = 'consuming'): ShardConsumer {
  const facts = { shard: id, state, caughtUp, progress: new Progress(id, `cursor-${id}`, undefined) };
  return facts as unknown as ShardConsumer;
}

describe('the minute report', () => {
  const totals = noTotals();
  const info = vi.fn();
  const log = { debug: vi.fn(), info, warn: vi.fn(), error: vi.fn() };
  let stop: AbortController;

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000_000_000 });
    info.mockClear();
    stop = new AbortController();
  });

  afterEach(() => {
    stop.abort();
    vi.useRealTimers();
  });

  function report(current: ReportedFeed['current']): void {
    const feed = { names: {}, state: 'running', totals: [totals], current };
    startMinuteReport({
      feeds: { all: [feed], totals },
      outlets: { all: [{ names: {}, sink: { status } }], framesDropped: 2, deadLettersFailSinceMs: undefined },
      budget: { inUse: 7 },
      log,
      signal: stop.signal,
    });
  }

  function start(shards: ShardConsumer[], getCursorTime: () => Promise<number> = async () => 999_999_970): void {
    report({ service: { getCursorTime }, group: { shards } });
  }

  it('writes one line a minute, with rates since the last one', async () => {
    Object.assign(totals, { logs: 1_000, rawBytes: 1e9, truncated: 1, deadLettered: 4 });
    start([shard(0, true)]);
    Object.assign(totals, { logs: 7_000, rawBytes: 1.6e9, truncated: 3, deadLettered: 9 });
    await vi.advanceTimersByTimeAsync(59_999);
    expect(info).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(info).toHaveBeenCalledExactlyOnceWith(
      {
        logsPerSecond: 100,
        rawMBPerSecond: 10,
        truncated: 2,
        split: 0,
        deadLettered: 5,
        batchesSkipped: 0,
        framesDropped: 2,
        receiver: 'up',
        shards: 1,
        bytesInFlight: 7,
        lagSeconds: {},
      },
      'last minute',
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(info.mock.lastCall?.[0]).toMatchObject({ logsPerSecond: 0, rawMBPerSecond: 0, truncated: 0 });
  });

  it('lists what filters have dropped, once they have', async () => {
    start([shard(0, true)]);
    Object.assign(totals, { dropped: 5, droppedBy: { noise: 5 } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(info.mock.lastCall?.[0]).toMatchObject({ dropped: 5, droppedBy: { noise: 5 } });
    Object.assign(totals, { dropped: 8, droppedBy: { noise: 6, health: 2 } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(info.mock.lastCall?.[0]).toMatchObject({ dropped: 3, droppedBy: { noise: 1, health: 2 } });
  });

  it('tells how far behind a shard is, and says nothing of those that are not', async () => {
    start([shard(0, true), shard(1, false), shard(2, false, 'finished')]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(info.mock.lastCall?.[0]).toMatchObject({ lagSeconds: { 1: 90 } });
  });

  it('is written although the service cannot tell a cursor’s time', async () => {
    start([shard(1, false)], async () => {
      throw new Error('expired');
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(info.mock.lastCall?.[0]).toMatchObject({ lagSeconds: {} });
  });

  it('is written, and gathers no calls, although the service does not answer', async () => {
    let pending = 0;
    const service = {
      getCursorTime: (_shard: number, _cursor: string, signal: AbortSignal) =>
        new Promise<number>((_, reject) => {
          pending++;
          signal.addEventListener('abort', () => {
            pending--;
            reject(signal.reason);
          });
        }),
    };
    report({ service, group: { shards: [shard(1, false)] } });
    await vi.advanceTimersByTimeAsync(10 * 60_000 + 15_000);
    expect(info).toHaveBeenCalledTimes(10);
    expect(pending).toBe(0);
  });

  it('tells of each source and receiver, where they have names', async () => {
    const own = { ...noTotals(), logs: 0 };
    const group = { shards: [shard(1, false), shard(2, true)] };
    const web = { names: { source: 'web' }, state: 'running', totals: [own, own] };
    const current = { service: { getCursorTime: async () => 999_999_970 }, group };
    const failed = { names: { source: 'app' }, state: 'failed', totals: [noTotals()], current: undefined };
    startMinuteReport({
      feeds: { all: [{ ...web, current }, failed], totals: own },
      outlets: {
        all: [{ names: { receiver: 'siem' }, sink: { status: { ...status, state: 'down', lastError: 'refused' } } }],
        framesDropped: 0,
        deadLettersFailSinceMs: 0,
      },
      budget: { inUse: 9 },
      log,
      signal: stop.signal,
    });
    own.logs = 600;
    await vi.advanceTimersByTimeAsync(60_000);
    const line = info.mock.lastCall?.[0];
    expect(line).toMatchObject({
      logsPerSecond: 10,
      shards: 2,
      bytesInFlight: 9,
      deadLetterFileFailsSince: '1970-01-01T00:00:00.000Z',
      sources: [
        { source: 'web', state: 'running', logsPerSecond: 20, shards: 2, lagSeconds: { 1: 90 } },
        { source: 'app', state: 'failed', logsPerSecond: 0, shards: 0, lagSeconds: {} },
      ],
      receivers: [{ receiver: 'siem', state: 'down', error: 'refused' }],
    });
    expect(line).not.toHaveProperty('lagSeconds');
  });

  it('ends with its signal', async () => {
    start([]);
    stop.abort();
    await vi.advanceTimersByTimeAsync(180_000);
    expect(info).not.toHaveBeenCalled();
  });
});
