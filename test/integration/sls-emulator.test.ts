/** The client against the embedded log service: every method of the port, with both signature versions. */
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/time/clock.ts';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/emulator.ts';
import { decodeLogGroupList } from '../../src/emulator/protocol/log-group-schema.ts';
import { unpack } from '../../src/encode/wire/unpack.ts';
import type { Cursor } from '../../src/group/service/log-service.ts';
import { createStaticCredentials } from '../../src/sls/signing/credentials.ts';
import { createLogService, type SlsLogService, type SlsLogServiceOptions } from '../../src/sls/sls-log-service.ts';
import type { Recovery, Trouble } from '../../src/sls/troubles.ts';

const key = { accessKeyId: 'LTAI-test', accessKeySecret: 'a-secret/with+signs=' };
const temporary = { accessKeyId: 'STS.test', accessKeySecret: 'another', securityToken: 'CAIS+token/==' };
const region = 'cn-hangzhou';
const { signal } = new AbortController();

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function startEmulator(options: EmulatorOptions = {}): Promise<{ emulator: Emulator; endpoint: string }> {
  const emulator = createEmulator({ credentials: [key, temporary], region, shards: 2, ...options });
  open.push(emulator);
  const { endpoint } = await emulator.start();
  return { emulator, endpoint };
}

interface Client {
  readonly service: SlsLogService;
  readonly troubles: Trouble[];
  readonly recoveries: Recovery[];
}

function connect(endpoint: string, options: Partial<SlsLogServiceOptions> = {}): Client {
  const troubles: Trouble[] = [];
  const recoveries: Recovery[] = [];
  const service = createLogService({
    endpoint,
    project: 'demo',
    logstore: 'logs',
    consumerGroup: 'siem',
    consumerName: 'siem-1',
    credentials: createStaticCredentials(key),
    signVersion: 'v4',
    region,
    backoff: { minMs: 1, maxMs: 10 },
    quietMs: 0,
    onTrouble: (trouble) => troubles.push(trouble),
    onRecovered: (recovery) => recoveries.push(recovery),
    ...options,
  });
  open.push(service);
  return { service, troubles, recoveries };
}

/** Pulls a shard from a cursor until the cursor stands still. */
async function drain(service: SlsLogService, shard: number, from: Cursor): Promise<{ logs: number; end: Cursor }> {
  let logs = 0;
  for (let cursor = from; ; ) {
    const { body, nextCursor, logGroupCount } = await service.pull(shard, cursor, { maxLogGroups: 3, signal });
    if (body) {
      const groups = decodeLogGroupList(unpack(body, 64 << 20));
      expect(groups).toHaveLength(logGroupCount);
      logs += groups.reduce((sum, group) => sum + group.Logs.length, 0);
    }
    if (nextCursor === cursor) return { logs, end: cursor };
    cursor = nextCursor;
  }
}

