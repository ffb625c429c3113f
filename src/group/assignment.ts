/**
 * What to do about a heartbeat's answer. Pure.
 *
 * A shard that is granted and not held is started. A shard that is held and no longer granted is drained, and stays in
 * the heartbeats until its drain ends: the service gives it to another consumer only then. A shard that is granted
 * again while it drains goes on draining; the next answer after that starts it anew, from its checkpoint.
 */
import type { ShardId } from './service/log-service.ts';

export interface Assignment {
  readonly start: readonly ShardId[];
  readonly drain: readonly ShardId[];
}

/**
 * @param held the shards in the list that the heartbeat sent
 * @param draining the shards in `held` that are being drained already
 */
export function assign(
  held: ReadonlySet<ShardId>,
  draining: ReadonlySet<ShardId>,
  granted: readonly ShardId[],
): Assignment {
  const wanted = new Set(granted);
  return {
    start: [...wanted].filter((shard) => !held.has(shard)),
    drain: [...held].filter((shard) => !wanted.has(shard) && !draining.has(shard)),
  };
}
