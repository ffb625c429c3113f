/**
 * The official npm clients, made to reach an emulator. They connect to `<project>.<endpoint>`, so the endpoint is
 * `localhost:<port>` and every name under localhost is looked up as 127.0.0.1.
 */
import dns from 'node:dns';
import { createRequire } from 'node:module';
import { vi } from 'vitest';
import type { Credentials } from '../../../src/emulator/emulator.ts';

// By require: how an `import` shows a CommonJS module's `default` differs between Node and the test runner.
const require = createRequire(import.meta.url);
const sls = require('@alicloud/sls20201230') as typeof import('@alicloud/sls20201230');
const { $OpenApiUtil } = require('@alicloud/openapi-core') as typeof import('@alicloud/openapi-core');
const { RuntimeOptions } = require('@darabonba/typescript') as typeof import('@darabonba/typescript');
const LogClient = require('@alicloud/log') as typeof import('@alicloud/log');

export { sls };
export type SlsClient = InstanceType<typeof sls.default>;

export interface OfficialClients {
  /** `@alicloud/sls20201230` */
  readonly sls: SlsClient;
  /** `@alicloud/log` */
  readonly log: InstanceType<typeof LogClient>;
  pull(options: { shard: number; query: Record<string, string>; acceptEncoding?: string }): Promise<PulledLogs>;
  put(logGroup: Uint8Array, compression: string): Promise<void>;
}

export interface PulledLogs {
  readonly headers: Record<string, string>;
  /** A LogGroupList, unpacked by the client. */
  readonly raw: Buffer;
}

interface ClientOptions {
  readonly port: number;
  readonly project: string;
  readonly logstore: string;
  readonly credentials: Credentials;
  readonly signVersion: 'v1' | 'v4';
}

/** Until the returned function is called, names under localhost are 127.0.0.1. */
export function resolveLocalhostNames(): () => void {
  const original = dns.lookup;
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: unknown[]) => {
    const known = host === 'localhost' || host.endsWith('.localhost') ? '127.0.0.1' : host;
    return Reflect.apply(original, dns, [known, ...rest]);
  }) as typeof dns.lookup);
  return () => spy.mockRestore();
}

export function createOfficialClients(options: ClientOptions): OfficialClients {
  const { port, project, logstore, credentials, signVersion } = options;
  const { accessKeyId, accessKeySecret, securityToken } = credentials;
  const endpoint = `localhost:${port}`;
  const secrets = { accessKeyId, accessKeySecret, ...(securityToken !== undefined && { securityToken }) };
  const client = new sls.default(
    new $OpenApiUtil.Config({
      ...secrets,
      endpoint,
      protocol: 'http',
      signatureVersion: signVersion,
      regionId: 'cn-hangzhou',
    }),
  );

  /**
   * PullLogs and PutLogs by the client's own `execute` (its signer, its compression, its reading of the answer):
   * its generated `pullLogs` reads the protobuf as JSON and leaves the project out of the host, and its generated
   * `putLogs` drops the body.
   */
  const execute = async (
    action: string,
    pathname: string,
    method: string,
    request: { query?: Record<string, string>; headers?: Record<string, string>; body?: Buffer },
  ) => {
    const params = new $OpenApiUtil.Params({
      action,
      version: '2020-12-30',
      protocol: 'HTTP',
      pathname,
      method,
      authType: 'AK',
      style: 'ROA',
      reqBodyType: 'binary',
      bodyType: 'byte',
    });
    const openApiRequest = new $OpenApiUtil.OpenApiRequest({
      hostMap: { project },
      query: request.query ?? {},
      headers: request.headers ?? {},
      body: request.body,
    });
    return client.execute(params, openApiRequest, new RuntimeOptions({}));
  };

  return {
    sls: client,
    log: new LogClient({ ...secrets, endpoint: `http://${endpoint}` }),
    async pull({ shard, query, acceptEncoding }) {
      const answer = await execute('PullLogs', `/logstores/${logstore}/shards/${shard}?type=logs`, 'GET', {
        query,
        headers: acceptEncoding === undefined ? {} : { 'Accept-Encoding': acceptEncoding },
      });
      return { headers: answer.headers as Record<string, string>, raw: Buffer.from(answer.body as Uint8Array) };
    },
    async put(logGroup, compression) {
      await execute('PutLogs', `/logstores/${logstore}/shards/lb`, 'POST', {
        headers: { 'content-type': 'application/x-protobuf', 'x-log-compresstype': compression },
        body: Buffer.from(logGroup),
      });
    },
  };
}
