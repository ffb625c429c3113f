/** What each operation asks, and what it makes of the answer. */
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { createStaticCredentials } from '../../../src/sls/credentials.ts';
import { createLogService } from '../../../src/sls/sls-log-service.ts';
import { answerError, answerJson, type Script } from '../../support/scripted-http.ts';
import { closeAll, makeService } from '../../support/sls-client.ts';

afterEach(closeAll);

const answering =
  (body: unknown): Script =>
  (_request, response) =>
    answerJson(response, body);

test('listShards', async () => {
  const { service, server, signal } = await makeService(
    answering([
      { shardID: 0, status: 'readwrite', inclusiveBeginKey: '00', exclusiveEndKey: '80', createTime: 1 },
      { shardID: 1, status: 'ReadOnly' },
    ]),
  );
  expect(await service.listShards(signal)).toEqual([
    { id: 0, status: 'readwrite' },
    { id: 1, status: 'readonly' },
  ]);
  const [request] = server.received;
  expect([request?.method, request?.url]).toEqual(['GET', '/logstores/store/shards']);
  expect(request?.headers).toMatchObject({
    host: `proj.127.0.0.1:${server.port}`,
    'user-agent': 'sls-syslog/1.2.3 (group siem; consumer siem-1)',
    'x-log-apiversion': '0.6.0',
    'x-log-bodyrawsize': '0',
    'x-log-signaturemethod': 'hmac-sha1',
    authorization: expect.stringMatching(/^LOG LTAI:/),
  });
  expect(request?.headers['content-type']).toBeUndefined();
});

test.each([
  ['begin', 'begin'],
  ['end', 'end'],
  [1_700_000_000.9, '1700000000'],
] as const)('getCursor at %s', async (position, from) => {
  const { service, server, signal } = await makeService(answering({ cursor: 'MTIz' }));
  expect(await service.getCursor(3, position, signal)).toBe('MTIz');
  expect(server.received[0]?.url).toBe(`/logstores/store/shards/3?type=cursor&from=${from}`);
});

test('getCursorTime', async () => {
  const { service, server, signal } = await makeService(answering({ cursor_time: 1_700_000_000 }));
  expect(await service.getCursorTime(3, 'MT+z/A==', signal)).toBe(1_700_000_000);
  expect(server.received[0]?.url).toBe('/logstores/store/shards/3?type=cursor_time&cursor=MT%2Bz%2FA%3D%3D');
});

test('getCursorTime rejects where the service has no time to tell, for its callers can do without', async () => {
  const { service, server, signal } = await makeService((_request, response) =>
    answerError(response, 400, 'ParameterInvalid'),
  );
  await expect(service.getCursorTime(3, 'c', signal)).rejects.toMatchObject({ action: 'reject' });
  expect(server.received).toHaveLength(1);
});

test('heartbeat', async () => {
  const { service, server, signal } = await makeService(answering([2, 3]));
  expect(await service.heartbeat([1, 2], signal)).toEqual([2, 3]);
  const [request] = server.received;
  expect([request?.method, request?.url]).toEqual([
    'POST',
    '/logstores/store/consumergroups/siem?type=heartbeat&consumer=siem-1',
  ]);
  expect(request?.body.toString()).toBe('[1,2]');
  expect(request?.headers).toMatchObject({ 'content-type': 'application/json', 'x-log-bodyrawsize': '5' });
});

describe('getCheckpoint', () => {
  test('is the shard’s own, its time in milliseconds', async () => {
    const { service, server, signal } = await makeService(
      answering([
        { shard: 0, checkpoint: 'AAA', updateTime: 1, consumer: 'x' },
        { shard: 3, checkpoint: 'MTIz', updateTime: 1_700_000_000_123_456, consumer: 'siem-0' },
      ]),
    );
    expect(await service.getCheckpoint(3, signal)).toEqual({
      cursor: 'MTIz',
      updatedAtMs: 1_700_000_000_123,
      consumer: 'siem-0',
    });
    expect(server.received[0]?.url).toBe('/logstores/store/consumergroups/siem?shard=3');
  });

  test.each([
    [[]],
    [[{ shard: 3, checkpoint: '', updateTime: 0, consumer: '' }]],
    [[{ shard: 4, checkpoint: 'X', updateTime: 1, consumer: 'x' }]],
  ])('is none yet: %j', async (answer) => {
    const { service, signal } = await makeService(answering(answer));
    expect(await service.getCheckpoint(3, signal)).toEqual({ cursor: undefined, updatedAtMs: 0, consumer: '' });
  });
});

