/**
 * What to do about a heartbeat's answer. Pure.
 *
 * A shard that is granted and not held is started. One that is held and no longer granted is drained, and stays
 * in the heartbeat until it has: the server hands it on only then. One that is granted again while it drains
 * goes on draining; the next answer after that starts it anew, from its checkpoint.
 */
import type { ShardId } from './service/log-service.ts';

export interface Assignment {
  readonly start: readonly ShardId[];
  readonly drain: readonly ShardId[];
}

/**
 * @param held the shards in the list that the heartbeat sent
 * @param draining those of them that are being given up already
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
