/** The embedded log service over HTTP: what the official clients do not try, the faults, and the admin path. */
import { inflateSync } from 'node:zlib';
import lz4 from 'lz4-napi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/time/clock.ts';
import { createEmulator, type Emulator, type EmulatorStats } from '../../src/emulator/emulator.ts';
import { decodeLogGroupList, encodeLogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import { createSignedClient, type SignedAnswer, type SignedClient } from '../support/service/signed-client.ts';

const SHARD_0 = '/logstores/logs/shards/0';
const GROUPS = '/logstores/logs/consumergroups';

let emulator: Emulator;
let endpoint: string;
let client: SignedClient;

beforeEach(async () => {
  emulator = createEmulator({ shards: 2 });
  ({ endpoint } = await emulator.start());
  client = createSignedClient({ endpoint });
});
afterEach(async () => {
  await client.close();
  await emulator.close();
});

async function cursor(from: string): Promise<string> {
  const answer = await client.call('GET', SHARD_0, { query: { type: 'cursor', from } });
  return answer.json<{ cursor: string }>().cursor;
}

function pull(from: string, more: Record<string, string> = {}, acceptEncoding = 'lz4') {
  return client.call('GET', SHARD_0, {
    query: { type: 'logs', cursor: from, count: '1000', ...more },
    headers: { accept: 'application/x-protobuf', 'accept-encoding': acceptEncoding },
  });
}

function unpackLz4({ body, headers }: SignedAnswer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(Number(headers['x-log-bodyrawsize']));
  return lz4.uncompressSync(Buffer.concat([size, body]));
}

function sequenceOf(raw: Uint8Array): string[] {
  return decodeLogGroupList(raw).flatMap((group) =>
    group.Logs.map((log) => Buffer.from(log.Contents.at(-1)!.Value).toString()),
  );
}

const errorOf = (answer: SignedAnswer) => [answer.status, answer.json<{ errorCode: string }>().errorCode];

describe('addressing', () => {
  it.each(['demo.127.0.0.1', 'demo.localhost', 'demo.localhost:8080', 'demo.cn-hangzhou.log.aliyuncs.com', 'demo'])(
    'takes the project from the first label of %s',
    async (host) => {
      const other = createSignedClient({ endpoint, host });
      expect((await other.call('GET', '/logstores/logs/shards')).status).toBe(200);
      await other.close();
    },
  );

  it.each(['127.0.0.1', 'localhost:1', 'other.127.0.0.1'])('has no project at %s', async (host) => {
    const other = createSignedClient({ endpoint, host });
    expect(errorOf(await other.call('GET', '/logstores/logs/shards'))).toEqual([404, 'ProjectNotExist']);
    await other.close();
  });

  it('serves every project that was created', async () => {
    emulator.createLogstore('second', 'events', 1);
    const other = createSignedClient({ endpoint, host: 'second.localhost' });
    expect((await other.call('GET', '/logstores/events/shards')).json()).toHaveLength(1);
    expect(errorOf(await other.call('GET', '/logstores/logs/shards'))).toEqual([404, 'LogStoreNotExist']);
    await other.close();
  });

  it('answers errors with a code, a message and a request id', async () => {
    const answer = await client.call('GET', '/logstores/logs/shards/9', { query: { type: 'cursor', from: 'begin' } });
    expect(answer.headers['x-log-requestid']).toMatch(/^[0-9A-F]{24}$/);
    expect(answer.json()).toEqual({ errorCode: 'ShardNotExist', errorMessage: 'Shard 9 does not exist' });
    expect(answer.status).toBe(404);
    expect(errorOf(await client.call('GET', SHARD_0, { query: { type: 'what' } }))).toEqual([400, 'ParameterInvalid']);
    expect(errorOf(await client.call('GET', '/nothing'))).toEqual([404, 'NotSupported']);
  });
});

describe('pull', () => {
  it('answers the same logs uncompressed, deflated and as lz4', async () => {
    emulator.append({ logs: 100, shard: 0 });
    const begin = await cursor('begin');
    const plain = await pull(begin, {}, '');
    const deflated = await pull(begin, {}, 'deflate');
    const packed = await pull(begin, {}, 'gzip, lz4');
    expect(plain.headers['x-log-compresstype']).toBeUndefined();
    expect(Number(plain.headers['x-log-bodyrawsize'])).toBe(plain.body.length);
    expect(inflateSync(deflated.body).equals(plain.body)).toBe(true);
    expect(unpackLz4(packed).equals(plain.body)).toBe(true);
    expect(sequenceOf(plain.body)).toEqual(Array.from({ length: 100 }, (_, n) => `0-${n}`));
  });

  it('takes type=log and type=logs, and a count of 1 to 1000', async () => {
    emulator.append({ logs: 100, shard: 0 });
    const begin = await cursor('begin');
    expect((await pull(begin, { type: 'log', count: '1' })).headers['x-log-count']).toBe('1');
    for (const count of ['0', '1001', 'x', '']) {
      expect(errorOf(await pull(begin, { count }))).toEqual([400, 'ParameterInvalid']);
    }
  });

  it('stays at the end of a read-only shard, and finds its data until then', async () => {
    emulator.append({ logs: 100, shard: 0 });
    emulator.split({ shard: 0 });
    const first = await pull(await cursor('begin'));
    const end = first.headers['x-log-cursor']!;
    expect(end).toBe(await cursor('end'));
    expect((await pull(end)).headers).toMatchObject({ 'x-log-cursor': end, 'x-log-bodyrawsize': '0' });
    expect(() => emulator.append({ logs: 1, shard: 0 })).toThrow('read-only');
  });

  it('a cursor moves on under a query that matches nothing', async () => {
    emulator.append({ logs: 100, shard: 0 });
    const begin = await cursor('begin');
    const answer = await pull(begin, { query: "* | where seq = 'none'" });
    expect(answer.headers).toMatchObject({ 'x-log-count': '0', 'x-log-bodyrawsize': '0', 'x-log-rawdatalines': '100' });
    expect(answer.headers['x-log-cursor']).toBe(await cursor('end'));
    expect(answer.body).toHaveLength(0);
    expect(errorOf(await pull(begin, { query: '* | project seq' }))).toEqual([400, 'InvalidQueryString']);
  });

  it('refuses cursors that have expired or never were', async () => {
    emulator.append({ logs: 240, shard: 0 });
    const begin = await cursor('begin');
    expect(emulator.expire({ shard: 0, logGroups: 2 })).toBe(2);
    expect(errorOf(await pull(begin))).toEqual([400, 'InvalidCursor']);
    expect(errorOf(await pull('nonsense'))).toEqual([400, 'InvalidCursor']);
    expect(errorOf(await pull(''))).toEqual([400, 'InvalidCursor']);
    expect(sequenceOf(unpackLz4(await pull(await cursor('begin'))))[0]).toBe('0-160');
    const time = await client.call('GET', SHARD_0, { query: { type: 'cursor_time', cursor: begin } });
    expect(errorOf(time)).toEqual([400, 'InvalidCursor']);
  });

  it('lets retention take what is too old', async () => {
    let nowMs = Date.now();
    const shortLived = createEmulator({ shards: 1, retentionMs: 60_000, clock: { ...systemClock, now: () => nowMs } });
    const own = createSignedClient({ endpoint: (await shortLived.start()).endpoint });
    shortLived.append({ logs: 800, receivedOverMs: 50_000 });
    const begin = shortLived.stats().logstores[0]!.shards[0]!.beginCursor;
    nowMs += 21_000;
    const query = { type: 'logs', cursor: begin, count: '10' };
    expect(errorOf(await own.call('GET', SHARD_0, { query }))).toEqual([400, 'InvalidCursor']);
    expect(shortLived.stats().logstores[0]!.shards[0]).toMatchObject({ logGroups: 8, firstSequence: 160 });
    await own.close();
    await shortLived.close();
  });
});

describe('put', () => {
  const logGroup = encodeLogGroup({
    Logs: [{ Time: 1, Contents: [{ Key: Buffer.from('k'), Value: Buffer.from([0xff, 0x00]) }] }],
    LogTags: [],
  });
  const put = (path: string, body: Uint8Array, headers: Record<string, string | undefined> = {}, query = {}) =>
    client.call('POST', path, { body, query, headers: { 'content-type': 'application/x-protobuf', ...headers } });

  it('takes a group by turns, or by key, uncompressed or packed', async () => {
    const key = 'f'.repeat(32);
    expect((await put('/logstores/logs/shards/lb', logGroup)).status).toBe(200);
    expect((await put('/logstores/logs', logGroup)).status).toBe(200);
    expect((await put('/logstores/logs/shards/route', logGroup, {}, { key })).status).toBe(200);
    const packed = lz4.compressSync(Buffer.from(logGroup)).subarray(4);
    const answer = await put(
      '/logstores/logs/shards/route',
      packed,
      {
        'x-log-compresstype': 'lz4',
        'x-log-bodyrawsize': String(logGroup.length),
      },
      { key },
    );
    expect(answer.status).toBe(200);
    const shards = emulator.stats().logstores[0]!.shards;
    expect(shards.map(({ logsPut }) => logsPut)).toEqual([1, 3]);
  });

  it('refuses what is not what it says', async () => {
    const lb = '/logstores/logs/shards/lb';
    const lz4Type = { 'x-log-compresstype': 'lz4' };
    expect(errorOf(await put(lb, Buffer.from('nonsense')))).toEqual([400, 'PostBodyInvalid']);
    expect(errorOf(await put(lb, logGroup, { 'content-type': 'text/plain' }))).toEqual([415, 'InvalidContentType']);
    expect(errorOf(await put(lb, logGroup, { 'x-log-compresstype': 'br' }))).toEqual([400, 'InvalidCompressType']);
    expect(errorOf(await put(lb, logGroup, lz4Type))).toEqual([400, 'PostBodyUncompressError']);
    const noSize = { ...lz4Type, 'x-log-bodyrawsize': undefined };
    expect(errorOf(await put(lb, logGroup, noSize))).toEqual([400, 'MissingBodyRawSize']);
    const huge = { ...lz4Type, 'x-log-bodyrawsize': '2000000000' };
    expect(errorOf(await put(lb, logGroup, huge))).toEqual([400, 'PostBodyTooLarge']);
    expect(errorOf(await put(lb, Buffer.alloc(13 * 2 ** 20)))).toEqual([400, 'PostBodyTooLarge']);
    expect(emulator.stats().logsPut).toBe(0);
  });
});

describe('consumer groups', () => {
  const heartbeat = (held: unknown, query: Record<string, string> = { type: 'heartbeat', consumer: 'a' }) =>
    client.call('POST', `${GROUPS}/g`, { query, body: JSON.stringify(held) });
  const create = (group: unknown) => client.call('POST', GROUPS, { body: JSON.stringify(group) });

  it('refuse what cannot be', async () => {
    expect(errorOf(await create({ consumerGroup: 'g', timeout: 0 }))).toEqual([400, 'ParameterInvalid']);
    expect(errorOf(await create({ consumerGroup: 'a/b', timeout: 9 }))).toEqual([400, 'ParameterInvalid']);
    expect(errorOf(await client.call('POST', GROUPS, { body: '{' }))).toEqual([400, 'PostBodyInvalid']);
    expect(errorOf(await heartbeat([]))).toEqual([404, 'ConsumerGroupNotExist']);
    await create({ consumerGroup: 'g', timeout: 9 });
    expect(errorOf(await heartbeat({}))).toEqual([400, 'PostBodyInvalid']);
    expect(errorOf(await heartbeat(['0']))).toEqual([400, 'ParameterInvalid']);
    expect(errorOf(await heartbeat([], { type: 'heartbeat' }))).toEqual([400, 'ParameterInvalid']);
    expect((await heartbeat([])).json()).toEqual([0, 1]);
  });

  it('refuse a checkpoint that is no cursor of the shard, and take one whose data has expired', async () => {
    emulator.append({ logs: 160, shard: 0 });
    await create({ consumerGroup: 'g', timeout: 9 });
    await heartbeat([]);
    const save = (checkpoint: string) =>
      client.call('POST', `${GROUPS}/g`, {
        query: { type: 'checkpoint', consumer: 'a', forceSuccess: 'false' },
        body: JSON.stringify({ shard: 0, checkpoint }),
      });
    const begin = await cursor('begin');
    emulator.expire();
    expect((await save(begin)).status).toBe(200);
    expect(errorOf(await save('nonsense'))).toEqual([400, 'InvalidCursor']);
    const query = { shard: '7' };
    expect(errorOf(await client.call('GET', `${GROUPS}/g`, { query }))).toEqual([404, 'ShardNotExist']);
  });
});

describe('faults', () => {
  const shards = () => client.call('GET', '/logstores/logs/shards');

  it('answer an error for the next requests of an action', async () => {
    emulator.faults.set({
      rules: [
        { action: 'ListShards', fault: { kind: 'error', status: 503 }, times: 1 },
        { action: 'ListShards', fault: { kind: 'error', status: 403, code: 'ReadQuotaExceed' }, times: 1 },
      ],
    });
    expect(errorOf(await shards())).toEqual([503, 'ServerBusy']);
    expect(errorOf(await shards())).toEqual([403, 'ReadQuotaExceed']);
    expect((await shards()).status).toBe(200);
    expect(emulator.stats()).toMatchObject({ faults: { error: 2 }, errors: { ServerBusy: 1, ReadQuotaExceed: 1 } });
  });

  it('reset the connection before the request is carried out, or before its answer', async () => {
    const create = (name: string) =>
      client.call('POST', GROUPS, { body: JSON.stringify({ consumerGroup: name, timeout: 9 }) });
    emulator.faults.set({ rules: [{ fault: { kind: 'reset' }, times: 1 }] });
    await expect(create('never')).rejects.toThrow();
    emulator.faults.set({ rules: [{ fault: { kind: 'lost-answer' }, times: 1 }] });
    await expect(create('unknown')).rejects.toThrow();
    expect(emulator.stats().logstores[0]!.consumerGroups.map(({ name }) => name)).toEqual(['unknown']);
  });

  it('delay the answer', async () => {
    emulator.faults.set({ rules: [{ fault: { kind: 'latency', delayMs: 120 }, times: 1 }] });
    const startMs = performance.now();
    expect((await shards()).status).toBe(200);
    expect(performance.now() - startMs).toBeGreaterThan(110);
  });

  it('delay any number of answers at a time, without a warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    try {
      emulator.faults.set({ rules: [{ fault: { kind: 'latency', delayMs: 120 } }] });
      const { endpoint } = await emulator.start();
      const url = `${endpoint}/logstores/logs/shards`;
      // Not signed, and so refused; but late.
      const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(url)));
      expect(emulator.faults.injected.latency).toBe(answers.length);
      await new Promise(setImmediate); // warnings come in a later tick
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', note);
    }
  });

  it('spoil the body of a pull, each in its way', async () => {
    emulator.append({ logs: 200, shard: 0 });
    const begin = await cursor('begin');
    const good = await pull(begin);
    const spoilt = (fault: Parameters<typeof emulator.faults.set>[0]['rules']) => {
      emulator.faults.set({ rules: fault });
      return pull(begin);
    };

    await expect(spoilt([{ fault: { kind: 'reset-in-body' }, times: 1 }])).rejects.toThrow();
    expect((await spoilt([{ fault: { kind: 'cut-body' }, times: 1 }])).body).toHaveLength(good.body.length >>> 1);
    const corrupt = await spoilt([{ fault: { kind: 'corrupt-body' }, times: 1 }]);
    expect(() => unpackLz4(corrupt)).toThrow();
    const lie = await spoilt([{ fault: { kind: 'wrong-raw-size', byBytes: -7 }, times: 1 }]);
    expect(Number(lie.headers['x-log-bodyrawsize'])).toBe(Number(good.headers['x-log-bodyrawsize']) - 7);
    const garbage = unpackLz4(await spoilt([{ fault: { kind: 'garbage-protobuf' }, times: 1 }]));
    expect(() => decodeLogGroupList(garbage)).toThrow();

    const after = await pull(begin);
    expect(after.body.equals(good.body)).toBe(true);
    expect(emulator.faults.settings.rules).toEqual([]);
  });

  it('expire credentials until they are replaced', async () => {
    emulator.faults.set({ credentialsExpired: true });
    expect(errorOf(await shards())).toEqual([401, 'Unauthorized']);
    emulator.setCredentials([{ accessKeyId: 'fresh', accessKeySecret: 'secret' }]);
    expect(errorOf(await shards())).toEqual([401, 'Unauthorized']);
    const fresh = createSignedClient({ endpoint, accessKeyId: 'fresh', accessKeySecret: 'secret' });
    expect((await fresh.call('GET', '/logstores/logs/shards')).status).toBe(200);
    await fresh.close();
  });
});

