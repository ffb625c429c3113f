/** Holds the embedded log service to the protocol as the official npm clients speak it, in each of their signatures. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/time/clock.ts';
import { createEmulator, DEMO_CREDENTIALS, type Emulator } from '../../src/emulator/emulator.ts';
import { decodeLogGroupList, encodeLogGroup, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import {
  createOfficialClients,
  type OfficialClients,
  resolveLocalhostNames,
  sls,
} from '../support/service/official-clients.ts';

const PROJECT = 'demo';
const LOGSTORE = 'logs';
const GROUP = 'siem';

let restoreLookup: () => void;
beforeAll(() => {
  restoreLookup = resolveLocalhostNames();
});
afterAll(() => restoreLookup());

describe.each(['v1', 'v4'] as const)('the official clients, signature %s', (signVersion) => {
  let emulator: Emulator;
  let port: number;
  let clients: OfficialClients;
  let nowMs: number;

  beforeEach(async () => {
    nowMs = Date.now();
    emulator = createEmulator({ shards: 4, clock: { ...systemClock, now: () => nowMs } });
    ({ port } = await emulator.start());
    clients = connect();
  });
  afterEach(() => emulator.close());

  const connect = (credentials = DEMO_CREDENTIALS): OfficialClients =>
    createOfficialClients({ port, project: PROJECT, logstore: LOGSTORE, credentials, signVersion });

  const cursor = async (shard: number, from: string): Promise<string> => {
    const answer = await clients.sls.getCursor(PROJECT, LOGSTORE, String(shard), new sls.GetCursorRequest({ from }));
    return answer.body!.cursor!;
  };
  const heartbeat = async (consumer: string, held: number[]): Promise<number[]> => {
    const request = new sls.ConsumerGroupHeartBeatRequest({ consumer, body: held });
    return (await clients.sls.consumerGroupHeartBeat(PROJECT, LOGSTORE, GROUP, request)).body!;
  };
  const createGroup = (name: string, timeout = 60) =>
    clients.sls.createConsumerGroup(
      PROJECT,
      LOGSTORE,
      new sls.CreateConsumerGroupRequest({ consumerGroup: name, timeout, order: false }),
    );
  const saveCheckpoint = (shard: number, checkpoint: string, consumer: string, forceSuccess = false) =>
    clients.sls.consumerGroupUpdateCheckPoint(
      PROJECT,
      LOGSTORE,
      GROUP,
      new sls.ConsumerGroupUpdateCheckPointRequest({ shard, checkpoint, consumer, forceSuccess }),
    );

  it('put, find and pull back logs', async () => {
    const timestamp = Math.floor(nowMs / 1000);
    await clients.log.postLogStoreLogs(PROJECT, LOGSTORE, {
      logs: [{ timestamp, timestampNsPart: 123_456_789, content: { message: 'schön = gut', empty: '' } }],
      tags: [{ rack: 'r1' }],
      topic: 'greeting',
      source: '10.0.0.1',
    });
    const shard = emulator.stats().logstores[0]!.shards.find(({ logsPut }) => logsPut === 1)!.shard;
    const begin = await cursor(shard, 'begin');
    const end = await cursor(shard, 'end');

    const { headers, raw } = await clients.pull({ shard, query: { cursor: begin, count: '10' } });

    expect(headers).toMatchObject({ 'x-log-count': '1', 'x-log-cursor': end, 'x-log-compresstype': 'lz4' });
    expect(headers['x-log-bodyrawsize']).toBe(String(raw.length));
    expect(headers['x-log-read-last-cursor']).toBe(Buffer.from(begin, 'base64').toString());
    const [group] = decodeLogGroupList(raw);
    expect(readable(group!)).toEqual({
      topic: 'greeting',
      source: '10.0.0.1',
      tags: [['rack', 'r1']],
      logs: [
        {
          time: timestamp,
          timeNs: 123_456_789,
          fields: [
            ['message', 'schön = gut'],
            ['empty', ''],
          ],
        },
      ],
    });
  });

  it.each(['lz4', 'deflate'])('pack and unpack bodies with %s', async (compression) => {
    const group: LogGroup = {
      Logs: [{ Time: 1_790_000_000, Contents: [{ Key: Buffer.from('k'), Value: Buffer.from('v'.repeat(5000)) }] }],
      LogTags: [],
    };
    const encoded = encodeLogGroup(group);
    await clients.put(encoded, compression);

    const { headers, raw } = await clients.pull({
      shard: 0,
      query: { cursor: await cursor(0, 'begin'), count: '1000' },
      acceptEncoding: compression,
    });

    expect(headers['x-log-compresstype']).toBe(compression);
    expect(raw.subarray(-encoded.length).equals(encoded)).toBe(true);
  });

  it('pull generated logs to the end, in order and without a gap', async () => {
    emulator.append({ logs: 2000 });
    let at = await cursor(2, 'begin');
    const end = await cursor(2, 'end');
    const sequence: string[] = [];
    while (at !== end) {
      const { headers, raw } = await clients.pull({ shard: 2, query: { cursor: at, count: '3' } });
      for (const group of decodeLogGroupList(raw)) {
        for (const log of group.Logs) sequence.push(Buffer.from(log.Contents.at(-1)!.Value).toString());
      }
      at = headers['x-log-cursor']!;
    }
    expect(sequence).toEqual(Array.from({ length: 500 }, (_, n) => `2-${n}`));

    const atEnd = await clients.pull({ shard: 2, query: { cursor: end, count: '3' } });
    expect(atEnd.raw).toHaveLength(0);
    expect(atEnd.headers).toMatchObject({ 'x-log-bodyrawsize': '0', 'x-log-count': '0', 'x-log-cursor': end });
  });

  it('stop at an end cursor and filter with a query', async () => {
    emulator.append({ logs: 240, shard: 0 });
    const begin = await cursor(0, 'begin');
    const first = await clients.pull({ shard: 0, query: { cursor: begin, count: '1' } });
    const stopped = await clients.pull({
      shard: 0,
      query: { cursor: begin, count: '100', end_cursor: first.headers['x-log-cursor']! },
    });
    expect(stopped.headers['x-log-count']).toBe('1');

    const query = { cursor: begin, count: '100', query: "* | where seq = '0-81'", pullMode: 'scan_on_stream' };
    const filtered = await clients.pull({ shard: 0, query });
    expect(filtered.headers).toMatchObject({
      'x-log-count': '1',
      'x-log-rawdatacount': '3',
      'x-log-rawdatalines': '240',
      'x-log-resultlines': '1',
      'x-log-failedlines': '0',
      'x-log-cursor': await cursor(0, 'end'),
    });
    expect(decodeLogGroupList(filtered.raw)[0]!.Logs).toHaveLength(1);
  });

  it('find cursors by time, and the time of a cursor', async () => {
    emulator.append({ logs: 80, shard: 0 });
    nowMs += 60_000;
    emulator.append({ logs: 80, shard: 0 });
    const second = await cursor(0, String(Math.floor(nowMs / 1000)));
    const request = new sls.GetCursorTimeRequest({ cursor: second });
    const time = await clients.sls.getCursorTime(PROJECT, LOGSTORE, '0', request);
    expect(Number(time.body!.cursorTime)).toBe(Math.floor(nowMs / 1000));
    expect(emulator.position(second, { shard: 0 })).toBe(80);
  });

  it('list, split and merge shards', async () => {
    const listed = await clients.sls.listShards(PROJECT, LOGSTORE);
    expect(listed.body!.map(({ shardID, inclusiveBeginKey }) => [shardID, inclusiveBeginKey])).toEqual([
      [0, '00000000000000000000000000000000'],
      [1, '40000000000000000000000000000000'],
      [2, '80000000000000000000000000000000'],
      [3, 'c0000000000000000000000000000000'],
    ]);
    expect(listed.body![3]!.exclusiveEndKey).toBe('ffffffffffffffffffffffffffffffff');

    const key = '10000000000000000000000000000000';
    const split = await clients.sls.splitShard(PROJECT, LOGSTORE, '0', new sls.SplitShardRequest({ key }));
    expect(split.body!.map(({ shardID, status }) => [shardID, status])).toEqual([
      [0, 'readonly'],
      [4, 'readwrite'],
      [5, 'readwrite'],
    ]);
    expect(split.body![1]).toMatchObject({ exclusiveEndKey: key });

    const merged = await clients.sls.mergeShard(PROJECT, LOGSTORE, '5');
    expect(merged.body!.map(({ shardID, status }) => [shardID, status])).toEqual([
      [6, 'readwrite'],
      [5, 'readonly'],
      [1, 'readonly'],
    ]);
    await expect(clients.sls.mergeShard(PROJECT, LOGSTORE, '3')).rejects.toMatchObject({ code: 'ParameterInvalid' });
  });

  it('create, list, update and delete consumer groups', async () => {
    await createGroup(GROUP);
    await expect(createGroup(GROUP)).rejects.toMatchObject({ code: 'ConsumerGroupAlreadyExist' });
    await clients.sls.updateConsumerGroup(
      PROJECT,
      LOGSTORE,
      GROUP,
      new sls.UpdateConsumerGroupRequest({ timeout: 30, order: true }),
    );
    const listed = await clients.sls.listConsumerGroup(PROJECT, LOGSTORE);
    expect(listed.body).toMatchObject([{ name: GROUP, timeout: 30, order: true }]);

    await clients.sls.deleteConsumerGroup(PROJECT, LOGSTORE, GROUP);
    expect((await clients.sls.listConsumerGroup(PROJECT, LOGSTORE)).body).toEqual([]);
    await expect(heartbeat('a', [])).rejects.toMatchObject({ code: 'ConsumerGroupNotExist' });
  });

  it('refuse the 31st consumer group', async () => {
    for (let i = 0; i < 30; i++) await createGroup(`group-${i}`);
    await expect(createGroup('one-too-many')).rejects.toMatchObject({ code: 'ConsumerGroupQuotaExceed' });
  });

  it('rebalance three consumers, moving a shard only when its owner has let go', async () => {
    await createGroup(GROUP);
    expect(await heartbeat('a', [])).toEqual([0, 1, 2, 3]);
    expect(await heartbeat('b', [])).toEqual([]);
    expect(await heartbeat('c', [])).toEqual([]);

    const kept = await heartbeat('a', [0, 1, 2, 3]);
    expect(kept).toHaveLength(2);
    // `a` drains what it is to give up, and still lists it: nobody gets it.
    expect(await heartbeat('b', [])).toEqual([]);
    await heartbeat('a', kept);
    const [b, c] = [await heartbeat('b', []), await heartbeat('c', [])];
    expect([...kept, ...b, ...c].sort()).toEqual([0, 1, 2, 3]);
    expect([b.length, c.length]).toEqual([1, 1]);

    nowMs += 61_000;
    await heartbeat('b', b);
    expect(await heartbeat('b', b)).toEqual([0, 1, 2, 3]);
  });

  it('keep checkpoints, and refuse those of a consumer that does not own the shard', async () => {
    emulator.append({ logs: 160, shard: 1 });
    await createGroup(GROUP);
    await heartbeat('a', []);
    const end = await cursor(1, 'end');
    await saveCheckpoint(1, end, 'a');

    const request = new sls.GetCheckPointRequest({ shard: 1 });
    const saved = await clients.sls.getCheckPoint(PROJECT, LOGSTORE, GROUP, request);
    expect(saved.body).toMatchObject([{ shard: 1, checkpoint: end, consumer: 'a', updateTime: nowMs * 1000 }]);
    const all = await clients.sls.getCheckPoint(PROJECT, LOGSTORE, GROUP, new sls.GetCheckPointRequest({}));
    expect(all.body!.map(({ checkpoint }) => checkpoint)).toEqual(['', end, '', '']);
    expect(emulator.stats().logstores[0]!.consumerGroups[0]!.checkpoints[1]!.sequence).toBe(160);

    const begin = await cursor(1, 'begin');
    await expect(saveCheckpoint(1, begin, 'nobody')).rejects.toMatchObject({ code: 'ConsumerNotExsit' });
    await heartbeat('b', []);
    await expect(saveCheckpoint(1, begin, 'b')).rejects.toMatchObject({ code: 'ConsumerNotMatch' });
    await saveCheckpoint(1, begin, 'b', true);
    expect((await clients.sls.getCheckPoint(PROJECT, LOGSTORE, GROUP, request)).body![0]!.checkpoint).toBe(begin);
  });

  it('list, create and describe logstores', async () => {
    await clients.log.createLogStore(PROJECT, 'more-logs', { ttl: 3, shardCount: 2 });
    expect((await clients.log.listLogStore(PROJECT)).logstores).toEqual([LOGSTORE, 'more-logs']);
    expect(await clients.log.getLogStore(PROJECT, 'more-logs')).toMatchObject({ shardCount: 2, ttl: 3 });
  });

  it('refuse a wrong secret, an unknown key and a wrong or missing security token', async () => {
    const list = (credentials: typeof DEMO_CREDENTIALS) => connect(credentials).sls.listShards(PROJECT, LOGSTORE);
    const { accessKeyId, accessKeySecret } = DEMO_CREDENTIALS;
    await expect(list({ accessKeyId, accessKeySecret: 'wrong' })).rejects.toMatchObject({ code: 'SignatureNotMatch' });
    await expect(list({ accessKeyId: 'who', accessKeySecret })).rejects.toMatchObject({ code: 'Unauthorized' });

    emulator.setCredentials([{ accessKeyId, accessKeySecret, securityToken: 'sts' }]);
    await expect(list({ accessKeyId, accessKeySecret })).rejects.toMatchObject({ code: 'Unauthorized' });
    await expect(list({ accessKeyId, accessKeySecret, securityToken: 'old' })).rejects.toMatchObject({
      code: 'Unauthorized',
    });
    expect((await list({ accessKeyId, accessKeySecret, securityToken: 'sts' })).body).toHaveLength(4);
  });

  it('name a project or logstore that does not exist', async () => {
    await expect(clients.sls.listShards('nowhere', LOGSTORE)).rejects.toMatchObject({ code: 'ProjectNotExist' });
    await expect(clients.sls.listShards(PROJECT, 'nothing')).rejects.toMatchObject({ code: 'LogStoreNotExist' });
  });
});

function readable(group: LogGroup) {
  const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
  return {
    topic: text(group.Topic),
    source: text(group.Source),
    tags: group.LogTags.map(({ Key, Value }) => [text(Key), text(Value)]),
    logs: group.Logs.map(({ Time, TimeNs, Contents }) => ({
      time: Time,
      timeNs: TimeNs,
      fields: Contents.map(({ Key, Value }) => [text(Key), text(Value)]),
    })),
  };
}
