import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError, ServiceError } from '../../../src/core/errors.ts';
import { systemClock } from '../../../src/core/time/clock.ts';
import { type TroubledCall, Troubles } from '../../../src/sls/troubles.ts';

const events: string[] = [];
let troubles: Troubles;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  events.length = 0;
  troubles = new Troubles({
    onTrouble: ({ kind, operation, shard, attempts }) =>
      events.push(`trouble ${kind} ${operation} ${shard} ${attempts}`),
    onRecovered: ({ kind, durationMs, attempts }) => events.push(`recovered ${kind} ${durationMs} ${attempts}`),
    quietMs: 5_000,
    clock: systemClock,
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const quota = new AppError('quota', { code: 'read-quota', action: 'retry', context: { kind: 'transient' } });
const refusedKey = new AppError('key', { code: 'unauthorized', action: 'retry', context: { kind: 'credentials' } });
const network = (code: string) =>
  new ServiceError(code, {
    code,
    action: 'retry',
    context: { kind: 'transient' },
    status: 0,
    serviceCode: '',
    requestId: '',
  });
const pull = (shard: number): TroubledCall => ({ operation: 'pull', shard });

function fail(call: TroubledCall, error: AppError, times = 1): void {
  for (let i = 0; i < times; i++) troubles.failed(call, error);
}

test('one blip is no trouble', () => {
  fail(pull(1), quota, 2);
  troubles.worked(pull(1));
  vi.advanceTimersByTime(600_000);
  expect(events).toEqual([]);
  expect(troubles.current).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('is told once when it begins, whoever meets it, and once when it is over', () => {
  fail(pull(1), quota, 10);
  fail(pull(2), quota, 10);
  expect(events).toEqual(['trouble read-quota pull 1 3']);
  expect(troubles.current).toMatchObject([{ kind: 'read-quota', attempts: 20, sinceMs: 1_000_000, shard: 1 }]);

  vi.advanceTimersByTime(1_000);
  troubles.worked(pull(1));
  vi.advanceTimersByTime(60_000);
  expect(events).toHaveLength(1);

  troubles.worked(pull(2));
  vi.advanceTimersByTime(4_999);
  expect(events).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(events).toEqual(['trouble read-quota pull 1 3', 'recovered read-quota 1000 20']);
  expect(troubles.current).toEqual([]);
});

test('goes on when it comes back while it is quiet', () => {
  fail(pull(1), quota, 3);
  for (let i = 0; i < 20; i++) {
    troubles.worked(pull(1));
    vi.advanceTimersByTime(3_000);
    fail(pull(1), quota);
  }
  expect(events).toEqual(['trouble read-quota pull 1 3']);
  expect(troubles.current).toMatchObject([{ attempts: 23 }]);
});

test('is over in time, though the call that had failed works again and again', () => {
  fail(pull(1), quota, 3);
  for (let i = 0; i < 6; i++) {
    troubles.worked(pull(1));
    vi.advanceTimersByTime(1_000);
  }
  expect(events).toEqual(['trouble read-quota pull 1 3', 'recovered read-quota 0 3']);
});

test('that time does not heal is told at once', () => {
  fail(pull(1), refusedKey);
  expect(events).toEqual(['trouble unauthorized pull 1 1']);
});

test('of the network is one, whichever way it shows', () => {
  fail(pull(1), network('connection-lost'));
  fail(pull(1), network('connection-refused'));
  fail(pull(1), network('request-timeout'));
  expect(events).toEqual(['trouble network pull 1 3']);
  expect(troubles.current[0]?.error.code).toBe('request-timeout');
});

test('for want of file descriptors is told, whatever the network did before', () => {
  fail(pull(1), network('connection-lost'), 3);
  fail(pull(1), network('out-of-descriptors'));
  expect(events).toEqual(['trouble network pull 1 3', 'trouble out-of-descriptors pull 1 1']);
});

test('of another kind is another', () => {
  fail(pull(1), quota, 3);
  fail(pull(1), refusedKey);
  expect(events).toEqual(['trouble read-quota pull 1 3', 'trouble unauthorized pull 1 1']);
  troubles.worked(pull(1));
  vi.advanceTimersByTime(5_000);
  expect(events.slice(2)).toEqual(['recovered read-quota 0 3', 'recovered unauthorized 0 1']);
});

test('that nobody tries again ends without a word', () => {
  fail(pull(1), quota, 3);
  troubles.abandoned(pull(1));
  expect(troubles.current).toHaveLength(1);
  vi.advanceTimersByTime(120_000);
  expect(troubles.current).toEqual([]);
  expect(events).toEqual(['trouble read-quota pull 1 3']);
});

describe('a call that is tried once', () => {
  const beat: TroubledCall = { operation: 'heartbeat' };

  test('is told of after three failures, and when it works again', () => {
    for (let i = 0; i < 5; i++) {
      fail(beat, network('connection-refused'));
      troubles.lapsed(beat);
      vi.advanceTimersByTime(5_000);
    }
    expect(events).toEqual(['trouble network heartbeat undefined 3']);
    troubles.worked(beat);
    vi.advanceTimersByTime(5_000);
    expect(events).toEqual(['trouble network heartbeat undefined 3', 'recovered network 25000 5']);
  });

  test('and never again leaves no trouble behind', () => {
    const save: TroubledCall = { operation: 'updateCheckpoint', shard: 4 };
    fail(save, refusedKey);
    troubles.lapsed(save);
    expect(troubles.current).toHaveLength(1);
    vi.advanceTimersByTime(120_000);
    expect(troubles.current).toEqual([]);
  });
});

test('after close nothing is told and no timer is left', () => {
  fail(pull(1), quota, 3);
  troubles.worked(pull(1));
  troubles.close();
  fail(pull(1), refusedKey);
  troubles.worked(pull(1));
  expect(vi.getTimerCount()).toBe(0);
  expect(events).toEqual(['trouble read-quota pull 1 3']);
});

test('of a call that nobody makes again, any other that works tells that it is over', () => {
  fail(pull(1), quota, 3);
  troubles.abandoned(pull(1));
  vi.advanceTimersByTime(2_000);
  troubles.worked({ operation: 'heartbeat' });
  vi.advanceTimersByTime(5_000);
  expect(events).toEqual(['trouble read-quota pull 1 3', 'recovered read-quota 2000 3']);
});