const thrownBy = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe.each([
  { signVersion: 'v1', credentials: key },
  { signVersion: 'v4', credentials: key },
  { signVersion: 'v1', credentials: temporary },
  { signVersion: 'v4', credentials: temporary },
] as const)('$signVersion with $credentials.accessKeyId', ({ signVersion, credentials }) => {
  test('every method of the port', async () => {
    const { emulator, endpoint } = await startEmulator();
    emulator.append({ logs: 2_000 });
    const { service, troubles } = connect(endpoint, { signVersion, credentials: createStaticCredentials(credentials) });

    expect(await service.listShards(signal)).toEqual([
      { id: 0, status: 'readwrite', createdAtMs: expect.any(Number) },
      { id: 1, status: 'readwrite', createdAtMs: expect.any(Number) },
    ]);

    const wanted = { timeoutMs: 60_000, inOrder: false };
    expect(await service.findConsumerGroup(signal)).toBeUndefined();
    expect(await service.ensureConsumerGroup(wanted, signal, 'start')).toEqual({ ...wanted, isNew: true });
    const others = { timeoutMs: 29_500, inOrder: true };
    expect(await service.ensureConsumerGroup(others, signal, 'start')).toEqual({ ...wanted, isNew: false });
    await service.ensureConsumerGroup({ ...others, mayUpdate: true }, signal, 'start');
    expect(await service.findConsumerGroup(signal)).toMatchObject({ timeoutMs: 30_000, inOrder: true });
    expect(emulator.stats().logstores[0]?.consumerGroups).toMatchObject([
      { name: 'siem', timeoutMs: 30_000, inOrder: true },
    ]);
    expect(emulator.stats().requests.UpdateConsumerGroup).toBe(1);

    expect([...(await service.heartbeat([], signal))].sort()).toEqual([0, 1]);
    expect([...(await service.heartbeat([0, 1], signal))].sort()).toEqual([0, 1]);

    const begin = await service.getCursor(0, 'begin', signal);
    const end = await service.getCursor(0, 'end', signal);
    expect(await service.getCursor(0, Math.floor(Date.now() / 1000) - 3_600, signal)).toBe(begin);
    expect(await service.getCursor(0, Math.floor(Date.now() / 1000) + 3_600, signal)).toBe(end);
    expect(Math.abs((await service.getCursorTime(0, begin, signal)) - Date.now() / 1000)).toBeLessThan(60);

    const drained = [
      await drain(service, 0, begin),
      await drain(service, 1, await service.getCursor(1, 'begin', signal)),
    ];
    expect(drained[0]!.end).toBe(end);
    expect(drained[0]!.logs + drained[1]!.logs).toBe(2_000);

    expect(await service.getCheckpoint(0, signal)).toEqual({ cursor: undefined, updatedAtMs: 0, consumer: '' });
    const savedAtMs = Date.now();
    await service.updateCheckpoint(0, end, signal);
    const checkpoint = await service.getCheckpoint(0, signal);
    expect(checkpoint).toMatchObject({ cursor: end, consumer: 'siem-1' });
    expect(checkpoint.updatedAtMs).toBeGreaterThanOrEqual(savedAtMs);
    expect(checkpoint.updatedAtMs).toBeLessThanOrEqual(Date.now());

    expect(troubles).toEqual([]);
    expect(emulator.stats().errors).toEqual({});
  });

  test('a pull up to an end, and with a query that holds odd characters', async () => {
    const { emulator, endpoint } = await startEmulator();
    emulator.append({ logs: 500, shard: 0 });
    const plain = connect(endpoint, { signVersion, credentials: createStaticCredentials(credentials) }).service;
    const begin = await plain.getCursor(0, 'begin', signal);
    const first = await plain.pull(0, begin, { maxLogGroups: 1, signal });
    const second = await plain.pull(0, begin, { maxLogGroups: 1_000, endCursor: first.nextCursor, signal });
    expect([second.nextCursor, second.logGroupCount]).toEqual([first.nextCursor, 1]);

    const query = "* | where nosuchfield like '%~+*日志 &=''x'";
    const asking = connect(endpoint, { query, signVersion, credentials: createStaticCredentials(credentials) }).service;
    const none = await asking.pull(0, begin, { maxLogGroups: 1_000, signal });
    expect(none).toEqual({ body: undefined, nextCursor: await plain.getCursor(0, 'end', signal), logGroupCount: 0 });
  });

  test('a wrong secret ends a start with a message that says what to check', async () => {
    const { endpoint } = await startEmulator();
    const wrong = createStaticCredentials({ ...credentials, accessKeySecret: 'not-the-secret' });
    const { service } = connect(endpoint, { signVersion, credentials: wrong });
    const error = await thrownBy(service.ensureConsumerGroup({ timeoutMs: 60_000, inOrder: false }, signal, 'start'));
    expect(error).toMatchObject({ code: 'signature-not-match', action: 'fatal', status: 403 });
    expect(String(error)).toContain(`the secret (SLS_AK_KEY) belongs to the access key ${credentials.accessKeyId}`);
    expect(String(error)).not.toContain('not-the-secret');
  });

  test('a clock that is 20 minutes off ends a start, and both clocks are shown', async () => {
    const { endpoint } = await startEmulator();
    const clock = { ...systemClock, now: () => Date.now() - 20 * 60_000 };
    const { service } = connect(endpoint, { signVersion, credentials: createStaticCredentials(credentials), clock });
    const error = await thrownBy(service.ensureConsumerGroup({ timeoutMs: 60_000, inOrder: false }, signal, 'start'));
    expect(error).toMatchObject({ code: 'clock-skew', action: 'fatal' });
    expect(String(error)).toMatch(/the server says \S+Z, the clock here says \S+Z/);
  });
});

