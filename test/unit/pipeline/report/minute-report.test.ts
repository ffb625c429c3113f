import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { Progress } from '../../../../src/group/checkpoint/progress.ts';
import type { ShardConsumer } from '../../../../src/group/shard/shard-consumer.ts';
import { noTotals } from '../../../../src/pipeline/deliver/delivery-totals.ts';
import { startMinuteReport } from '../../../../src/pipeline/report/minute-report.ts';
import type { ObservedFeed } from '../../../../src/pipeline/report/operation-state.ts';
import type { SinkStatus } from '../../../../src/sink/sink.ts';

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

const startMs = 1_000_000_000_000;
const startTime = '2001-09-09T01:46:40.000Z';
const life: ObservedFeed['life'] = { sinceMs: startMs, failure: undefined, unconnected: [], isServiceKnown: true };
const well = { troubles: [], upSinceMs: startMs };

describe('the minute report', () => {
  const totals = noTotals();
  const info = vi.fn();
  const warn = vi.fn();
  const log = { debug: vi.fn(), info, warn, error: vi.fn() };
  let stop: AbortController;

  beforeEach(() => {
    vi.useFakeTimers({ now: startMs });
    info.mockClear();
    warn.mockClear();
    stop = new AbortController();
  });

  afterEach(() => {
    stop.abort();
    vi.useRealTimers();
  });

  function report(feed: Partial<ObservedFeed>, receiver: Partial<SinkStatus> = {}): void {
    startMinuteReport({
      feeds: { all: [{ names: {}, state: 'running', life, totals: [totals], current: undefined, ...feed }], totals },
      resources: {
        all: [{ names: {}, sink: { status: { ...status, ...receiver } } }],
        framesDropped: 2,
        deadLettersFailSinceMs: undefined,
      },
      budget: { inUse: 7 },
      log,
      signal: stop.signal,
    });
  }

  function current(
    shards: ShardConsumer[],
    service: Partial<NonNullable<ObservedFeed['current']>['service']> = {},
  ): ObservedFeed['current'] {
    return {
      service: { ...well, getCursorTime: async () => 999_999_970, ...service },
      group: { shards, lastHeartbeatAtMs: startMs },
    };
  }

  function start(shards: ShardConsumer[], getCursorTime: () => Promise<number> = async () => 999_999_970): void {
    report({ current: current(shards, { getCursorTime }) });
  }

  it('writes one line a minute, with rates since the last one', async () => {
    Object.assign(totals, { logs: 1_000, resent: 0, confirmed: 0, rawBytes: 1e9, truncated: 1, deadLettered: 4 });
    start([shard(0, true)]);
    Object.assign(totals, {
      logs: 8_200,
      resent: 1_200,
      confirmed: 4_800,
      rawBytes: 1.6e9,
      truncated: 3,
      deadLettered: 9,
    });
    await vi.advanceTimersByTimeAsync(59_999);
    expect(info).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(info).toHaveBeenCalledExactlyOnceWith(
      {
        sentLogsPerSecond: 100,
        resentLogsPerSecond: 20,
        confirmedLogsPerSecond: 80,
        rawMBPerSecond: 10,
        truncated: 2,
        split: 0,
        deadLettered: 5,
        batchesSkipped: 0,
        framesDropped: 2,
        state: 'running',
        since: startTime,
        service: { state: 'up', since: startTime },
        shards: 1,
        lagSeconds: {},
        receiver: {
          peer: 'tcp://siem:514',
          state: 'up',
          since: '1970-01-01T00:00:00.000Z',
          lastConfirmedSecondsAgo: 'never',
        },
        bytesInFlight: 7,
      },
      'last minute',
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(info.mock.lastCall?.[0]).toMatchObject({ sentLogsPerSecond: 0, rawMBPerSecond: 0, truncated: 0 });
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
    expect(info.mock.lastCall?.[0]).toMatchObject({ lagSeconds: { 1: 'unknown' } });
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
    report({ current: current([shard(1, false)], service) });
    await vi.advanceTimersByTimeAsync(10 * 60_000 + 15_000);
    expect(info).toHaveBeenCalledTimes(10);
    expect(pending).toBe(0);
  });

  it('warns of a receiver that confirms nothing any more, with since when and why', async () => {
    const stalled = { sinceMs: startMs - 10_000, reason: 'no end within 30 s' };
    report({ current: current([shard(0, true)]) }, { stalled, lastConfirmedAtMs: startMs - 11_000 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(info).not.toHaveBeenCalled();
    expect(warn.mock.lastCall?.[0]).toMatchObject({
      wrong: ['the receiver tcp://siem:514 is stalled: no end within 30 s'],
      receiver: {
        state: 'stalled',
        since: '2001-09-09T01:46:30.000Z',
        reason: 'no end within 30 s',
        lastConfirmedSecondsAgo: 71,
      },
    });
  });

  it('tells a dead log service from a standby that is well', async () => {
    const error = new AppError('no route to the host', { code: 'network', action: 'retry' });
    const trouble = { kind: 'network', operation: 'heartbeat', error, sinceMs: startMs, attempts: 9 } as const;
    report({ current: current([], { troubles: [trouble] }) });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(warn.mock.lastCall?.[0]).toMatchObject({
      wrong: ['the log service is failing: no route to the host'],
      service: { state: 'failing', since: startTime, reason: 'no route to the host' },
      shards: 0,
      lagSeconds: 'unknown',
    });
    stop.abort();
    stop = new AbortController();
    report({ current: current([]) });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(info.mock.lastCall?.[0]).toMatchObject({ service: { state: 'up' }, shards: 0, lagSeconds: {} });
    expect(info.mock.lastCall?.[0]).not.toHaveProperty('wrong');
  });

  it('warns when no heartbeat is answered, and of a shard that stands still', async () => {
    const unreadable = { ...shard(4, false, 'unreadable'), failure: new Error('not a LogGroupList') };
    const fenced = current([unreadable as unknown as ShardConsumer]);
    report({ current: fenced && { ...fenced, group: { ...fenced.group, lastHeartbeatAtMs: undefined } } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(warn.mock.lastCall?.[0]).toMatchObject({
      wrong: [
        'the log service is failing: no heartbeat is answered; others may have the shards',
        'shard 4 is unreadable: not a LogGroupList',
      ],
      stalledShards: [{ shard: 4, state: 'unreadable', reason: 'not a LogGroupList' }],
    });
  });

  it('says what a start waits for', async () => {
    const unconnected = [{ ...status, state: 'down' as const }];
    const starting = { ...life, unconnected, isServiceKnown: false };
    report({ state: 'starting', life: starting, current: current([]) }, { state: 'down', lastError: 'refused' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(warn.mock.lastCall?.[0]).toMatchObject({
      wrong: [
        'the receiver tcp://siem:514 is down: refused',
        'the source is starting: it waits for the receiver tcp://siem:514; it waits for the log service',
      ],
      service: { state: 'unknown' },
      lagSeconds: 'unknown',
    });
  });

  it('has no confirmed logs where nothing confirms', async () => {
    report({ current: current([]) }, { confirms: false });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(info.mock.lastCall?.[0]).toMatchObject({ receiver: { state: 'up', confirms: false } });
    expect(info.mock.lastCall?.[0]).not.toHaveProperty('confirmedLogsPerSecond');
  });

  it('tells of each of several receivers that stand in for each other', async () => {
    const members = [status, { ...status, peer: 'tcp://b:514', state: 'down' as const, lastError: 'refused' }];
    report({ current: current([]) }, { members });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(warn.mock.lastCall?.[0]).toMatchObject({
      wrong: ['the receiver tcp://b:514 is down: refused'],
      receivers: [
        { peer: 'tcp://siem:514', state: 'up' },
        { peer: 'tcp://b:514', state: 'down', reason: 'refused' },
      ],
    });
  });

  it('tells of each source and receiver, where they have names', async () => {
    const own = { ...noTotals(), logs: 0 };
    const web: ObservedFeed = {
      ...{ names: { source: 'web' }, state: 'running', life, totals: [own, own] },
      current: current([shard(1, false), shard(2, true)]),
    };
    const failure = new AppError('no such logstore', { code: 'logstore-not-exist', action: 'fatal' });
    const app: ObservedFeed = {
      ...{ names: { source: 'app' }, state: 'failed', totals: [noTotals()], current: undefined },
      life: { ...life, failure },
    };
    startMinuteReport({
      feeds: { all: [web, app], totals: own },
      resources: {
        all: [{ names: { receiver: 'siem' }, sink: { status: { ...status, state: 'down', lastError: 'refused' } } }],
        framesDropped: 0,
        deadLettersFailSinceMs: 0,
      },
      budget: { inUse: 9 },
      log,
      signal: stop.signal,
    });
    Object.assign(own, { logs: 600, confirmed: 300 });
    await vi.advanceTimersByTimeAsync(60_000);
    const line = warn.mock.lastCall?.[0];
    expect(line).toMatchObject({
      wrong: [
        'the receiver tcp://siem:514 is down: refused',
        'the source app is failed: no such logstore',
        'a dead-letter file cannot be written',
      ],
      sentLogsPerSecond: 10,
      confirmedLogsPerSecond: 5,
      shards: 2,
      bytesInFlight: 9,
      deadLetterFileFailsSince: '1970-01-01T00:00:00.000Z',
      sources: [
        {
          ...{ source: 'web', state: 'running', sentLogsPerSecond: 20, confirmedLogsPerSecond: 10 },
          ...{ shards: 2, lagSeconds: { 1: 90 } },
        },
        {
          source: 'app',
          state: 'failed',
          reason: 'no such logstore',
          sentLogsPerSecond: 0,
          shards: 0,
          lagSeconds: 'unknown',
        },
      ],
      receivers: [{ receiver: 'siem', state: 'down', reason: 'refused' }],
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
