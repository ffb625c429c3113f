/**
 * The emulator: Alibaba Cloud Log Service's protocol as far as a consumer needs it, in memory, on 127.0.0.1. For demos,
 * tests and benchmarks; its state ends with the process, unless it is given a state file (journal.ts).
 *
 *     http-server ─► admin ────────────────► controls ─┐
 *         │                                            ├─► store ─► logstore ─► shard-log, consumer-group
 *         └─(faults)─► service ─► handlers/ ───────────┘
 */
import { type Clock, systemClock } from '../core/time/clock.ts';
import { createAdmin } from './admin.ts';
import type { AccessKey } from './auth/authenticate.ts';
import { createControls, type EmulatorControls } from './controls.ts';
import { createFaultSwitches } from './faults/faults.ts';
import type { ProfileName } from './generate/generator.ts';
import { createHttpServer } from './http-server.ts';
import { type Change, type Journal, openJournal } from './model/journal.ts';
import { createPullCache } from './model/pull-cache.ts';
import { applyChange } from './model/replay.ts';
import { Store } from './model/store.ts';
import type { Dialect } from './protocol/dialect.ts';
import { createService } from './service.ts';

export type { AccessKey as Credentials } from './auth/authenticate.ts';
export type { AppendOptions, EmulatorControls, ExpireOptions, LogstoreReference, SplitOptions } from './controls.ts';
export type { Fault, FaultChanges, FaultRule, FaultSettings, FaultSwitches } from './faults/faults.ts';
export { isProfileName, type ProfileName } from './generate/generator.ts';
export type { CheckpointStats, ConsumerGroupStats, EmulatorStats, LogstoreStats, ShardStats } from './model/stats.ts';

export const DEMO_CREDENTIALS: AccessKey = {
  accessKeyId: 'demo-access-key-id',
  accessKeySecret: 'demo-access-key-secret',
};

const HOST = '127.0.0.1';
const none = new Uint8Array(0);
const DEFAULT_PULL_CACHE_BYTES = 256 * 1024 * 1024;

export interface EmulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `DEMO_CREDENTIALS`. */
  readonly credentials?: readonly AccessKey[];
  /** If set, a v4 signature has to be for this region. */
  readonly region?: string;
  /** Default `demo`. */
  readonly project?: string;
  /** Default `logs`. */
  readonly logstore?: string;
  /** Default 4. */
  readonly shards?: number;
  /** Default: nothing expires, except by `expire()`. */
  readonly retentionMs?: number;
  /** Default `access`. */
  readonly profile?: ProfileName;
  /** Default 1. */
  readonly seed?: number;
  /** A file that keeps the state, which is restored from it at start. */
  readonly stateFile?: string;
  /** Default: the system's clock. */
  readonly clock?: Clock;
  /** Readings of the protocol that are other than the usual ones. */
  readonly dialect?: Partial<Dialect> | undefined;
  /** Bytes of compressed bodies that are kept at most. Default 256 MiB. */
  readonly pullCacheBytes?: number;
  /** Open connections at most; a further one is refused, and `onRefused` called. Default: no limit. */
  readonly maxConnections?: number | undefined;
  /** @param connections the number of open connections */
  readonly onRefused?: (connections: number) => void;
}

export interface EmulatorAddress {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
}

export interface Emulator extends EmulatorControls {
  /** The state was restored from the state file. */
  readonly isRestored: boolean;
  /** Listens. Idempotent. Logs can be appended before `start`. @throws Error (EADDRINUSE and the like) */
  start(): Promise<EmulatorAddress>;
  /** Stops appending, ends every connection. Idempotent. */
  close(): Promise<void>;
}

/** @throws Error when the state file cannot be used */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  const {
    project = 'demo',
    logstore = 'logs',
    profile = 'access',
    seed = 1,
    retentionMs,
    clock = systemClock,
  } = options;
  let credentials = options.credentials ?? [DEMO_CREDENTIALS];

  let journal: Journal | undefined;
  const record = (change: Change, bytes?: Uint8Array) => journal?.record(change, bytes);
  const store = new Store(clock, record, options.dialect);
  if (options.stateFile !== undefined) {
    journal = openJournal(options.stateFile, (change, bytes = none) => applyChange(store, change, bytes));
  }
  const cache = createPullCache(options.pullCacheBytes ?? DEFAULT_PULL_CACHE_BYTES);
  const faults = createFaultSwitches(seed);
  const controls = createControls({
    store,
    cache,
    faults,
    defaults: { project, logstore, profile },
    seed,
    clock,
    retentionMs,
    setCredentials: (replaced) => {
      credentials = replaced;
    },
  });
  const service = createService({ store, cache, region: options.region, credentials: () => credentials });
  const server = createHttpServer({
    service,
    admin: createAdmin(controls),
    faults,
    clock,
    maxConnections: options.maxConnections,
    onRefused: options.onRefused,
  });
  const isThere = store.hasProject(project) && store.logstores(project).some(({ name }) => name === logstore);
  if (!isThere) controls.createLogstore(project, logstore, options.shards ?? 4);

  let started: Promise<EmulatorAddress> | undefined;
  let closed: Promise<void> | undefined;
  const listen = async (): Promise<EmulatorAddress> => {
    const port = await server.listen(options.port ?? 0);
    return { host: HOST, port, endpoint: `http://${HOST}:${port}` };
  };

  return {
    ...controls,
    isRestored: journal?.isRestored ?? false,
    start() {
      started ??= listen();
      return started;
    },
    close() {
      controls.setRate({ logsPerSecond: 0 });
      closed ??= server.close().finally(() => journal?.close());
      return closed;
    },
  };
}
