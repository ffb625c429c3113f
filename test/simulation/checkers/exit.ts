/**
 * Who is told to stop and has delivered nothing of what it had pulled must not call that complete.
 */
import type { CreateChecker } from './checker.ts';

interface Life {
  /** By shard: where it began to pull, of what there was to pull. */
  readonly pulled: Map<number, number>;
  hasDelivered: boolean;
}

export const exitChecker: CreateChecker = (report) => {
  const lives = new Map<string, Life>();
  return {
    born(daemon) {
      lives.set(daemon, { pulled: new Map(), hasDelivered: false });
    },
    pulled({ daemon, shard, from, to }) {
      const pulled = lives.get(daemon)?.pulled;
      if (to > from && !pulled?.has(shard)) pulled?.set(shard, from);
    },
    read({ shard, sequence }) {
      for (const life of lives.values()) {
        if (sequence >= (life.pulled.get(shard) ?? Number.POSITIVE_INFINITY)) life.hasDelivered = true;
      }
    },
    drained({ daemon, isComplete }) {
      const life = lives.get(daemon);
      if (!life || !isComplete || life.hasDelivered || life.pulled.size === 0) return;
      report('exit', `${daemon} says that it is complete, and nothing of what it had pulled has arrived`);
    },
  };
};
