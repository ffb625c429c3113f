/**
 * The signers against the official npm packages: those are made to send a request to a server of ours, and what
 * they signed has to be what we sign for the same request, key and time.
 */
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { $OpenApiUtil } from '@alicloud/openapi-core';
import { RuntimeOptions } from '@darabonba/typescript';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signV1, stringToSignV1 } from '../../../../src/sls/signing/sign-v1.ts';
import { createKeyOfDay, signV4 } from '../../../../src/sls/signing/sign-v4.ts';
import { percentEncode, type SignableRequest } from '../../../../src/sls/signing/signable-request.ts';
import { answerJson, type Received, ScriptedServer } from '../../../support/service/scripted-http.ts';

const require = createRequire(import.meta.url);
type SlsModule = typeof import('@alicloud/sls20201230', { with: { 'resolution-mode': 'require' }});

interface Case {
  readonly name: string;
  readonly method: SignableRequest['method'];
  readonly path: string;
  readonly query: Record<string, string>;
  readonly json?: unknown;
  readonly securityToken?: string;
}

const cases: readonly Case[] = [
  { name: 'a bare GET', method: 'GET', path: '/logstores/web/shards', query: {} },
  {
    name: 'a pull',
    method: 'GET',
    path: '/logstores/web/shards/3',
    query: { type: 'logs', cursor: 'MTQ0NzMyOTQwMTEwMjEzMDkwNA==', count: '1000' },
  },
  {
    name: 'a pull with SPL',
    method: 'GET',
    path: '/logstores/web/shards/0',
    query: { type: 'logs', cursor: 'a+b/c=', query: '* | where a = 1 & b like "x%"', pullMode: 'scan_on_stream' },
  },
  {
    name: 'a heartbeat',
    method: 'POST',
    path: '/logstores/web/consumergroups/siem',
    query: { type: 'heartbeat', consumer: 'siem-host 1~a' },
    json: [0, 1, 2],
  },
  {
    name: 'a checkpoint',
    method: 'POST',
    path: '/logstores/web/consumergroups/siem',
    query: { type: 'checkpoint', consumer: 'c', forceSuccess: 'false' },
    json: { shard: 7, checkpoint: 'MTIzNA==' },
  },
  { name: 'a PUT', method: 'PUT', path: '/logstores/web/consumergroups/siem', query: {}, json: { timeout: 60 } },
  { name: 'a DELETE', method: 'DELETE', path: '/logstores/web/consumergroups/siem', query: {} },
  // @alicloud/log sorts `key=value`, everybody else by the key: that differs only where a key begins with another.
  { name: 'an empty value', method: 'GET', path: '/x', query: { b: '', a: '1', 'c-d': '2' } },
  { name: 'characters of all kinds', method: 'GET', path: '/x', query: { v: '~+ *-_.:/?#[]@$&,;=%|\\"<>^`{}' } },
  { name: 'unicode', method: 'POST', path: '/x', query: { v: '日志 é 🙂' }, json: { text: '日志 🙂' } },
  { name: 'an STS token', method: 'GET', path: '/x', query: { type: 'cursor' }, securityToken: 'CAIS+token/==' },
  { name: 'an STS token and a body', method: 'POST', path: '/x', query: {}, json: {}, securityToken: 'CAIS+token/==' },
];

const accessKeyId = 'LTAI5tExample';
const accessKeySecret = 'sEcReT/+example';
const region = 'cn-hangzhou';

let server: ScriptedServer;
beforeAll(async () => {
  server = await ScriptedServer.start((_request, response) => answerJson(response, {}));
});
afterAll(() => server.close());

const credentialsOf = ({ securityToken }: Case) => ({
  accessKeyId,
  accessKeySecret,
  ...(securityToken !== undefined && { securityToken }),
});

/** What was captured, as we would be given it to sign: without what signing adds. */
function toSignable({ method, path, query }: Case, { headers, body }: Received): SignableRequest {
  const own = ['authorization', 'date', 'content-md5', 'x-log-date', 'x-log-content-sha256', 'x-log-signaturemethod'];
  const kept = Object.entries(headers).filter(([name]) => !own.includes(name) && name !== 'x-acs-security-token');
  return {
    method,
    path,
    query,
    headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
    body: body.length > 0 ? body : undefined,
  };
}

describe('v1 signs as @alicloud/log does', () => {
  interface LogClient {
    _request(
      verb: string,
      project: undefined,
      path: string,
      queries: Record<string, string>,
      body: Buffer | null,
      headers: Record<string, string>,
    ): Promise<unknown>;
  }
  const LogClient = require('@alicloud/log') as new (config: object) => LogClient;

  test.each(cases)('$name', async (each) => {
    const client = new LogClient({ ...credentialsOf(each), endpoint: server.endpoint });
    const body = each.json === undefined ? null : Buffer.from(JSON.stringify(each.json));
    const before = server.received.length;
    await client._request(each.method, undefined, each.path, each.query, body, {
      'x-log-bodyrawsize': String(body?.length ?? 0),
    });
    const captured = server.received[before]!;

    const signed = signV1(toSignable(each, captured), credentialsOf(each), Date.parse(captured.headers.date!));

    expect(signed.authorization).toBe(captured.headers.authorization);
    expect(signed['content-md5']).toBe(captured.headers['content-md5']);
    expect(signed.date).toBe(captured.headers.date);
    expect(signed['x-acs-security-token']).toBe(captured.headers['x-acs-security-token']);
  });
});

