/** The daemon within the test's process, against an emulator. */
import type {
  Config,
  DeliveryConfig,
  Flow,
  GroupConfig,
  MessageConfig,
  ServiceConfig,
} from '../../../src/config/model/config.ts';
import type { ReceiverConfig } from '../../../src/config/model/receivers.ts';
import type { Log } from '../../../src/core/log.ts';
import { createDaemon, type Daemon, type DaemonOptions } from '../../../src/daemon.ts';
import { DEMO_CREDENTIALS, type Emulator } from '../../../src/emulator/emulator.ts';
import { decodeLogGroupList, type LogGroup } from '../../../src/emulator/protocol/log-group-schema.ts';
import { unpack } from '../../../src/encode/wire/unpack.ts';
import { createStaticCredentials } from '../../../src/sls/signing/credentials.ts';
import { createLogService } from '../../../src/sls/sls-log-service.ts';
import { testedEncoder } from './tested-encoder.ts';

export interface TestDaemonOptions {
  readonly receiver: Pick<ReceiverConfig, 'port'> & Partial<ReceiverConfig>;
  readonly message?: Partial<MessageConfig>;
  readonly group?: Partial<GroupConfig>;
  readonly delivery?: Partial<DeliveryConfig>;
}

const { accessKeyId, accessKeySecret } = DEMO_CREDENTIALS;
const service = { project: 'demo', logstore: 'logs', signVersion: 'v1' as const, accessKeyId, accessKeySecret };

/** An emulator, over a socket or in virtual time. */
export interface StartedService {
  start(): Promise<{ readonly endpoint: string }>;
}

/** A flow from the emulator's logstore, with its names. */
export interface TestFlowOptions extends TestDaemonOptions {
  readonly pipeline?: string;
  readonly source?: string;
  readonly receiverName?: string;
  readonly required?: boolean;
  readonly service?: Partial<ServiceConfig>;
}

export interface TestDaemon extends Daemon {
  /** Messages of the log, and its lines with their fields. */
  readonly logged: string[];
  readonly lines: Readonly<Record<string, unknown>>[];
}

export async function startDaemon(emulator: Emulator, options: TestDaemonOptions): Promise<TestDaemon> {
  return startFlows([await testFlow(emulator, options)]);
}

/** Resolves when the first source is joined. */
export async function startFlows(
  flows: readonly Flow[],
  options: Omit<DaemonOptions, 'flows' | 'log'> = {},
): Promise<TestDaemon> {
  const daemon = createFlows(flows, options);
  await daemon.start();
  return daemon;
}

export function createFlows(flows: readonly Flow[], options: Omit<DaemonOptions, 'flows' | 'log'> = {}): TestDaemon {
  const logged: string[] = [];
  const lines: Readonly<Record<string, unknown>>[] = [];
  const note = (fields: Readonly<Record<string, unknown>>, message: string) => {
    logged.push(message);
    lines.push({ ...fields, msg: message });
  };
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note };
  return { ...createDaemon({ ...options, flows, log }), logged, lines };
}

export async function testFlow(emulator: StartedService, options: TestFlowOptions): Promise<Flow> {
  const { pipeline = 'default', source = 'default', receiverName = 'default', required = true } = options;
  const { endpoint } = await emulator.start();
  const config: Config = {
    service: { ...service, endpoint, ...options.service },
    group: {
      name: 'test',
      consumerName: 'test-1',
      from: 'begin',
      heartbeatIntervalMs: 1_000,
      // Long enough for a machine that has others to serve.
      timeoutMs: 20_000,
      fetchIntervalMs: 50,
      checkpointIntervalMs: 200,
      maxInFlightBytes: 64 << 20,
      inOrder: false,
      updatesGroup: false,
      ...options.group,
    },
    message: {
      format: { format: 'kv' },
      rfc: '5424',
      facility: 16,
      severity: 5,
      hostname: 'web-01',
      tag: 'sls',
      timeZone: options.message?.rfc === '3164' ? 'local' : 'utc',
      timestampDigits: 'auto',
      rfc3164Time: 'legacy',
      fingerprint: 'test',
      maxMessageBytes: 64 << 10,
      oversize: 'truncate',
      ...options.message,
    },
    receiver: {
      protocol: 'tcp',
      host: '127.0.0.1',
      framing: 'octet-counting',
      timeoutMs: 10_000,
      dnsRefreshMs: 30_000,
      ...options.receiver,
      kind: 'syslog',
    },
    delivery: {
      confirm: 'auto',
      confirmIntervalMs: 200,
      confirmBytes: 64 << 20,
      confirmTimeoutMs: 20_000,
      confirmPatienceMs: 60_000,
      strictOrder: false,
      onCorruptBatch: 'stop',
      corruptBatchPatienceMs: 2_000,
      onPoison: 'wait',
      poisonPatienceMs: 600_000,
      strategy: 'failover',
      failbackAfterMs: 500,
      ...options.delivery,
    },
    operation: { logLevel: 'info', logFormat: 'json', encoder: testedEncoder(), drainTimeoutMs: 10_000 },
  };
  return { pipeline, source, receiver: receiverName, required, config };
}

/** Everything that the emulator holds, decoded by protobufjs. */
export async function everyLogGroup(emulator: Emulator): Promise<LogGroup[]> {
  const { endpoint } = await emulator.start();
  const reader = createLogService({
    ...service,
    endpoint,
    consumerGroup: 'reader',
    consumerName: 'reader',
    credentials: createStaticCredentials({ accessKeyId, accessKeySecret }),
  });
  const { signal } = new AbortController();
  const groups: LogGroup[] = [];
  try {
    for (const { id } of await reader.listShards(signal)) {
      let cursor = await reader.getCursor(id, 'begin', signal);
      for (;;) {
        const { body, nextCursor } = await reader.pull(id, cursor, { maxLogGroups: 1_000, signal });
        if (body) groups.push(...decodeLogGroupList(unpack(body, 64 << 20)));
        if (nextCursor === cursor) break;
        cursor = nextCursor;
      }
    }
    return groups;
  } finally {
    reader.close();
  }
}