describe('the admin path', () => {
  it('drives an emulator from another process', async () => {
    const post = async (path: string, body: unknown) => (await client.admin('POST', path, body)).json();
    expect(await post('append', { logs: 160, shard: 0 })).toEqual({ logs: 160 });
    expect(await post('split', { shard: 0 })).toEqual({ shards: [2, 3] });
    expect(await post('merge', { shard: 3 })).toEqual({ shard: 4 });
    expect(await post('faults', { heartbeatsRefused: true })).toMatchObject({ heartbeatsRefused: true, rules: [] });
    expect((await client.admin('DELETE', 'faults')).json()).toMatchObject({ heartbeatsRefused: false });

    const stats = (await client.admin('GET', 'stats')).json<EmulatorStats>();
    expect(stats).toEqual(emulator.stats());
    const { endCursor } = stats.logstores[0]!.shards[0]!;
    const position = await client.admin('GET', `position?shard=0&cursor=${encodeURIComponent(endCursor)}`);
    expect(position.json()).toEqual({ sequence: 160 });

    expect(await post('warm', { maxLogGroups: 1000 })).toEqual({});

    expect(await post('expire', { shard: 0, logGroups: 1 })).toEqual({ logGroups: 1 });
    await post('credentials', [{ accessKeyId: 'new', accessKeySecret: 'new' }]);
    expect(errorOf(await client.call('GET', '/logstores/logs/shards'))).toEqual([401, 'Unauthorized']);
  });

  it('says what is wrong with a request', async () => {
    const answer = await client.admin('POST', 'append', { log: 1 });
    expect(errorOf(answer)).toEqual([400, 'ParameterInvalid']);
    expect(answer.body.toString()).toContain('logs');
    expect(errorOf(await client.admin('GET', 'nothing'))).toEqual([404, 'NotSupported']);
  });
});

