/** What is tried again, for how long, and what is said about it. */
import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type Credentials,
  type CredentialsProvider,
  createStaticCredentials,
} from '../../../src/sls/signing/credentials.ts';
import { answerError, answerJson, type Script, ScriptedServer } from '../../support/service/scripted-http.ts';
import { closeAll, makeService } from '../../support/service/sls-client.ts';

afterEach(closeAll);

const shards = [{ shardID: 0, status: 'readwrite' }];
const settings = { timeoutMs: 60_000, inOrder: false };

/** Fails the first `times` requests with `failure`, and answers the others with the shards. */
const failing =
  (times: number, failure: (response: ServerResponse, index: number) => void): Script =>
  (_request, response, index) => {
    if (index < times) failure(response, index);
    else answerJson(response, shards);
  };

describe('what time heals is tried until it works', () => {
  test.each<[string, (response: ServerResponse, index: number) => void]>([
    ['503 ServerBusy', (response) => answerError(response, 503, 'ServerBusy')],
    ['500', (response) => answerError(response, 500, 'InternalServerError')],
    ['502 from a proxy', (response) => response.writeHead(502).end('<html>Bad Gateway</html>')],
    ['403 of a quota', (response) => answerError(response, 403, 'ShardReadQuotaExceed')],
    ['403 of a forbidden project', (response) => answerError(response, 403, 'ProjectForbidden')],
    ['a reset before the answer', (response) => response.socket?.resetAndDestroy()],
    [
      'a reset within the body',
      (response) => {
        response.writeHead(200, { 'content-length': '100' }).write('[{"shard');
        setImmediate(() => response.socket?.resetAndDestroy());
      },
    ],
    [
      'a body cut short',
      (response) => {
        response.writeHead(200, { 'content-length': '100' }).write('[]');
        setImmediate(() => response.socket?.end());
      },
    ],
    ['a chunked body without its end', (response) => response.write('[]', () => response.socket?.end())],
    ['no JSON', (response) => response.end('<html>log in, please</html>')],
    ['other JSON', (response) => answerJson(response, { shards: [] })],
    ['no HTTP', (response) => response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ])('%s', async (_name, failure) => {
    const { service, server, signal, troubles, recoveries } = await makeService(failing(4, failure));
    expect(await service.listShards(signal)).toEqual([{ id: 0, status: 'readwrite' }]);
    expect(server.received).toHaveLength(5);
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toMatchObject({ operation: 'listShards', attempts: 3 });
    await expect.poll(() => recoveries).toMatchObject([{ operation: 'listShards', attempts: 4 }]);
    expect(service.troubles).toEqual([]);
  });

  test('a server that is not there yet', async () => {
    const { service, server, signal, troubles } = await makeService(failing(0, () => undefined));
    const { port } = server;
    await server.close();
    const listed = service.listShards(signal);
    await expect.poll(() => troubles[0]?.error.code).toBe('connection-refused');
    expect(troubles[0]?.error.message).toMatch(/check the endpoint http:\/\/127\.0\.0\.1/);
    const again = await ScriptedServer.start(
      failing(0, () => undefined),
      port,
    );
    expect(await listed).toHaveLength(1);
    await again.close();
  });

  test('an answer that does not come, or not to its end, in time', async () => {
    const { service, server, signal } = await makeService(
      failing(2, (response, index) => {
        if (index === 1) response.writeHead(200, { 'content-length': '100' }).write('[');
      }),
      { requestTimeoutMs: 2_000 },
    );
    expect(await service.listShards(signal)).toHaveLength(1);
    expect(server.received).toHaveLength(3);
    const abandoned = server.received.slice(0, 2).map(({ connection }) => connection);
    await expect.poll(() => abandoned.filter((connection) => server.isOpen(connection))).toEqual([]);
  });

  test('a body beyond all bounds is not read to its end', async () => {
    const { service, signal } = await makeService(
      failing(1, (response) => {
        response.writeHead(200);
        const pour = () => {
          while (!response.destroyed && response.write(Buffer.alloc(1 << 20, ' ')));
        };
        response.on('drain', pour);
        pour();
      }),
    );
    expect(await service.listShards(signal)).toHaveLength(1);
  });
});

test('https to a port that speaks none is told at once, and tried again: it may not be the service that answers', async () => {
  const server = await ScriptedServer.start(failing(0, () => undefined));
  const { service, troubles } = await makeService(() => undefined, { endpoint: `https://127.0.0.1:${server.port}` });
  const aborting = new AbortController();
  const act = service.ensureConsumerGroup(settings, aborting.signal, 'start');
  await expect.poll(() => troubles).toMatchObject([{ kind: 'not-tls', attempts: 1 }]);
  expect(troubles[0]?.error.message).toContain('write http:// in front of the endpoint');
  aborting.abort(new Error('enough'));
  await expect(act).rejects.toThrow('enough');
  await server.close();
});

test.each([403, 404])('a proxy’s page (%i) ends no start, whatever was asked first', async (status) => {
  const { service, server, signal } = await makeService((_request, response, index) => {
    if (index < 2) response.writeHead(status).end('<html>no</html>');
    else answerJson(response, [{ name: 'siem', timeout: 60, order: false }]);
  });
  const group = await service.ensureConsumerGroup(settings, signal, 'start');
  expect(group).toEqual({ timeoutMs: 60_000, inOrder: false, isNew: false });
  expect(server.received).toHaveLength(3);
});

test('connections are kept and used again, after errors too', async () => {
  const { service, server, signal } = await makeService(
    failing(3, (response) => answerError(response, 503, 'ServerBusy')),
  );
  for (let i = 0; i < 20; i++) await service.listShards(signal);
  // Two: a request that follows another at once may find its connection not free yet.
  expect(new Set(server.received.map(({ connection }) => connection)).size).toBeLessThanOrEqual(2);
});

describe('what somebody has to set right', () => {
  const refusals: [number, string, string][] = [
    [401, 'Unauthorized', 'unauthorized'],
    [403, 'SignatureNotMatch', 'signature-not-match'],
    [400, 'RequestTimeTooSkewed', 'clock-skew'],
    [404, 'ProjectNotExist', 'project-not-exist'],
    [404, 'LogStoreNotExist', 'logstore-not-exist'],
  ];

  test.each(refusals)('%i %s ends a start', async (status, serviceCode, code) => {
    const { service, server, signal, troubles } = await makeService((_request, response) =>
      answerError(response, status, serviceCode),
    );
    const act = service.ensureConsumerGroup(settings, signal, 'start');
    await expect(act).rejects.toMatchObject({ code, action: 'fatal', serviceCode });
    // A key that may not list the groups may create one.
    expect(server.received).toHaveLength(serviceCode === 'Unauthorized' ? 2 : 1);
    expect(troubles).toEqual([]);
  });

  test.each(refusals)('%i %s is retried while running, and told of at once', async (status, serviceCode, code) => {
    const { service, server, signal, troubles } = await makeService((_request, response, index) => {
      if (index < 3) answerError(response, status, serviceCode);
      else answerJson(response, shards);
    });
    expect(await service.listShards(signal)).toHaveLength(1);
    expect(server.received).toHaveLength(4);
    expect(troubles).toMatchObject([{ kind: code, attempts: 1 }]);
  });

  test('is thrown by ensureConsumerGroup while running too, but not as fatal', async () => {
    const { service, server, signal } = await makeService((_request, response) =>
      answerError(response, 401, 'Unauthorized'),
    );
    await expect(service.ensureConsumerGroup(settings, signal, 'running')).rejects.toMatchObject({ action: 'retry' });
    expect(server.received).toHaveLength(2);
  });

  test('an unknown refusal ends a start, and is retried while running, whatever worked before', async () => {
    const { service, server, signal } = await makeService((_request, response, index) => {
      if (index < 3) answerError(response, 400, 'NeverHeardOf', 'what is this?');
      else answerJson(response, shards);
    });
    const first = await service.heartbeat([], signal, 'start').catch((thrown: unknown) => thrown);
    expect(first).toMatchObject({ code: 'request-refused', action: 'fatal' });
    expect(String(first)).toContain('what is this?');
    await service.listShards(signal);
    expect(server.received).toHaveLength(4);
  });
});

describe('heartbeats and checkpoints are tried once', () => {
  test.each([
    ['heartbeat', (service: Service, signal: AbortSignal) => service.heartbeat([], signal)],
    ['updateCheckpoint', (service: Service, signal: AbortSignal) => service.updateCheckpoint(1, 'c', signal)],
  ] as const)('%s', async (_name, act) => {
    const { service, server, signal } = await makeService((_request, response) =>
      answerError(response, 503, 'ServerBusy'),
    );
    await expect(act(service, signal)).rejects.toMatchObject({ code: 'server-busy', action: 'retry' });
    expect(server.received).toHaveLength(1);
  });

  test('and if nobody tries again, the trouble does not stay for ever', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const { service, signal } = await makeService((_request, response) => answerError(response, 503, 'ServerBusy'));
    for (let i = 0; i < 3; i++) await expect(service.heartbeat([], signal)).rejects.toThrow();
    expect(service.troubles).toMatchObject([{ kind: 'server-busy', attempts: 3 }]);
    expect(timers.mock.calls.map(([, delayMs]) => delayMs)).toContain(120_000);
    timers.mockRestore();
  });

  type Service = Awaited<ReturnType<typeof makeService>>['service'];
});

