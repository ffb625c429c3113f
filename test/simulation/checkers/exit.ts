/**
 * Who is told to stop and has delivered nothing of what it had pulled must not call that complete: of shards that it
 * still held, by its last heartbeat. Nor may who could not connect to its receiver, and never was connected. UDP promises
 * nothing; and what was served while answers got lost, or came damaged, the daemon may never have had: that shows what it
 * can have delivered, and not what it must have.
 */
import type { CreateChecker } from './checker.ts';

/** Faults between a daemon and the service. */
const onTheWay = /^(?:http-|body-|partition|late-|slow-|proxy-)/;

interface Life {
  /** By shard: where it began to pull. */
  readonly began: Map<number, number>;
  /** Shards of which it has surely had something. */
  readonly had: Set<number>;
  listed: readonly number[];
  hasDelivered: boolean;
  hasConnected: boolean;
  couldNotConnect: boolean;
}

export const exitChecker: CreateChecker = (report, { outlets, service }) => {
  // On a narrow way an answer takes longer than a daemon's life, perhaps.
  if (service.bytesPerSecond !== undefined) return {};
  if (outlets.every(({ receivers }) => receivers[0]?.protocol === 'udp')) return {};
  let faultsOnTheWay = 0;
  const lives = new Map<string, Life>();
  return {
    born(daemon) {
      lives.set(daemon, {
        began: new Map(),
        had: new Set(),
        listed: [],
        hasDelivered: false,
        hasConnected: false,
        couldNotConnect: false,
      });
    },
    pulled({ daemon, shard, from, to }) {
      const life = lives.get(daemon);
      if (!life || to <= from) return;
      if (!life.began.has(shard)) life.began.set(shard, from);
      if (faultsOnTheWay === 0) life.had.add(shard);
    },
    fault(kind, what) {
      if (onTheWay.test(kind)) faultsOnTheWay += what === 'begins' ? 1 : -1;
    },
    beaten({ daemon, listed }) {
      const life = lives.get(daemon);
      if (life) life.listed = listed;
    },
    read({ shard, sequence }) {
      for (const life of lives.values()) {
        if (sequence >= (life.began.get(shard) ?? Number.POSITIVE_INFINITY)) life.hasDelivered = true;
      }
    },
    logged({ daemon, message }) {
      const life = lives.get(daemon);
      if (!life) return;
      if (message.startsWith('connected to the receiver')) life.hasConnected = true;
      if (message.startsWith('cannot connect to the receiver')) life.couldNotConnect = true;
    },
    drained({ daemon, isComplete }) {
      const life = lives.get(daemon);
      if (isComplete && life?.couldNotConnect && !life.hasConnected)
        report('exit', `${daemon} says that it is complete, and it never reached its receiver`);
      if (!life || !isComplete || life.hasDelivered || !life.listed.some((shard) => life.had.has(shard))) return;
      report('exit', `${daemon} says that it is complete, and nothing of what it had pulled has arrived`);
    },
  };
};
