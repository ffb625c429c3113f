/**
 * Who is told to stop and has delivered nothing of what it had pulled must not call that complete: of shards that it
 * still held, by its last heartbeat.
 */
import type { CreateChecker } from './checker.ts';

interface Life {
  /** By shard: where it began to pull, of what there was to pull. */
  readonly pulled: Map<number, number>;
  listed: readonly number[];
  hasDelivered: boolean;
}

export const exitChecker: CreateChecker = (report) => {
  const lives = new Map<string, Life>();
  return {
    born(daemon) {
      lives.set(daemon, { pulled: new Map(), listed: [], hasDelivered: false });
    },
    pulled({ daemon, shard, from, to }) {
      const pulled = lives.get(daemon)?.pulled;
      if (to > from && !pulled?.has(shard)) pulled?.set(shard, from);
    },
    beaten({ daemon, listed }) {
      const life = lives.get(daemon);
      if (life) life.listed = listed;
    },
    read({ shard, sequence }) {
      for (const life of lives.values()) {
        if (sequence >= (life.pulled.get(shard) ?? Number.POSITIVE_INFINITY)) life.hasDelivered = true;
      }
    },
    drained({ daemon, isComplete }) {
      const life = lives.get(daemon);
      if (!life || !isComplete || life.hasDelivered || !life.listed.some((shard) => life.pulled.has(shard))) return;
      report('exit', `${daemon} says that it is complete, and nothing of what it had pulled has arrived`);
    },
  };
};