describe('v4 and v1 sign as @alicloud/sls20201230 does', () => {
  const { default: SlsClient } = require('@alicloud/sls20201230') as SlsModule;

  async function capture(each: Case, signatureVersion: 'v1' | 'v4'): Promise<Received> {
    const client = new SlsClient(
      new $OpenApiUtil.Config({
        ...credentialsOf(each),
        endpoint: `127.0.0.1:${server.port}`,
        protocol: 'http',
        regionId: region,
        signatureVersion,
      }),
    );
    const params = new $OpenApiUtil.Params({
      action: 'Test',
      version: '2020-12-30',
      protocol: 'HTTP',
      pathname: each.path,
      method: each.method,
      authType: 'AK',
      style: 'ROA',
      reqBodyType: 'json',
      bodyType: 'json',
    });
    const before = server.received.length;
    const request = new $OpenApiUtil.OpenApiRequest({ headers: {}, query: { ...each.query }, body: each.json });
    await client.execute(params, request, new RuntimeOptions({}));
    return server.received[before]!;
  }

  test.each(cases)('v4: $name', async (each) => {
    const captured = await capture(each, 'v4');
    const time = String(captured.headers['x-log-date']);
    const atMs = Date.parse(time.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'));

    const signed = signV4(toSignable(each, captured), credentialsOf(each), atMs, region);

    expect(captured.headers.host).toBe(`127.0.0.1:${server.port}`);
    expect(signed['x-log-date']).toBe(time);
    expect(signed['x-log-content-sha256']).toBe(captured.headers['x-log-content-sha256']);
    expect(signed.authorization).toBe(captured.headers.authorization);
  });

  // That package signs version 1 with HMAC-SHA256: the string is what has to be the same.
  test.each(cases)('v1: $name', async (each) => {
    const captured = await capture(each, 'v1');
    const headers = Object.fromEntries(Object.entries(captured.headers).map(([name, value]) => [name, String(value)]));
    const signature = createHmac('sha256', accessKeySecret).update(stringToSignV1(each, headers)).digest('base64');

    expect(captured.headers['x-log-signaturemethod']).toBe('hmac-sha256');
    expect(captured.headers.authorization).toBe(`LOG ${accessKeyId}:${signature}`);
  });
});

describe('the signers', () => {
  const request: SignableRequest = {
    method: 'GET',
    path: '/logstores/web/shards',
    query: {},
    headers: { host: 'p.cn-hangzhou.log.aliyuncs.com', 'x-log-apiversion': '0.6.0', 'x-log-bodyrawsize': '0' },
    body: undefined,
  };
  const credentials = { accessKeyId, accessKeySecret };
  const atMs = Date.UTC(2024, 1, 4, 11, 31, 58, 999);

  test('keep the headers they are given, and leave the request as it was', () => {
    const copy = structuredClone(request);
    expect(signV1(request, credentials, atMs)).toMatchObject(request.headers);
    expect(signV4(request, credentials, atMs, region)).toMatchObject(request.headers);
    expect(request).toEqual(copy);
  });

  test('write the time in whole seconds of UTC', () => {
    expect(signV4(request, credentials, atMs, region)['x-log-date']).toBe('20240204T113158Z');
    expect(signV1(request, credentials, atMs).date).toBe('Sun, 04 Feb 2024 11:31:58 GMT');
  });

  test('sign with the key of the day, whether it is remembered or not', () => {
    const keyOfDay = createKeyOfDay();
    const other = { accessKeyId, accessKeySecret: 'another' };
    const nextDayMs = atMs + 86_400_000;
    for (const [key, time, where] of [
      [credentials, atMs, region],
      [credentials, atMs, region],
      [other, atMs, region],
      [credentials, atMs, region],
      [credentials, nextDayMs, region],
      [credentials, nextDayMs, 'eu-central-1'],
    ] as const) {
      expect(signV4(request, key, time, where, keyOfDay)).toEqual(signV4(request, key, time, where));
    }
    expect(keyOfDay('secret', '20260101', region)).toBe(keyOfDay('secret', '20260101', region));
  });

  test('send no secret', () => {
    const all = JSON.stringify([signV1(request, credentials, atMs), signV4(request, credentials, atMs, region)]);
    expect(all).toContain(accessKeyId);
    expect(all).not.toContain(accessKeySecret);
  });

  test('sign whatever the service adds to the set: every x-log-* and x-acs-*, host and content-type', () => {
    const base = signV4(request, credentials, atMs, region).authorization;
    for (const name of ['x-log-new', 'x-acs-new', 'content-type']) {
      const more = { ...request, headers: { ...request.headers, [name]: '1' } };
      expect(signV4(more, credentials, atMs, region).authorization, name).not.toBe(base);
    }
    const otherHost = { ...request, headers: { ...request.headers, host: 'p.cn-hangzhou.log.aliyuncs.com:8080' } };
    expect(signV4(otherHost, credentials, atMs, region).authorization).not.toBe(base);
    const unsigned = { ...request, headers: { ...request.headers, 'user-agent': 'x', accept: 'y' } };
    expect(signV4(unsigned, credentials, atMs, region).authorization).toBe(base);
  });

  test('percentEncode leaves the unreserved characters of RFC 3986 alone and encodes every other byte', () => {
    const unreserved = new Set(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'));
    const byteByByte = (text: string) =>
      [...Buffer.from(text)]
        .map((byte) =>
          unreserved.has(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
        )
        .join('');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(percentEncode(text)).toBe(byteByByte(text));
      }),
    );
    expect(percentEncode("!'()*")).toBe('%21%27%28%29%2A');
  });
});
