import { getEventListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/core/time/clock.ts';
import { BodyPool } from '../../../src/sls/body-pool.ts';
import {
  type BodyLimit,
  BodyTooLongError,
  Exchange,
  type ServiceAnswer,
  TimedOutError,
} from '../../../src/sls/exchange.ts';

const large = 100_000;

describe('an exchange', () => {
  let stop: AbortController;
  let resolve: ReturnType<typeof vi.fn<(answer: ServiceAnswer) => void>>;
  let reject: ReturnType<typeof vi.fn<(error: unknown) => void>>;
  let abort: ReturnType<typeof vi.fn<(reason: Error) => void>>;
  let controller: Dispatcher.DispatchController;

  beforeEach(() => {
    vi.useFakeTimers();
    stop = new AbortController();
    resolve = vi.fn<(answer: ServiceAnswer) => void>();
    reject = vi.fn<(error: unknown) => void>();
    abort = vi.fn<(reason: Error) => void>();
    const none = () => undefined;
    controller = { aborted: false, paused: false, reason: null, abort, pause: none, resume: none };
  });

  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    vi.useRealTimers();
  });

  function begin(
    limit: BodyLimit | (() => BodyLimit) = { maxBytes: 1_000_000, cut: false },
    memory?: BodyPool,
  ): Exchange {
    const ask = typeof limit === 'function' ? limit : () => limit;
    return new Exchange({
      limit: ask,
      memory,
      signal: stop.signal,
      timeoutMs: 1_000,
      clock: systemClock,
      resolve,
      reject,
    });
  }

  it('gives the head and the body, of a header that came twice the first', () => {
    const limit = vi.fn<() => BodyLimit>(() => ({ maxBytes: 4, cut: false }));
    const exchange = begin(limit);
    exchange.onRequestStart(controller);
    exchange.onResponseStart(controller, 103, { link: 'early' });
    exchange.onResponseStart(controller, 200, { 'x-log-count': ['1', '2'], date: 'now' });
    exchange.onResponseData(controller, Buffer.from('ab'));
    exchange.onResponseData(controller, Buffer.from('cd'));
    exchange.onResponseEnd();
    const answer = resolve.mock.lastCall?.[0];
    expect(answer).toMatchObject({ status: 200, headers: { 'x-log-count': '1', date: 'now' } });
    expect(answer?.body.toString()).toBe('abcd');
    expect(limit).toHaveBeenCalledOnce();
    expect(reject).not.toHaveBeenCalled();
  });

  it('reads a body of declared length into memory that it takes and gives back', () => {
    const pool = new BodyPool();
    const take = vi.spyOn(pool, 'take');
    const exchange = begin(undefined, pool);
    exchange.onRequestStart(controller);
    exchange.onResponseStart(controller, 200, { 'content-length': String(large) });
    for (const half of [1, 2]) exchange.onResponseData(controller, Buffer.alloc(large / 2, half));
    exchange.onResponseEnd();
    const { body, release } = resolve.mock.lastCall![0];
    expect(take).toHaveBeenCalledExactlyOnceWith(large);
    expect([body.length, body[0], body.at(-1)]).toEqual([large, 1, 2]);
    release();
    expect(pool.take(large).bytes.buffer).toBe(body.buffer);
  });

  it('gives memory back that it could not fill, and gives no more of it than was filled', () => {
    const pool = new BodyPool();
    const take = vi.spyOn(pool, 'take');
    for (const round of [1, 2, 3]) {
      const exchange = begin(undefined, pool);
      exchange.onRequestStart(controller);
      exchange.onResponseStart(controller, 200, { 'content-length': String(large) });
      exchange.onResponseData(controller, Buffer.alloc(5, round));
      if (round < 3) exchange.onResponseError(controller, new Error('cut'));
      else exchange.onResponseEnd();
    }
    const [first, second, third] = take.mock.results.map(({ value }) => (value as { bytes: Buffer }).bytes.buffer);
    expect([second === first, third === first]).toEqual([true, true]);
    expect(resolve.mock.lastCall?.[0].body).toEqual(Buffer.alloc(5, 3));
  });

  it('takes no memory for what nobody wants any more, or what is an error’s text', () => {
    const pool = new BodyPool();
    const take = vi.spyOn(pool, 'take');
    const refused = begin({ maxBytes: 3, cut: true }, pool);
    refused.onRequestStart(controller);
    refused.onResponseStart(controller, 500, { 'content-length': String(large) });
    refused.onResponseData(controller, Buffer.from('abcd'));
    expect(resolve.mock.lastCall?.[0].body.toString()).toBe('abc');
    const aborted = begin(undefined, pool);
    aborted.onRequestStart(controller);
    stop.abort(new Error('enough'));
    aborted.onResponseStart(controller, 200, { 'content-length': String(large) });
    expect(take).not.toHaveBeenCalled();
  });

  it('writes nothing more into memory that it gave back', () => {
    const pool = new BodyPool();
    const exchange = begin(undefined, pool);
    exchange.onRequestStart(controller);
    exchange.onResponseStart(controller, 200, { 'content-length': String(large) });
    exchange.onResponseData(controller, Buffer.alloc(large / 2, 1));
    stop.abort(new Error('enough'));
    const { bytes: next } = pool.take(large);
    next.fill(7);
    exchange.onResponseData(controller, Buffer.alloc(large / 2, 2));
    exchange.onResponseEnd();
    expect(next.every((byte) => byte === 7)).toBe(true);
    expect(resolve).not.toHaveBeenCalled();
  });

  it('fails at once when its signal aborts, and ends the request as soon as a connection takes it', () => {
    const reason = new Error('enough');
    const exchange = begin();
    stop.abort(reason);
    expect(reject).toHaveBeenCalledExactlyOnceWith(reason);
    exchange.onRequestStart(controller);
    expect(abort).toHaveBeenCalledExactlyOnceWith(reason);
    exchange.onResponseError(controller, reason);
    expect(reject).toHaveBeenCalledOnce();
  });

  it('fails when the whole answer is not there in time, however much of it is', () => {
    const exchange = begin();
    exchange.onRequestStart(controller);
    exchange.onResponseStart(controller, 200, {});
    vi.advanceTimersByTime(999);
    exchange.onResponseData(controller, Buffer.from('late'));
    expect(reject).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(reject.mock.lastCall?.[0]).toBeInstanceOf(TimedOutError);
    expect(abort).toHaveBeenCalledOnce();
  });

  it('fails with what its limit throws, and before the body where the declared length is too large', () => {
    const refusal = new Error('not worth reading');
    const own = new Error('too long for a pull');
    const limits: [() => BodyLimit, unknown][] = [
      [
        () => {
          throw refusal;
        },
        refusal,
      ],
      [() => ({ maxBytes: 9, cut: false }), new BodyTooLongError(9)],
      [() => ({ maxBytes: 9, cut: false, tooLong: () => own }), own],
    ];
    for (const [limit, expected] of limits) {
      const exchange = begin(limit);
      exchange.onRequestStart(controller);
      exchange.onResponseStart(controller, 200, { 'content-length': '10' });
      expect(reject.mock.lastCall?.[0]).toEqual(expected);
    }
    expect(abort).toHaveBeenCalledTimes(3);
  });

  it('cuts a body that is longer than it may be, or fails', () => {
    for (const cut of [true, false]) {
      const exchange = begin({ maxBytes: 3, cut });
      exchange.onRequestStart(controller);
      exchange.onResponseStart(controller, 500, {});
      exchange.onResponseData(controller, Buffer.from('ab'));
      exchange.onResponseData(controller, Buffer.from('cd'));
      exchange.onResponseData(controller, Buffer.from('ef'));
    }
    expect(resolve.mock.calls.map(([{ body }]) => body.toString())).toEqual(['abc']);
    expect(reject.mock.calls).toEqual([[new BodyTooLongError(3)]]);
    expect(abort).toHaveBeenCalledTimes(2);
  });
});
