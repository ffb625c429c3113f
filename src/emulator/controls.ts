/** Controls of a running emulator: called by tests and demos in its process, or over the admin API. */
import type { Clock } from '../core/time/clock.ts';
import type { AccessKey } from './auth/authenticate.ts';
import type { FaultSwitches } from './faults/faults.ts';
import { createGenerator, type Generator, type ProfileName } from './generate/generator.ts';
import { packRange } from './handlers/logs.ts';
import { createLiveAppender } from './live-appender.ts';
import type { Logstore } from './model/logstore.ts';
import type { PullCache } from './model/pull-cache.ts';
import type { ShardLog } from './model/shard-log.ts';
import { collectStats, type EmulatorStats } from './model/stats.ts';
import type { Store } from './model/store.ts';
import { parameterInvalid } from './protocol/api-error.ts';

/** A logstore; default: the one that the emulator was created with. */
export interface LogstoreReference {
  readonly project?: string | undefined;
  readonly logstore?: string | undefined;
}

export interface AppendOptions extends LogstoreReference {
  readonly logs: number;
  /** Default: the logs are spread evenly over the writable shards. */
  readonly shard?: number | undefined;
  /** Default: the emulator's profile. */
  readonly profile?: ProfileName | undefined;
  /** The receive times are spread over the last so many milliseconds; default 0: all now. */
  readonly receivedOverMs?: number | undefined;
}

export interface RateOptions {
  /** Rate over all shards of the default logstore; 0 stops. */
  readonly logsPerSecond: number;
  readonly profile?: ProfileName | undefined;
}

export interface SplitOptions extends LogstoreReference {
  readonly shard: number;
  /** The hash key to split at: 32 hex digits. Default: equal parts. */
  readonly key?: string | undefined;
  /** Default 2. */
  readonly parts?: number | undefined;
}

export interface FillPullCacheOptions {
  /** The `count` that the consumer will ask for; default 1000. */
  readonly maxLogGroups?: number | undefined;
}

export interface ShardReference extends LogstoreReference {
  readonly shard: number;
}

export interface ExpireOptions extends LogstoreReference {
  /** Default: every shard. */
  readonly shard?: number | undefined;
  /** How many of the oldest log groups; default: all. */
  readonly logGroups?: number | undefined;
}

/** All methods throw ApiError for a project, logstore or shard that does not exist. */
export interface EmulatorControls {
  readonly faults: FaultSwitches;
  createProject(project: string): void;
  createLogstore(project: string, logstore: string, shards: number): void;
  /** Generates logs. @returns how many. @throws ApiError ParameterInvalid when the shard is read-only */
  append(options: AppendOptions): number;
  /** Generates logs at a steady rate from now on. @throws Error when a `file:` profile cannot be read */
  setRate(options: RateOptions): void;
  /** @returns the children's ids */
  split(options: SplitOptions): number[];
  /** Merges a shard with its right neighbour. @returns the new shard's id */
  merge(options: ShardReference): number;
  /** Drops log groups as retention does: their cursors answer InvalidCursor. @returns how many groups were dropped */
  expire(options?: ExpireOptions): number;
  /** The first sequence number at or after a cursor. @throws ApiError InvalidCursor */
  position(cursor: string, options: ShardReference): number;
  /** Accepts only these credentials from now on. Ends the fault `credentialsExpired`. */
  setCredentials(credentials: readonly AccessKey[]): void;
  stats(): EmulatorStats;
  /**
   * Compresses (lz4) the bodies of pulls of the default logstore from begin to end, as far as the cache holds them: a
   * benchmark's pulls then cost the emulator next to nothing.
   */
  fillPullCache(options?: FillPullCacheOptions): void;
}

export interface ControlsOptions {
  readonly store: Store;
  readonly cache: PullCache;
  readonly faults: FaultSwitches;
  readonly defaults: { readonly project: string; readonly logstore: string; readonly profile: ProfileName };
  readonly seed: number;
  readonly clock: Clock;
  readonly retentionMs: number | undefined;
  readonly setCredentials: (credentials: readonly AccessKey[]) => void;
}