test('listCheckpoints asks once for those of all shards, and leaves out those without one', async () => {
  const { service, server, signal } = await makeService(
    answering([
      { shard: 0, checkpoint: '', updateTime: 0, consumer: '' },
      { shard: 3, checkpoint: 'MTIz', updateTime: 1_700_000_000_123_456, consumer: 'siem-0' },
    ]),
  );
  expect(await service.listCheckpoints(signal)).toEqual(
    new Map([[3, { cursor: 'MTIz', updatedAtMs: 1_700_000_000_123, consumer: 'siem-0' }]]),
  );
  expect(server.received.map(({ url }) => url)).toEqual(['/logstores/store/consumergroups/siem']);
});

test.each([500, 403, 400])('listCheckpoints tries once, and a refusal (%i) is nothing to end for', async (status) => {
  const { service, server, signal } = await makeService((_request, response) => {
    response.statusCode = status;
    response.end();
  });
  await expect(service.listCheckpoints(signal)).rejects.not.toMatchObject({ action: 'fatal' });
  expect(server.received).toHaveLength(1);
});

test('updateCheckpoint is never forced', async () => {
  const { service, server, signal } = await makeService((_request, response) => response.end());
  await service.updateCheckpoint(3, 'MTIz', signal);
  const [request] = server.received;
  expect([request?.method, request?.url]).toEqual([
    'POST',
    '/logstores/store/consumergroups/siem?type=checkpoint&consumer=siem-1&forceSuccess=false',
  ]);
  expect(JSON.parse(String(request?.body))).toEqual({ shard: 3, checkpoint: 'MTIz' });
});

test.each(['ConsumerNotMatch', 'ConsumerNotExsit', 'ShardNotExist'])(
  'updateCheckpoint gives the shard up on %s',
  async (code) => {
    const { service, server, signal } = await makeService((_request, response) => answerError(response, 400, code));
    await expect(service.updateCheckpoint(3, 'c', signal)).rejects.toMatchObject({ action: 'release-shard' });
    expect(server.received).toHaveLength(1);
  },
);

test('a heartbeat to a deleted group says so, once', async () => {
  const { service, server, signal } = await makeService((_request, response) =>
    answerError(response, 404, 'ConsumerGroupNotExist'),
  );
  await expect(service.heartbeat([], signal)).rejects.toMatchObject({ code: 'consumer-group-not-exist' });
  expect(server.received).toHaveLength(1);
});