describe('refused credentials', () => {
  const goodKey = 'LTAI-good';
  /** Knows one key only. */
  const keyed: Script = ({ headers }, response) => {
    if (headers.authorization?.includes(goodKey)) answerJson(response, shards);
    else answerError(response, 401, 'Unauthorized');
  };
  const key = (accessKeyId: string): Credentials => ({ accessKeyId, accessKeySecret: 'the-secret' });

  /** Answers the first request, so that the client is running, whatever the key. */
  async function running(provider: CredentialsProvider) {
    const made = await makeService((_request, response) => answerJson(response, shards), { credentials: provider });
    await made.service.listShards(made.signal);
    made.server.script = keyed;
    made.server.received.length = 0;
    return made;
  }

  test('are refreshed first, and the call is made again at once, whichever it is', async () => {
    let current = key('LTAI-old');
    let refreshes = 0;
    const { service, server, signal } = await running({
      current: () => Promise.resolve(current),
      refresh: async () => {
        refreshes++;
        current = key(goodKey);
      },
    });
    // A heartbeat, for it is not tried again otherwise. Its answer is not the shards', which is as good as any.
    await expect(service.heartbeat([], signal)).rejects.toMatchObject({ code: 'bad-answer', status: 200 });
    expect([refreshes, server.received.length]).toEqual([1, 2]);
  });

  test('are refreshed once for all calls that meet it', async () => {
    let current = key('LTAI-old');
    let refreshes = 0;
    let finish: () => void = () => undefined;
    const { service, server, signal } = await running({
      current: () => current,
      refresh: () => {
        refreshes++;
        return new Promise<void>((resolve) => {
          finish = () => {
            current = key(goodKey);
            resolve();
          };
        });
      },
    });
    const calls = Array.from({ length: 10 }, () => service.listShards(signal));
    await server.requested(10);
    await expect.poll(() => refreshes).toBe(1);
    finish();
    await Promise.all(calls);
    expect(refreshes).toBe(1);
    // Each once refused, and once with the new key: nobody has asked in the meantime.
    expect(server.received).toHaveLength(20);
  });

  test('that are new every time are no reason to ask without end', async () => {
    let asked = 0;
    const { service, server, signal } = await running({
      current: () => key(`LTAI-${asked++}`),
      refresh: () => Promise.resolve(),
    });
    await expect(service.heartbeat([], signal)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(server.received).toHaveLength(2);
  });

  test('that stay the same are tried with backoff', async () => {
    const provider = createStaticCredentials(key('LTAI-old'));
    const { service, server, signal, troubles, recoveries } = await running(provider);
    const listed = service.listShards(signal);
    await server.requested(5);
    expect(service.troubles).toMatchObject([{ kind: 'unauthorized', operation: 'listShards' }]);
    provider.replace(key(goodKey));
    await listed;
    expect(troubles).toHaveLength(1);
    await expect.poll(() => recoveries).toHaveLength(1);
  });

  test('that cannot be refreshed are a trouble of their own', async () => {
    const aborting = new AbortController();
    const { service, troubles } = await running({
      current: () => key('LTAI-old'),
      refresh: () => Promise.reject(new Error('the token service says no to the-secret')),
    });
    const listed = service.listShards(aborting.signal);
    await expect.poll(() => troubles.map(({ kind }) => kind)).toEqual(['unauthorized', 'credentials-not-refreshed']);
    expect(troubles[1]?.error.message).toMatch(/the token service says no to \[redacted\]/);
    aborting.abort(new Error('enough'));
    await expect(listed).rejects.toThrow('enough');
  });

  test('a provider that has none at start is asked again, and told of at once', async () => {
    let asked = 0;
    const current = async () => {
      if (++asked < 3) throw new Error('no role here');
      return { accessKeyId: 'LTAI', accessKeySecret: 'the-secret' };
    };
    const { service, server, signal, troubles } = await makeService(
      (_request, response) => answerJson(response, [{ name: 'siem' }]),
      { credentials: { current, refresh: () => Promise.resolve() } },
    );
    await service.ensureConsumerGroup(settings, signal, 'start');
    expect(troubles[0]?.error).toMatchObject({
      code: 'credentials-unavailable',
      message: 'there are no credentials to sign with: no role here',
    });
    expect(server.received).toHaveLength(1);
  });

  test('no error holds the secret', async () => {
    const { service, signal } = await makeService((_request, response) =>
      answerError(response, 403, 'SignatureNotMatch', 'the secret is the-secret'),
    );
    const error = await service.ensureConsumerGroup(settings, signal, 'start').catch((thrown: unknown) => thrown);
    const { message, context } = error as { message: string; context: unknown };
    expect(message + JSON.stringify(context)).not.toContain('the-secret');
  });
});

describe('an abort', () => {
  const reason = new Error('the shard was stopped');

  test.each<[string, Script]>([
    ['before the answer', () => undefined],
    ['within the body', (_request, response) => void response.writeHead(200, { 'content-length': '100' }).write('[')],
    ['between two attempts', (_request, response) => answerError(response, 503, 'ServerBusy')],
  ])('%s ends the call with the signal’s own reason', async (_name, script) => {
    const aborting = new AbortController();
    const { service, server, troubles } = await makeService(script, {
      backoff: { minMs: 3_600_000, maxMs: 3_600_000 },
    });
    const listed = service.listShards(aborting.signal);
    await server.requested(1);
    setImmediate(() => aborting.abort(reason));
    await expect(listed).rejects.toBe(reason);
    expect(getEventListeners(aborting.signal, 'abort')).toEqual([]);
    expect(troubles).toEqual([]);
  });

  test('that came before makes no request', async () => {
    const { service, server } = await makeService(() => undefined);
    await expect(service.listShards(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(server.received).toEqual([]);
  });

  test('leaves no listener behind after a call that worked', async () => {
    const { service, signal } = await makeService(failing(2, (response) => answerError(response, 503, 'ServerBusy')));
    for (let i = 0; i < 20; i++) await service.listShards(signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('close', () => {
  test('ends calls under way and those to come, and may be called again', async () => {
    const { service, server, signal } = await makeService(() => undefined);
    const listed = service.listShards(signal);
    const waiting = expect(listed).rejects.toMatchObject({ code: 'service-closed' });
    await server.requested(1);
    await Promise.all([service.close(), service.close()]);
    await waiting;
    await expect(service.heartbeat([], signal)).rejects.toMatchObject({ code: 'service-closed' });
    await expect.poll(() => server.openConnections).toBe(0);
  });

  test('ends a call that waits for its next attempt', async () => {
    const { service, server, signal } = await makeService(
      (_request, response) => answerError(response, 503, 'ServerBusy'),
      { backoff: { minMs: 3_600_000, maxMs: 3_600_000 } },
    );
    const waiting = expect(service.listShards(signal)).rejects.toMatchObject({ code: 'service-closed' });
    await server.requested(1);
    await service.close();
    await waiting;
  });
});