describe('live logs', () => {
  it('come at the rate that is set, over all shards, and stop', async () => {
    emulator.setRate({ logsPerSecond: 2000 });
    const startMs = performance.now();
    await expect
      .poll(() => emulator.stats().logsGenerated, { timeout: 10_000, interval: 10 })
      .toBeGreaterThanOrEqual(1000);
    const seconds = (performance.now() - startMs) / 1000;
    emulator.setRate({ logsPerSecond: 0 });
    const { logsGenerated, logstores } = emulator.stats();
    // Never more than what was due; how much less depends on how busy the machine is.
    expect(logsGenerated).toBeLessThanOrEqual(Math.ceil(seconds * 2000));
    for (const shard of logstores[0]!.shards) expect(shard.logsGenerated).toBeGreaterThan(logsGenerated / 4);
  });
});

it('live logs of a file that is not there are refused at once', () => {
  expect(() => emulator.setRate({ logsPerSecond: 1, profile: 'file:/does/not/exist' })).toThrow('ENOENT');
});

describe('life cycle', () => {
  it('start and close can be called again, and a busy port is an error', async () => {
    expect(await emulator.start()).toMatchObject({ host: '127.0.0.1', endpoint });
    const second = createEmulator({ port: Number(new URL(endpoint).port) });
    await expect(second.start()).rejects.toThrow('EADDRINUSE');
    await Promise.all([second.close(), emulator.close(), emulator.close()]);
  });
});
