/** A client against a scripted server, quick to retry, that tells its troubles to a list. */
import type { SlsLogServiceOptions } from '../../../src/sls/options.ts';
import { createStaticCredentials } from '../../../src/sls/signing/credentials.ts';
import { createLogService, type SlsLogService } from '../../../src/sls/sls-log-service.ts';
import type { Recovery, Trouble } from '../../../src/sls/troubles.ts';
import { type Script, ScriptedServer } from './scripted-http.ts';

export interface Made {
  readonly server: ScriptedServer;
  readonly service: SlsLogService;
  readonly troubles: Trouble[];
  readonly recoveries: Recovery[];
  /** A signal that never aborts. */
  readonly signal: AbortSignal;
}

const made: Made[] = [];

export async function makeService(script: Script, options: Partial<SlsLogServiceOptions> = {}): Promise<Made> {
  const server = await ScriptedServer.start(script);
  const troubles: Trouble[] = [];
  const recoveries: Recovery[] = [];
  const service = createLogService({
    endpoint: server.endpoint,
    project: 'proj',
    logstore: 'store',
    consumerGroup: 'siem',
    consumerName: 'siem-1',
    credentials: createStaticCredentials({ accessKeyId: 'LTAI', accessKeySecret: 'the-secret' }),
    signVersion: 'v1',
    userAgent: 'sls-syslog/1.2.3',
    requestTimeoutMs: 10_000,
    backoff: { minMs: 1, maxMs: 4 },
    quietMs: 0,
    onTrouble: (trouble) => troubles.push(trouble),
    onRecovered: (recovery) => recoveries.push(recovery),
    ...options,
  });
  const result = { server, service, troubles, recoveries, signal: new AbortController().signal };
  made.push(result);
  return result;
}

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const { service, server } of made.splice(0)) {
    await service.close();
    await server.close();
  }
}
