/** Each reading of the protocol that a dialect switches, as a client sees it: by signed requests to the service. */
import { describe, expect, it } from 'vitest';
import { createPullCache } from '../../../../src/emulator/model/pull-cache.ts';
import { collectStats } from '../../../../src/emulator/model/stats.ts';
import { Store } from '../../../../src/emulator/model/store.ts';
import type { Dialect } from '../../../../src/emulator/protocol/dialect.ts';
import { createService } from '../../../../src/emulator/service.ts';
import { signV1 } from '../../../../src/sls/signing/sign-v1.ts';

const credentials = { accessKeyId: 'id', accessKeySecret: 'secret' };
const group = '/logstores/logs/consumergroups/g';
const beginOfTime = 1_700_000_000_000;

/** A service with 4 shards and group `g`, whose timeout is 60 s. */
function createLab(dialect: Partial<Dialect>, random = () => 0.5) {
  let nowMs = beginOfTime;
  const store = new Store({ now: () => nowMs, random }, undefined, dialect);
  store.createProject('demo');
  const logstore = store.createLogstore('demo', 'logs', 4, undefined);
  logstore.createConsumerGroup('g', { timeoutMs: 60_000, inOrder: true });
  const service = createService({
    store,
    cache: createPullCache(1 << 20),
    region: undefined,
    credentials: () => [credentials],
  });

  const ask = (method: 'GET' | 'POST', path: string, query: Record<string, string> = {}, sent?: unknown) => {
    const body = sent === undefined ? undefined : Buffer.from(JSON.stringify(sent));
    const headers = {
      host: 'demo.localhost',
      'x-log-apiversion': '0.6.0',
      'x-log-bodyrawsize': String(body?.length ?? 0),
      ...(body && { 'content-type': 'application/json' }),
    };
    const request = {
      method,
      path,
      rawQuery: new URLSearchParams(query).toString(),
      headers: signV1({ method, path, query, headers, body }, credentials, nowMs),
      body: body ?? new Uint8Array(0),
    };
    const answered = () => {
      try {
        return service.handle(request, service.route(request));
      } catch (thrown) {
        return service.errorAnswer(thrown);
      }
    };
    const { status, headers: said, body: bytes } = answered();
    const isJson = said['content-type']?.includes('json') && bytes.length > 0;
    return { status, headers: said, json: isJson ? JSON.parse(Buffer.from(bytes).toString()) : undefined };
  };
  return {
    logstore,
    stats: () => collectStats(store, {}),
    ask,
    beat: (consumer: string, held: number[]): number[] =>
      ask('POST', group, { type: 'heartbeat', consumer }, held).json,
    save: (consumer: string, shard: number, checkpoint = logstore.shard(shard).cursorAt(0)) =>
      ask('POST', group, { type: 'checkpoint', consumer, forceSuccess: 'false' }, { shard, checkpoint }),
    pull: (shard: number, index: number) =>
      ask('GET', `/logstores/logs/shards/${shard}`, {
        type: 'logs',
        cursor: logstore.shard(shard).cursorAt(index),
        count: '1',
      }),
    passMs: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('errors', () => {
  it.each([
    ['errorCode', { errorCode: 'ConsumerGroupNotExist', errorMessage: expect.any(String) }],
    ['code', { code: 'ConsumerGroupNotExist', message: expect.any(String) }],
    ['error', { error: { code: 'ConsumerGroupNotExist', message: expect.any(String) } }],
    ['Error', { Error: { Code: 'ConsumerGroupNotExist', Message: expect.any(String) } }],
  ] as const)('have a body of the shape %s', (errorBody, body) => {
    const { ask } = createLab({ errorBody });
    expect(ask('GET', `${group}-other`)).toMatchObject({ status: 404, json: body });
  });

  it.each(['ConsumerNotExsit', 'ConsumerNotExist'] as const)('call a stranger %s', (consumerNotExist) => {
    expect(createLab({ consumerNotExist }).save('stranger', 0).json.errorCode).toBe(consumerNotExist);
  });

  it.each(['ShardNotExist', 'ShardNotExsit'] as const)('call a shard that is not there %s', (shardNotExist) => {
    const { ask } = createLab({ shardNotExist });
    expect(ask('GET', `${group}`, { shard: '99' }).json.errorCode).toBe(shardNotExist);
  });

  it.each(['ConsumerNotMatch', 'ConsumerNotExist', 'ConsumerNotExsit'] as const)(
    'answer a checkpoint of a lost shard with %s',
    (lostCheckpoint) => {
      const lab = createLab({ lostCheckpoint });
      lab.beat('a', []);
      lab.beat('b', []);
      expect(lab.save('b', 0).json.errorCode).toBe(lostCheckpoint);
    },
  );
});

describe('ownership', () => {
  it('is enough when it is granted', () => {
    const lab = createLab({});
    lab.beat('a', []);
    expect(lab.save('a', 0).status).toBe(200);
  });

  it('is strict: a heartbeat has to have listed the shard, and again after it was lost', () => {
    const lab = createLab({ strictOwner: true });
    lab.beat('a', []);
    expect(lab.save('a', 0).json.errorCode).toBe('ConsumerNotMatch');
    lab.beat('a', [0]);
    expect(lab.save('a', 0).status).toBe(200);
    expect(lab.save('a', 1).json.errorCode).toBe('ConsumerNotMatch');
    lab.passMs(60_001);
    lab.beat('a', []);
    expect(lab.save('a', 0).json.errorCode).toBe('ConsumerNotMatch');
  });

  it.each([
    [true, [0, 1]],
    [false, [2, 3]],
  ])('after the timeout, kept by who lists it: %s', (lateHeartbeatKeeps, first) => {
    const lab = createLab({ lateHeartbeatKeeps });
    lab.beat('a', []);
    lab.beat('b', []);
    lab.beat('a', [0, 1]);
    lab.beat('b', []);
    lab.passMs(60_001);
    const back = lab.beat('a', [0, 1]);
    expect(back).toEqual(lateHeartbeatKeeps ? [0, 1, 2, 3] : first);
    // What was kept back is granted by the next.
    expect(lab.beat('a', back)).toEqual([0, 1, 2, 3]);
  });
});

describe('checkpoints', () => {
  it.each([
    ['empty', { shard: 1, checkpoint: '', updateTime: 0, consumer: '' }],
    ['null', { shard: 1, checkpoint: null, updateTime: 0, consumer: '' }],
  ] as const)('that nobody has saved are %s', (noCheckpoint, row) => {
    const lab = createLab({ noCheckpoint });
    expect(lab.ask('GET', group).json[1]).toEqual(row);
    expect(lab.ask('GET', group, { shard: '1' }).json).toEqual([row]);
  });

  it('that nobody has saved are absent', () => {
    const lab = createLab({ noCheckpoint: 'absent' });
    lab.beat('a', []);
    lab.save('a', 2);
    expect(lab.ask('GET', group).json.map(({ shard }: { shard: number }) => shard)).toEqual([2]);
    expect(lab.ask('GET', group, { shard: '1' }).json).toEqual([]);
  });

  it('have no time before they are saved, and one after', () => {
    const lab = createLab({ noCheckpointTime: 'absent' });
    lab.beat('a', []);
    lab.save('a', 2);
    const rows = lab.ask('GET', group).json;
    expect(rows[1]).toEqual({ shard: 1, checkpoint: '', consumer: '' });
    expect(rows[2].updateTime).toBe(beginOfTime * 1000);
  });

  it.each([
    [true, 400],
    [false, 200],
  ])('have to be cursors of their shard: %s', (checksCursors, status) => {
    const lab = createLab({ checksCursors });
    lab.beat('a', []);
    expect(lab.save('a', 0, 'no cursor').status).toBe(status);
    expect(lab.save('a', 0, lab.logstore.shard(3).cursorAt(0)).status).toBe(status);
  });

  it('that are no cursors are told as they are, with nothing behind them', () => {
    const lab = createLab({ checksCursors: false });
    lab.beat('a', []);
    lab.save('a', 0, 'no cursor');
    const [checkpoint] = lab.stats().logstores[0]?.consumerGroups[0]?.checkpoints ?? [];
    expect(checkpoint).toMatchObject({ shard: 0, cursor: 'no cursor', sequence: 0 });
  });
});

describe('heartbeats', () => {
  it.each([
    ['ascending', [0, 1, 2, 3]],
    ['descending', [3, 2, 1, 0]],
  ] as const)('list what they grant %s', (grantOrder, granted) => {
    expect(createLab({ grantOrder }).beat('a', [])).toEqual(granted);
  });

  it("list it shuffled, by the service's own chance", () => {
    const shuffled = (drawn: number[]) => createLab({ grantOrder: 'shuffled' }, () => drawn.shift() ?? 0).beat('a', []);
    expect(shuffled([0.3, 0.1, 0.9, 0.2])).toEqual([1, 3, 0, 2]);
    expect(shuffled([0.3, 0.1, 0.9, 0.2])).toEqual([1, 3, 0, 2]);
  });

  it('grant one shard more at a time', () => {
    const { beat } = createLab({ grantsABeat: 'one' });
    expect(beat('a', [])).toEqual([0]);
    expect(beat('a', [0])).toEqual([0, 1]);
    expect(beat('a', [0, 1])).toEqual([0, 1, 2]);
  });
});

describe('balance', () => {
  it('moves no more than needed', () => {
    const { beat } = createLab({});
    beat('b', []);
    beat('b', [0, 1, 2, 3]);
    beat('a', []);
    expect(beat('b', [0, 1, 2, 3])).toEqual([0, 1]);
  });

  it('deals anew, by name, whenever somebody comes', () => {
    const { beat } = createLab({ balance: 'rehash' });
    beat('b', []);
    beat('b', [0, 1, 2, 3]);
    beat('a', []);
    expect(beat('b', [0, 1, 2, 3])).toEqual([1, 3]);
    beat('b', [1, 3]);
    expect(beat('a', [])).toEqual([0, 2]);
  });

  it('moves greedily: one shard at a time, and none between two that differ by one', () => {
    const { beat } = createLab({ balance: 'greedy' });
    beat('b', []);
    expect(beat('a', [])).toEqual([]);
    expect(beat('b', [0, 1, 2, 3])).toEqual([0, 1, 2]);
    // Let go, it is planned anew: whoever has least gets it, and then the next one moves.
    beat('b', [0, 1, 2]);
    expect(beat('a', [])).toEqual([3]);
    expect(beat('b', [0, 1, 2])).toEqual([0, 1]);
    beat('b', [0, 1]);
    expect(beat('a', [3])).toEqual([2, 3]);
    expect(beat('b', [0, 1])).toEqual([0, 1]);
  });
});

describe('what else is said', () => {
  it.each([
    ['given', { name: 'g', timeout: 60, order: true }],
    ['missing', { name: 'g' }],
    ['no-timeout', { name: 'g', order: true }],
    ['no-order', { name: 'g', timeout: 60 }],
  ] as const)('of a group: settings %s', (groupSettings, row) => {
    expect(createLab({ groupSettings }).ask('GET', '/logstores/logs/consumergroups').json).toEqual([row]);
  });

  it.each(['readonly', 'READONLY'] as const)('of a shard that was split: %s', (readOnlySpelling) => {
    const lab = createLab({ readOnlySpelling });
    lab.logstore.split(0, undefined, 2, beginOfTime);
    const rows: { status: string }[] = lab.ask('GET', '/logstores/logs/shards').json;
    expect(rows.slice(0, 2).map(({ status }) => status)).toEqual([readOnlySpelling, 'readwrite']);
  });

  it('of a pull: whether it has come to the end, and when the last was received', () => {
    const lab = createLab({ endOfCursor: true, cursorTime: true });
    const shard = lab.logstore.shard(0);
    for (const seconds of [1, 2]) shard.append(new Uint8Array(0), 1, beginOfTime + seconds * 1000, 'generated');
    const time = (seconds: number) => String(beginOfTime / 1000 + seconds);
    expect(lab.pull(0, 0).headers).toMatchObject({ 'x-log-end-of-cursor': '0', 'x-log-cursor-time': time(1) });
    expect(lab.pull(0, 1).headers).toMatchObject({ 'x-log-end-of-cursor': '1', 'x-log-cursor-time': time(2) });
    expect(lab.pull(0, 2).headers).toMatchObject({ 'x-log-end-of-cursor': '1' });
    expect(lab.pull(0, 2).headers).not.toHaveProperty('x-log-cursor-time');
  });

  it('of a pull, usually: neither', () => {
    const { headers } = createLab({}).pull(0, 0);
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-log-end-of-cursor']));
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-log-cursor-time']));
  });
});