export function createControls(options: ControlsOptions): EmulatorControls {
  const { store, cache, faults, defaults, seed, retentionMs } = options;
  const generators = new Map<ProfileName, Generator>();
  let liveProfile = defaults.profile;

  const generatorOf = (profile: ProfileName): Generator => {
    const generator = generators.get(profile) ?? createGenerator(profile, seed);
    generators.set(profile, generator);
    return generator;
  };
  const find = ({ project = defaults.project, logstore = defaults.logstore }: LogstoreReference): Logstore =>
    store.logstore(project, logstore);

  const live = createLiveAppender((logs) => {
    const generator = generatorOf(liveProfile);
    const groups = Math.ceil(logs / generator.logsPerGroup);
    for (let i = 0; i < groups; i++) {
      // Groups of nearly equal size: a smaller last one could go to the same shard at every tick.
      const size = Math.floor(((i + 1) * logs) / groups) - Math.floor((i * logs) / groups);
      fill(find({}).shardFor(undefined), generator, size, store.now(), store.now());
    }
  }, options.clock);

  return {
    faults,
    createProject: (project) => store.createProject(project),
    createLogstore: (project, logstore, shards) => {
      store.createProject(project);
      store.createLogstore(project, logstore, shards, retentionMs);
    },

    append({ logs, shard, profile = defaults.profile, receivedOverMs = 0, ...reference }) {
      const logstore = find(reference);
      const targets = shard === undefined ? logstore.writableShards() : [logstore.shard(shard)];
      for (const target of targets) {
        if (target.status === 'readonly') throw parameterInvalid(`shard ${target.id} is read-only`);
      }
      const nowMs = store.now();
      for (const [i, target] of targets.entries()) {
        const share = Math.floor(logs / targets.length) + (i < logs % targets.length ? 1 : 0);
        fill(target, generatorOf(profile), share, nowMs - receivedOverMs, nowMs);
      }
      return logs;
    },

    setRate({ logsPerSecond, profile = defaults.profile }) {
      // Created before the first tick, so that the caller gets the error of an unreadable file.
      if (logsPerSecond > 0) generatorOf(profile);
      liveProfile = profile;
      live.setRate(logsPerSecond);
    },

    split({ shard, key, parts = 2, ...reference }) {
      const [, ...children] = find(reference).split(shard, key, parts, store.now());
      return children.map((child) => child.id);
    },

    merge: ({ shard, ...reference }) => find(reference).merge(shard, store.now())[0]!.id,

    expire({ shard, logGroups = Number.POSITIVE_INFINITY, ...reference } = {}) {
      const logstore = find(reference);
      const targets = shard === undefined ? logstore.shards() : [logstore.shard(shard)];
      return targets.reduce((dropped, target) => dropped + target.expireFirst(logGroups), 0);
    },

    position(cursor, { shard, ...reference }) {
      const log = find(reference).shard(shard);
      return log.sequenceAt(log.indexOfPossiblyExpired(cursor));
    },

    setCredentials(credentials) {
      options.setCredentials(credentials);
      faults.set({ credentialsExpired: false });
    },

    stats: () => collectStats(store, faults.injected),

    fillPullCache({ maxLogGroups = 1000 } = {}) {
      const logstore = `${defaults.project}/${defaults.logstore}`;
      for (const shard of find({}).shards()) {
        for (let index = shard.beginIndex; index < shard.endIndex; ) {
          const range = shard.range(index, maxLogGroups, shard.endIndex);
          packRange(cache, { logstore, shard, range, compression: 'lz4', spl: '' });
          index += range.groupCount;
        }
      }
    },
  };
}

/** Appends log groups with receive times spread evenly between `fromMs` and `toMs`. */
function fill(shard: ShardLog, generator: Generator, logs: number, fromMs: number, toMs: number): void {
  for (let done = 0; done < logs; done += generator.logsPerGroup) {
    const count = Math.min(generator.logsPerGroup, logs - done);
    const receivedMs = fromMs + ((toMs - fromMs) * (done + count)) / logs;
    const group = generator.createGroup(shard.id, shard.generatedLogs, count, Math.floor(receivedMs / 1000));
    shard.append(group, count, receivedMs, 'generated');
  }
}