describe('ensureConsumerGroup', () => {
  const settings = { timeoutMs: 60_001, inOrder: true };

  test('creates it, with a timeout in whole seconds, rounded up', async () => {
    const { service, server, signal } = await makeService((_request, response) => response.end());
    await service.ensureConsumerGroup(settings, signal);
    expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /logstores/store/consumergroups',
    ]);
    expect(JSON.parse(String(server.received[0]?.body))).toEqual({ consumerGroup: 'siem', timeout: 61, order: true });
  });

  const existing =
    (groups: unknown): Script =>
    ({ method }, response) => {
      if (method === 'POST') answerError(response, 400, 'ConsumerGroupAlreadyExist');
      else answerJson(response, groups);
    };

  test('leaves one alone that is as it should be', async () => {
    const groups = [
      { name: 'other', timeout: 1, order: false },
      { name: 'siem', timeout: 61, order: true },
    ];
    const { service, server, signal } = await makeService(existing(groups));
    await service.ensureConsumerGroup(settings, signal);
    expect(server.received.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  test.each([[{ name: 'siem', timeout: 60, order: true }], [{ name: 'siem', timeout: 61, order: false }]])(
    'updates one that differs: %j',
    async (group) => {
      const { service, server, signal } = await makeService(existing([group]));
      await service.ensureConsumerGroup(settings, signal);
      const { method, url, body } = server.received[2]!;
      expect([method, url]).toEqual(['PUT', '/logstores/store/consumergroups/siem']);
      expect(JSON.parse(String(body))).toEqual({ timeout: 61, order: true });
    },
  );

  test('past the quota tells which groups there are', async () => {
    const { service, signal } = await makeService(({ method }, response) => {
      if (method === 'POST') answerError(response, 400, 'ConsumerGroupQuotaExceed');
      else
        answerJson(response, [
          { name: 'old-1', timeout: 1, order: false },
          { name: 'old-2', timeout: 1, order: false },
        ]);
    });
    const error = await service.ensureConsumerGroup(settings, signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'consumer-group-quota', action: 'fatal' });
    expect(String(error)).toContain('delete those that are not used any more; there are: "old-1", "old-2"');
  });

  test('past the quota says so, though the groups cannot be listed', async () => {
    const { service, signal } = await makeService(({ method }, response) => {
      if (method === 'POST') answerError(response, 400, 'ConsumerGroupQuotaExceed');
      else answerError(response, 503, 'ServerBusy');
    });
    await expect(service.ensureConsumerGroup(settings, signal)).rejects.toMatchObject({ code: 'consumer-group-quota' });
  });

  test('that may create but not list is fatal at start: the first answer does not make it "running"', async () => {
    const { service, signal } = await makeService(({ method }, response) => {
      if (method === 'POST') answerError(response, 400, 'ConsumerGroupAlreadyExist');
      else if (method === 'GET') answerJson(response, [{ name: 'siem', timeout: 1, order: true }]);
      else answerError(response, 401, 'Unauthorized', 'denied by sts or ram, action: log:UpdateConsumerGroup');
    });
    const error = await service.ensureConsumerGroup(settings, signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unauthorized', action: 'fatal' });
    expect(String(error)).toContain('RAM policy allows log:UpdateConsumerGroup');
  });
});

test('names are encoded where they stand', async () => {
  const { service, server, signal } = await makeService(answering([]), {
    logstore: 'st/ore?',
    consumerGroup: 'gr oup',
    consumerName: 'höst 1&x=y',
  });
  await service.heartbeat([], signal);
  const [request] = server.received;
  expect(request?.url).toBe(
    '/logstores/st%2Fore%3F/consumergroups/gr%20oup?type=heartbeat&consumer=h%C3%B6st%201%26x%3Dy',
  );
  expect(request?.headers['user-agent']).toBe('sls-syslog/1.2.3 (group gr oup; consumer h?st 1&x=y)');
});

test('v4 and STS are on the wire', async () => {
  const { service, server, signal } = await makeService(answering([]), {
    signVersion: 'v4',
    region: 'cn-hangzhou',
    credentials: createStaticCredentials({ accessKeyId: 'STS.1', accessKeySecret: 's', securityToken: 'tok' }),
  });
  await service.heartbeat([], signal);
  expect(server.received[0]?.headers).toMatchObject({
    'x-acs-security-token': 'tok',
    'x-log-date': expect.stringMatching(/^\d{8}T\d{6}Z$/),
    authorization: expect.stringMatching(
      /^SLS4-HMAC-SHA256 Credential=STS\.1\/\d{8}\/cn-hangzhou\/sls\/aliyun_v4_request,Signature=[0-9a-f]{64}$/,
    ),
  });
});

test('v4 without a region is refused where it is made', () => {
  const options = {
    endpoint: 'http://127.0.0.1:1',
    project: 'p',
    logstore: 'l',
    consumerGroup: 'g',
    consumerName: 'c',
    credentials: createStaticCredentials({ accessKeyId: 'a', accessKeySecret: 'b' }),
    signVersion: 'v4',
  } as const;
  expect(() => createLogService(options)).toThrow(ConfigError);
  expect(() => createLogService(options)).toThrow(/set the region, or use v1/);
});
