import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noTotals } from '../../src/deliver.ts';
import { Progress } from '../../src/group/progress.ts';
import type { ShardConsumer } from '../../src/group/shard-consumer.ts';
import { startMinuteReport } from '../../src/minute-report.ts';
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

  function start(shards: ShardConsumer[], getCursorTime: () => Promise<number> = async () => 999_999_970): void {
    const group = { shards, bytesInFlight: 7 };
    startMinuteReport({ service: { getCursorTime }, group, sink: { status }, totals, log, signal: stop.signal });
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
    const group = { shards: [shard(1, false)], bytesInFlight: 0 };
    startMinuteReport({ service, group, sink: { status }, totals, log, signal: stop.signal });
    await vi.advanceTimersByTimeAsync(10 * 60_000 + 15_000);
    expect(info).toHaveBeenCalledTimes(10);
    expect(pending).toBe(0);
  });

  it('ends with its signal', async () => {
    start([]);
    stop.abort();
    await vi.advanceTimersByTimeAsync(180_000);
    expect(info).not.toHaveBeenCalled();
  });
});