test.each([
  [
    'an unknown key',
    { credentials: createStaticCredentials({ ...key, accessKeyId: 'nobody' }) },
    'unauthorized',
    /nobody/,
  ],
  [
    'a wrong token',
    { credentials: createStaticCredentials({ ...temporary, securityToken: 'old' }) },
    'unauthorized',
    /SLS_STS_TOKEN/,
  ],
  [
    'a missing token',
    {
      credentials: createStaticCredentials({
        accessKeyId: temporary.accessKeyId,
        accessKeySecret: temporary.accessKeySecret,
      }),
    },
    'unauthorized',
    /STS\.test/,
  ],
  ['another region', { region: 'cn-beijing' }, 'signature-not-match', /region/],
  ['an unknown project', { project: 'nowhere' }, 'project-not-exist', /"nowhere"/],
  ['an unknown logstore', { logstore: 'nothing' }, 'logstore-not-exist', /"nothing" in project "demo" at http/],
] as const)('%s ends a start', async (_name, options, code, message) => {
  const { endpoint } = await startEmulator();
  const { service } = connect(endpoint, options);
  const error = await thrownBy(service.ensureConsumerGroup({ timeoutMs: 60_000, inOrder: false }, signal, 'start'));
  expect(error).toMatchObject({ action: 'fatal' });
  expect(error).toMatchObject({ code });
  expect(String(error)).toMatch(message);
});

test('localhost is connected to, though the project’s name under it may not resolve', async () => {
  const { endpoint } = await startEmulator();
  const { service } = connect(endpoint.replace('127.0.0.1', 'localhost'));
  expect(await service.listShards(signal)).toHaveLength(2);
});

test('a group past the quota: the others are named', async () => {
  const { endpoint } = await startEmulator();
  for (let i = 0; i < 30; i++) {
    await connect(endpoint, { consumerGroup: `old-${i}` }).service.ensureConsumerGroup(
      { timeoutMs: 60_000, inOrder: false },
      signal,
      'start',
    );
  }
  const { service } = connect(endpoint);
  const error = await thrownBy(service.ensureConsumerGroup({ timeoutMs: 60_000, inOrder: false }, signal, 'start'));
  expect(error).toMatchObject({ code: 'consumer-group-quota', action: 'fatal' });
  expect(String(error)).toMatch(/"old-0".*"old-29"/);
});

describe('a group of two', () => {
  test('shares the shards, and the one that lost a shard cannot save its checkpoint', async () => {
    const { emulator, endpoint } = await startEmulator();
    emulator.append({ logs: 100 });
    const { service: first } = connect(endpoint);
    const { service: second } = connect(endpoint, { consumerName: 'siem-2' });
    await first.ensureConsumerGroup({ timeoutMs: 60_000, inOrder: false }, signal, 'start');
    const all = await first.heartbeat([], signal);
    expect(all).toHaveLength(2);
    await second.heartbeat([], signal);
    const kept = await first.heartbeat(all, signal);
    expect(kept).toHaveLength(1);
    await first.heartbeat(kept, signal);
    const moved = await second.heartbeat([], signal);
    expect([...kept, ...moved].sort()).toEqual([0, 1]);

    const cursor = await first.getCursor(moved[0]!, 'end', signal);
    await expect(first.updateCheckpoint(moved[0]!, cursor, signal)).rejects.toMatchObject({
      code: 'consumer-not-match',
      action: 'release-shard',
    });
    await second.updateCheckpoint(moved[0]!, cursor, signal);
    const { service: stranger } = connect(endpoint, { consumerName: 'never-joined' });
    await expect(stranger.updateCheckpoint(moved[0]!, cursor, signal)).rejects.toMatchObject({
      code: 'consumer-not-exist',
      action: 'release-shard',
    });
  });

  test('that nobody made is missed by its heartbeats', async () => {
    const { endpoint } = await startEmulator();
    const { service } = connect(endpoint);
    await expect(service.heartbeat([], signal)).rejects.toMatchObject({ code: 'consumer-group-not-exist' });
  });
});

