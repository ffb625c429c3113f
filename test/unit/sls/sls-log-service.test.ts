/** What each operation asks, and what it makes of the answer. */
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/core/errors.ts';
import { createStaticCredentials } from '../../../src/sls/signing/credentials.ts';
import { createLogService } from '../../../src/sls/sls-log-service.ts';
import { answerError, answerJson, type Script } from '../../support/service/scripted-http.ts';
import { closeAll, makeService } from '../../support/service/sls-client.ts';

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
    { id: 0, status: 'readwrite', createdAtMs: 1_000 },
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
    [[{ shard: 3, checkpoint: null, updateTime: null }]],
    [[{ shard: 3 }]],
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

test('restoreCheckpoint is, for nobody owns the shards of a group that is made anew', async () => {
  const { service, server, signal } = await makeService((_request, response) => response.end());
  await service.restoreCheckpoint(3, 'MTIz', signal);
  expect(server.received[0]?.url).toBe(
    '/logstores/store/consumergroups/siem?type=checkpoint&consumer=siem-1&forceSuccess=true',
  );
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

  const requests = (received: readonly { readonly method: string; readonly url: string }[]) =>
    received.map(({ method, url }) => `${method} ${url}`);
  const list = 'GET /logstores/store/consumergroups';
  const create = 'POST /logstores/store/consumergroups';

  /** Groups as the service has them: created, and there from then on. */
  const keeping = (groups: { name: string; timeout?: number | null; order?: boolean | null }[]): Script => {
    return ({ method, body }, response) => {
      if (method === 'GET') answerJson(response, groups);
      else {
        if (method === 'POST') {
          const { consumerGroup: name, ...given } = JSON.parse(String(body));
          groups.push({ name, ...given });
        }
        response.end();
      }
    };
  };

  test('creates it where there is none, with a timeout in whole seconds, rounded up, and looks again', async () => {
    const { service, server, signal } = await makeService(keeping([{ name: 'other', timeout: 1, order: false }]));
    const group = await service.ensureConsumerGroup(settings, signal, 'start');
    expect(group).toEqual({ timeoutMs: 61_000, inOrder: true, isNew: true });
    expect(requests(server.received)).toEqual([list, create, list]);
    expect(JSON.parse(String(server.received[1]?.body))).toEqual({ consumerGroup: 'siem', timeout: 61, order: true });
  });

  test('leaves one alone that is there, whatever it is set to', async () => {
    const { service, server, signal } = await makeService(keeping([{ name: 'siem', timeout: 1, order: false }]));
    const group = await service.ensureConsumerGroup(settings, signal, 'start');
    expect(group).toEqual({ timeoutMs: 1_000, inOrder: false, isNew: false });
    expect(requests(server.received)).toEqual([list]);
  });

  test.each([[{ name: 'siem' }], [{ name: 'siem', timeout: null, order: null }]])(
    'needs none of its settings: %j',
    async (group) => {
      const { service, signal } = await makeService(keeping([group]));
      const found = await service.ensureConsumerGroup(settings, signal, 'start');
      expect(found).toEqual({ timeoutMs: undefined, inOrder: undefined, isNew: false });
    },
  );

  test.each([[{ name: 'siem', timeout: 60, order: true }], [{ name: 'siem', timeout: 61, order: false }]])(
    'updates one that differs where it is asked to: %j',
    async (group) => {
      const { service, server, signal } = await makeService(keeping([group]));
      await service.ensureConsumerGroup({ ...settings, mayUpdate: true }, signal, 'start');
      const { method, url, body } = server.received[1]!;
      expect([method, url]).toEqual(['PUT', '/logstores/store/consumergroups/siem']);
      expect(JSON.parse(String(body))).toEqual({ timeout: 61, order: true });
    },
  );

  test('adopts one that somebody else has created in between', async () => {
    const { service, server, signal } = await makeService(({ method }, response, index) => {
      if (method === 'POST') answerError(response, 400, 'ConsumerGroupAlreadyExist');
      else answerJson(response, index === 0 ? [] : [{ name: 'siem', timeout: 30, order: false }]);
    });
    const group = await service.ensureConsumerGroup(settings, signal, 'start');
    expect(group).toEqual({ timeoutMs: 30_000, inOrder: false, isNew: false });
    expect(requests(server.received)).toEqual([list, create, list]);
  });

  test('creates it again where "it exists" was said of one that is gone', async () => {
    let creates = 0;
    const groups: { name: string }[] = [];
    const { service, signal } = await makeService(({ method }, response) => {
      if (method === 'GET') return answerJson(response, groups);
      if (++creates === 1) return answerError(response, 400, 'ConsumerGroupAlreadyExist');
      groups.push({ name: 'siem' });
      response.end();
    });
    expect(await service.ensureConsumerGroup(settings, signal, 'start')).toMatchObject({ isNew: true });
  });

  test('does not look for ever for one that exists and is not listed', async () => {
    const { service, server, signal } = await makeService(({ method }, response) => {
      if (method === 'POST') answerError(response, 400, 'ConsumerGroupAlreadyExist');
      else answerJson(response, []);
    });
    const group = await service.ensureConsumerGroup(settings, signal, 'start');
    expect(group).toEqual({ timeoutMs: undefined, inOrder: undefined, isNew: false });
    expect(server.received.length).toBeLessThan(10);
  });

  test('does with a key that may create and not list', async () => {
    const { service, server, signal } = await makeService(({ method }, response) => {
      if (method === 'GET') answerError(response, 401, 'Unauthorized', 'denied, action: log:ListConsumerGroup');
      else response.end();
    });
    expect(await service.ensureConsumerGroup(settings, signal, 'start')).toMatchObject({ isNew: true });
    expect(requests(server.received)).toEqual([list, create]);
  });

  test('says who has to create it where the key may not', async () => {
    const { service, signal } = await makeService(({ method }, response) => {
      if (method === 'GET') answerJson(response, []);
      else answerError(response, 401, 'Unauthorized', 'denied, action: log:CreateConsumerGroup');
    });
    const error = await service.ensureConsumerGroup(settings, signal, 'start').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unauthorized', action: 'fatal' });
    expect(String(error)).toContain('RAM policy allows log:CreateConsumerGroup');
    expect(String(error)).toContain('somebody else has to create it, with a timeout of 61s');
  });

  test('past the quota tells which groups there are', async () => {
    const { service, signal } = await makeService(({ method }, response) => {
      if (method === 'POST') answerError(response, 400, 'ConsumerGroupQuotaExceed');
      else
        answerJson(response, [
          { name: 'old-1', timeout: 1, order: false },
          { name: 'old-2', timeout: 1, order: false },
        ]);
    });
    const error = await service.ensureConsumerGroup(settings, signal, 'start').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'consumer-group-quota', action: 'fatal' });
    expect(String(error)).toContain('delete those that are not used any more; there are: "old-1", "old-2"');
  });

  test('past the quota says so, though the groups cannot be listed again', async () => {
    const { service, signal } = await makeService(({ method }, response, index) => {
      if (method === 'POST') answerError(response, 400, 'ConsumerGroupQuotaExceed');
      else if (index === 0) answerJson(response, []);
      else answerError(response, 503, 'ServerBusy');
    });
    const act = service.ensureConsumerGroup(settings, signal, 'start');
    await expect(act).rejects.toMatchObject({ code: 'consumer-group-quota' });
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
