/** The collector's answers, without a network: what each request deserves, and acknowledgements as they go wrong. */
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../src/core/time/clock.ts';
import { hecCodeNumbers, hecCodes } from '../../../../src/receiver/hec/codes.ts';
import { Collector, type CollectorOptions, type HecRequest } from '../../../../src/receiver/hec/collector.ts';
import type { HecEvent } from '../../../../src/receiver/hec/events.ts';

const token = 'aaaaaaaa-0000-4000-8000-000000000000';
const channel = 'bbbbbbbb-0000-4000-8000-000000000001';
const other = 'bbbbbbbb-0000-4000-8000-000000000002';
const event = (text: string) => JSON.stringify({ event: text });

describe('Collector', () => {
  let collector: Collector;
  let indexed: HecEvent[];

  const create = (options: Partial<CollectorOptions> = {}) => {
    indexed = [];
    collector = new Collector({ clock: systemClock, onEvent: (each) => indexed.push(each), ...options });
  };
  beforeEach(() => create());

  const request = (path: string, body: string | Buffer, changes: Partial<HecRequest> = {}) =>
    collector.handle({
      method: 'POST',
      path: `/services/collector${path}`,
      query: new URLSearchParams(),
      headers: { authorization: `Splunk ${token}`, 'x-splunk-request-channel': channel },
      body: Buffer.from(body),
      connection: 0,
      ...changes,
    });
  const post = (body: string | Buffer, changes?: Partial<HecRequest>) => request('/event', body, changes);
  const ask = (ids: number[], changes?: Partial<HecRequest>) => {
    const { body } = request('/ack', JSON.stringify({ acks: ids }), changes);
    return (body as { acks: Record<string, boolean> }).acks;
  };

  it('takes events under each of its paths, gzip or not', () => {
    for (const path of ['', '/', '/event', '/event/1.0']) expect(request(path, event('a')).status).toBe(200);
    const headers = {
      authorization: `Splunk ${token}`,
      'x-splunk-request-channel': channel,
      'content-encoding': 'gzip',
    };
    expect(post(gzipSync(event('b')), { headers }).status).toBe(200);
    expect(indexed.map((each) => each.event)).toEqual(['a', 'a', 'a', 'a', 'b']);
    expect(post('no gzip', { headers }).body).toMatchObject({ code: hecCodes.invalidDataFormat });
  });

  it('takes raw lines with the metadata and the channel of the query', () => {
    const query = new URLSearchParams({ channel, index: 'i', sourcetype: 't' });
    const answer = request('/raw', 'one\ntwo\n', { query, headers: { authorization: `Splunk ${token}` } });
    expect(answer).toMatchObject({ status: 200, body: { code: 0, ackId: 0 } });
    expect(indexed).toEqual([
      { event: 'one', index: 'i', sourcetype: 't' },
      { event: 'two', index: 'i', sourcetype: 't' },
    ]);
  });

  it.each([
    [401, 2, {}],
    [400, 16, {}, '?token=x'],
    [401, 3, { authorization: 'Bearer x' }],
    [401, 3, { authorization: 'Splunk' }],
    [403, 4, { authorization: 'Splunk nobody' }],
    [400, 10, { authorization: `Splunk ${token}` }],
    [400, 11, { authorization: `Splunk ${token}`, 'x-splunk-request-channel': 'no GUID' }],
    [200, 0, { authorization: `Basic ${btoa(`x:${token}`)}`, 'x-splunk-request-channel': channel }],
  ])('answers %i with code %i to the headers %j', (status, code, headers, query = '') => {
    create({ tokens: [token] });
    const answer = post(event('a'), { headers, query: new URLSearchParams(query) });
    expect([answer.status, answer.body]).toMatchObject([status, { code }]);
    expect(indexed).toHaveLength(code === 0 ? 1 : 0);
  });

  it('says which event is invalid, and indexes none of the post', () => {
    create({ indexes: ['main'] });
    expect(post(`${event('a')}{"event":""}`).body).toMatchObject({ code: 13, 'invalid-event-number': 1 });
    expect(post(`${event('a')}{"event":"b","index":"secret"}`).body).toMatchObject({
      code: 7,
      'invalid-event-number': 1,
    });
    expect(indexed).toEqual([]);
    collector.faults.set({ keepsEventsBeforeInvalid: true });
    post(`${event('a')}{"event":""}`);
    expect(indexed).toHaveLength(1);
  });

  it('limits the body that is unpacked, not the packed one', () => {
    create({ maxContentLength: 1_000 });
    const body = gzipSync(event('a'.repeat(2_000)));
    expect(body.length).toBeLessThan(1_000);
    const headers = {
      authorization: `Splunk ${token}`,
      'x-splunk-request-channel': channel,
      'content-encoding': 'gzip',
    };
    expect(post(body, { headers }).status).toBe(413);
    expect(collector.stats().postsByStatus).toEqual({ 413: 1 });
  });

  it('has every code on demand, so often as it is told, and takes events with those that say so', () => {
    for (const code of hecCodeNumbers) {
      create();
      collector.faults.set({ answer: { code, times: 1, retryAfter: '7' } });
      const answer = post(event('a'));
      expect(answer.body).toMatchObject({ code });
      const isTaken = [0, 24, 25].includes(code);
      expect(indexed).toHaveLength(isTaken ? 1 : 0);
      if (!isTaken) expect(answer.headers).toEqual({ 'retry-after': '7' });
      expect(post(event('a')).body).toMatchObject({ code: 0 });
    }
  });

  it('answers as a proxy does', () => {
    collector.faults.set({ answer: { status: 404, body: '<html>' } });
    expect(post(event('a'))).toMatchObject({ status: 404, body: '<html>' });
  });

  it('counts ids in each channel, says true once, and never for another channel', () => {
    expect([post(event('a')), post(event('b'))].map(({ body }) => body)).toMatchObject([{ ackId: 0 }, { ackId: 1 }]);
    const headers = { authorization: `Splunk ${token}`, 'x-splunk-request-channel': other };
    expect(ask([0, 1], { headers })).toEqual({ 0: false, 1: false });
    expect(ask([0, 1, 2])).toEqual({ 0: true, 1: true, 2: false });
    expect(ask([0, 1])).toEqual({ 0: false, 1: false });
    expect(post(event('c'), { headers }).body).toMatchObject({ ackId: 0 });
  });

  it('acknowledges what is indexed, and not what is only accepted', () => {
    vi.useFakeTimers();
    try {
      create();
      collector.faults.set({ indexAfterMs: 60_000 });
      post(event('a'));
      expect([ask([0]), indexed]).toEqual([{ 0: false }, []]);
      vi.advanceTimersByTime(60_000);
      expect([ask([0]), indexed.length]).toEqual([{ 0: true }, 1]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('loses what is accepted and not indexed by a restart, and begins its ids anew', () => {
    vi.useFakeTimers();
    try {
      create();
      collector.faults.set({ indexAfterMs: 60_000 });
      post(event('a'));
      collector.restart();
      vi.advanceTimersByTime(60_000);
      expect([ask([0]), indexed]).toEqual([{ 0: false }, []]);
      expect(post(event('b')).body).toMatchObject({ ackId: 0 });
    } finally {
      vi.useRealTimers();
    }
  });

  it('has acknowledgements of one indexer only, also where a balancer asks another', () => {
    create({ indexers: 2 });
    post(event('a'), { connection: 1 });
    expect(ask([0], { connection: 2 })).toEqual({ 0: false });
    expect(ask([0], { connection: 3 })).toEqual({ 0: true });
    collector.faults.set({ balance: 'request' });
    post(event('b'), { connection: 1 });
    const answers = [ask([0, 1]), ask([0, 1])].flatMap((acks) => Object.values(acks));
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  it('forgets channels with their connections, drops, or never acknowledges, when told', () => {
    collector.faults.set({ channelEndsWithConnection: true });
    post(event('a'));
    collector.disconnected(0);
    expect(ask([0])).toEqual({ 0: false });
    collector.faults.set({ neverAcknowledges: true });
    post(event('b'));
    expect(ask([0])).toEqual({ 0: false });
    expect(indexed).toHaveLength(2);
    collector.faults.set({ neverAcknowledges: false, dropsAccepted: true });
    expect(post(event('c')).body).toMatchObject({ code: 0 });
    expect(indexed).toHaveLength(2);
  });

  it('has no acknowledgements where they are disabled, and needs no channel', () => {
    create({ acknowledges: false });
    const headers = { authorization: `Splunk ${token}` };
    expect(post(event('a'), { headers }).body).toEqual({ text: 'Success', code: 0 });
    expect(request('/ack', '{"acks":[0]}').body).toMatchObject({ code: 14 });
    expect(request('/raw', 'line', { headers }).body).toMatchObject({ code: 10 });
  });

  it('counts the numbers of generated logs, in texts and in objects', () => {
    post([event('a seq=0-0'), JSON.stringify({ event: { a: 'x', b: 'y seq=0-1' } }), event('a seq=0-1')].join('\n'));
    expect(collector.stats()).toMatchObject({ events: 3, postsByCode: { 0: 1 } });
    expect(collector.stats().sequence).toMatchObject({ unique: 2, duplicate: 1, missing: 0 });
  });

  it('knows its health, and nothing else', () => {
    expect(request('/health', '', { method: 'GET' })).toMatchObject({ status: 200, body: { code: 17 } });
    collector.faults.set({ healthCode: 18 });
    expect(request('/health/1.0', '', { method: 'GET' })).toMatchObject({ status: 503, body: { code: 18 } });
    expect(request('/event', '', { method: 'GET' }).status).toBe(405);
    for (const path of ['/events', '/event/2.0', '/event/1.0/x', 's']) expect(request(path, '').status).toBe(404);
    expect(request('', '', { path: '/' }).status).toBe(404);
  });
});