describe('data that is gone', () => {
  test('an expired cursor is rejected, and the earliest that exists can be had', async () => {
    const { emulator, endpoint } = await startEmulator();
    emulator.append({ logs: 1_000, shard: 0 });
    const { service } = connect(endpoint);
    const expired = await service.getCursor(0, 'begin', signal);
    emulator.expire({ shard: 0, logGroups: 1 });
    await expect(service.pull(0, expired, { maxLogGroups: 1, signal })).rejects.toMatchObject({
      code: 'invalid-cursor',
      action: 'reject',
    });
    await expect(service.getCursorTime(0, expired, signal)).rejects.toMatchObject({ action: 'reject' });
    const begin = await service.getCursor(0, 'begin', signal);
    expect(begin).not.toBe(expired);
    await service.pull(0, begin, { maxLogGroups: 1, signal });
  });

  test('a shard that does not exist is given up', async () => {
    const { endpoint } = await startEmulator();
    const { service } = connect(endpoint);
    await expect(service.getCursor(9, 'begin', signal)).rejects.toMatchObject({ action: 'release-shard' });
    await expect(service.pull(9, 'x', { maxLogGroups: 1, signal })).rejects.toMatchObject({ action: 'release-shard' });
  });

  test('a split shard is read-only', async () => {
    const { emulator, endpoint } = await startEmulator();
    emulator.split({ shard: 0 });
    const { service } = connect(endpoint);
    const shards = await service.listShards(signal);
    expect(shards.find(({ id }) => id === 0)?.status).toBe('readonly');
    expect(shards).toHaveLength(4);
  });
});

describe('faults', () => {
  test('of every transient kind are got over, and nothing is missing after them', async () => {
    const { emulator, endpoint } = await startEmulator();
    emulator.append({ logs: 3_000, shard: 0 });
    const { service } = connect(endpoint);
    const begin = await service.getCursor(0, 'begin', signal);
    emulator.faults.set({
      rules: [
        { fault: { kind: 'error', status: 503, code: 'ServerBusy' }, probability: 0.2 },
        { fault: { kind: 'error', status: 403, code: 'ShardReadQuotaExceed' }, probability: 0.2 },
        { fault: { kind: 'reset' }, probability: 0.2 },
        { fault: { kind: 'lost-answer' }, probability: 0.2 },
        { fault: { kind: 'reset-in-body' }, probability: 0.2 },
      ],
    });
    expect((await drain(service, 0, begin)).logs).toBe(3_000);
    for (const kind of ['error', 'reset', 'lost-answer', 'reset-in-body']) {
      expect(emulator.faults.injected[kind], kind).toBeGreaterThan(0);
    }
  });

  test('a key that is revoked while running is a trouble, and over when it is replaced', async () => {
    const { emulator, endpoint } = await startEmulator();
    const credentials = createStaticCredentials(key);
    const { service, troubles, recoveries } = connect(endpoint, { credentials });
    await service.ensureConsumerGroup({ timeoutMs: 60_000, inOrder: false }, signal, 'start');
    const next = { accessKeyId: 'LTAI-next', accessKeySecret: 'next' };
    emulator.setCredentials([next]);

    await expect(service.heartbeat([], signal)).rejects.toMatchObject({ code: 'unauthorized', action: 'retry' });
    const listed = service.listShards(signal);
    await expect.poll(() => service.troubles[0]?.attempts ?? 0).toBeGreaterThan(5);
    expect(troubles.map(({ kind }) => kind)).toEqual(['unauthorized']);

    credentials.replace(next);
    expect(await listed).toHaveLength(2);
    await expect.poll(() => recoveries.map(({ kind }) => kind)).toEqual(['unauthorized']);
    expect(service.troubles).toEqual([]);
  });

  test('a size that lies is refused', async () => {
    const { emulator, endpoint } = await startEmulator();
    emulator.append({ logs: 100, shard: 0 });
    const { service } = connect(endpoint);
    const begin = await service.getCursor(0, 'begin', signal);
    emulator.faults.set({
      rules: [{ action: 'PullLogs', fault: { kind: 'wrong-raw-size', byBytes: 1 << 30 }, times: 1 }],
    });
    const pull = () => service.pull(0, begin, { maxLogGroups: 10, signal });
    await expect(pull()).rejects.toMatchObject({ code: 'corrupt-batch', action: 'reject' });
    expect((await pull()).body).toBeDefined();
  });
});
