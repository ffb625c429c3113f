/** Statistics of the emulator, which tests compare a consumer's work with. */
import { ApiError } from '../protocol/api-error.ts';
import type { ConsumerStatus } from './group-model.ts';
import type { Logstore } from './logstore.ts';
import type { ShardLog } from './shard-log.ts';
import type { PullCounts, Store } from './store.ts';

export interface EmulatorStats {
  /** Logs with a sequence number, in all logstores. */
  readonly logsGenerated: number;
  /** Logs from PutLogs. */
  readonly logsPut: number;
  readonly rawBytes: number;
  readonly pulled: PullCounts;
  /** Answered requests by action. */
  readonly requests: Readonly<Record<string, number>>;
  /** Error answers by code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Injected faults by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly logstores: readonly LogstoreStats[];
}

export interface LogstoreStats {
  readonly project: string;
  readonly logstore: string;
  readonly shards: readonly ShardStats[];
  readonly consumerGroups: readonly ConsumerGroupStats[];
}

export interface ShardStats {
  readonly shard: number;
  readonly status: 'readwrite' | 'readonly';
  readonly parentIds: readonly number[];
  /** Number of generated logs: the sequence numbers are lower. */
  readonly logsGenerated: number;
  readonly logsPut: number;
  /** Sequence number of the oldest log that retention has left. */
  readonly firstSequence: number;
  readonly logGroups: number;
  readonly rawBytes: number;
  readonly beginCursor: string;
  readonly endCursor: string;
}

export interface ConsumerGroupStats {
  readonly name: string;
  readonly timeoutMs: number;
  readonly inOrder: boolean;
  readonly consumers: readonly ConsumerStatus[];
  readonly checkpoints: readonly CheckpointStats[];
}

export interface CheckpointStats {
  readonly shard: number;
  /** Empty: none was saved yet. */
  readonly cursor: string;
  /** The first sequence number behind the checkpoint: all lower ones are checkpointed. */
  readonly sequence: number;
  readonly updatedMs: number;
  readonly consumer: string;
}

export function collectStats(store: Store, faults: Readonly<Record<string, number>>): EmulatorStats {
  const logstores = store
    .projects()
    .flatMap((project) => store.logstores(project).map((logstore) => logstoreStats(store, project, logstore)));
  const shards = logstores.flatMap((logstore) => logstore.shards);
  const sum = (of: (shard: ShardStats) => number): number => shards.reduce((total, shard) => total + of(shard), 0);
  return {
    logsGenerated: sum((shard) => shard.logsGenerated),
    logsPut: sum((shard) => shard.logsPut),
    rawBytes: sum((shard) => shard.rawBytes),
    pulled: { ...store.pulled },
    requests: { ...store.requests },
    errors: { ...store.errors },
    faults: { ...faults },
    logstores,
  };
}

function logstoreStats(store: Store, project: string, logstore: Logstore): LogstoreStats {
  logstore.applyRetention(store.now());
  return {
    project,
    logstore: logstore.name,
    shards: logstore.shards().map((shard) => ({
      shard: shard.id,
      status: shard.status,
      parentIds: shard.parentIds,
      logsGenerated: shard.generatedLogs,
      logsPut: shard.putLogs,
      firstSequence: shard.sequenceAt(shard.beginIndex),
      logGroups: shard.endIndex - shard.beginIndex,
      rawBytes: shard.rawBytes,
      beginCursor: shard.cursorAt(shard.beginIndex),
      endCursor: shard.cursorAt(shard.endIndex),
    })),
    consumerGroups: logstore.consumerGroups().map((group) => {
      group.expire(store.now());
      return {
        name: group.name,
        timeoutMs: group.settings.timeoutMs,
        inOrder: group.settings.inOrder,
        consumers: group.consumers(),
        checkpoints: logstore.shards().map((shard) => {
          const saved = group.checkpoint(shard.id);
          return { ...saved, sequence: sequenceBehind(shard, saved.cursor) };
        }),
      };
    }),
  };
}

/** A checkpoint that is not a cursor of the shard counts as 0: some dialects save any text. */
function sequenceBehind(shard: ShardLog, cursor: string): number {
  if (cursor === '') return 0;
  try {
    return shard.sequenceAt(shard.indexOfPossiblyExpired(cursor));
  } catch (error) {
    if (error instanceof ApiError) return 0;
    throw error;
  }
}
