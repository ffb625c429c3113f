/** What happens at the service: shards split, merged and aged, groups changed under our feet, keys rotated. */
import { groupName } from '../service/service.ts';
import type { World } from '../world.ts';
import { chosen, type FaultKind } from './fault-kind.ts';

/** What no shard has as a cursor: one that is no number, and one beyond every end. Another at each time: each fault knows its own. */
const noCursors = [
  (atMs: number) => `garbage ${atMs}`,
  (atMs: number) => Buffer.from(String(9_999_999_999_999_999_999n - BigInt(atMs))).toString('base64'),
] as const;
const mendLooks = 12;
const mendIntervalMs = 5_000;

/** With `--from end`, what nobody remembers is lost with the group: a daemon that has seen the checkpoints is up. */
function isRemembered({ scenario: { settings }, daemons }: World): boolean {
  return settings.from === 'begin' || daemons.some((daemon) => daemon.hasBeenUpFor(2 * settings.timeoutMs));
}

export const serviceFaults: readonly FaultKind[] = [
  {
    name: 'split',
    weight: 2,
    lastsMs: [0, 0],
    begin: ({ service, nowMs }, { luck }) => {
      const open = service.logstore.writableShards();
      if (open.length < 12) service.logstore.split(chosen(open, luck[0])?.id ?? 0, undefined, 2, nowMs);
      return undefined;
    },
  },
  {
    name: 'merge',
    weight: 1,
    lastsMs: [0, 0],
    begin: ({ service, nowMs }, { luck }) => {
      const open = service.logstore.writableShards();
      const left = open.filter(({ keys }) => open.some((other) => other.keys.begin === keys.end));
      const one = chosen(left, luck[0]);
      if (one) service.logstore.merge(one.id, nowMs);
      return undefined;
    },
  },
  {
    name: 'retention',
    weight: 1,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      const shard = chosen(world.service.logstore.shards(), luck[0]);
      if (!shard) return undefined;
      shard.expireFirst(Math.ceil((shard.endIndex - shard.beginIndex) * luck[1]));
      world.excuseExpired();
      return undefined;
    },
  },
  {
    // Nobody is served for a while, and then all but the newest of what is waiting is gone.
    name: 'retention-behind',
    weight: 2,
    lastsMs: [3_000, 15_000],
    begin: (world, { luck }) => {
      const serve = world.httpFaults.add({
        fault: { kind: 'refuse', status: 503, code: 'ServerBusy' },
        probability: 1,
        actions: ['PullLogs'],
      });
      return () => {
        world.load.burst(world.scenario.load.logsPerGroup * 4);
        for (const shard of world.service.logstore.shards())
          shard.expireFirst(Math.max(0, shard.endIndex - shard.beginIndex - 1 - Math.floor(luck[1] * 3)));
        world.excuseExpired();
        serve();
      };
    },
  },
  {
    name: 'burst',
    weight: 1,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      world.load.burst(Math.floor(luck[0] * 1_000));
      return undefined;
    },
  },
  {
    // An operator has logs sent again: who owns the shard reads it when it is started.
    name: 'checkpoint-set-back',
    weight: 1,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      const shard = chosen(world.service.logstore.shards(), luck[0]);
      if (!shard) return undefined;
      const saved = world.service.group?.checkpoint(shard.id).cursor;
      // What is no cursor of the shard is not set back.
      if (!saved || world.service.checkpointOf(shard.id) === undefined) return undefined;
      const index = shard.indexOfPossiblyExpired(saved);
      world.service.setCheckpoint(shard.id, shard.cursorAt(Math.max(shard.beginIndex, Math.floor(index * luck[1]))));
      for (const daemon of world.daemons) daemon.kill();
      return undefined;
    },
  },
  {
    // An operator skips logs.
    name: 'checkpoint-set-to-end',
    weight: 1,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      const shard = chosen(world.service.logstore.shards(), luck[0]);
      if (!shard || !world.service.group) return undefined;
      world.ledger.excuse(shard.id, shard.sequenceAt(shard.endIndex));
      world.service.setCheckpoint(shard.id, shard.cursorAt(shard.endIndex));
      for (const daemon of world.daemons) daemon.kill();
      return undefined;
    },
  },
  {
    name: 'keys-rotated',
    weight: 1,
    lastsMs: [0, 0],
    begin: ({ service }) => {
      service.rotateKeys();
      return undefined;
    },
  },
  {
    // It is gone, and who would make it again is told that it is there.
    name: 'group-create-says-exists',
    weight: 1,
    lastsMs: [2_000, 10_000],
    begin: (world) => {
      const { service, httpFaults } = world;
      if (!isRemembered(world)) return undefined;
      if (service.group) service.logstore.deleteConsumerGroup(groupName);
      return httpFaults.add({
        fault: { kind: 'refuse', status: 400, code: 'ConsumerGroupAlreadyExist' },
        probability: 1,
        actions: ['CreateConsumerGroup'],
      });
    },
  },
  {
    name: 'group-deleted',
    weight: 1,
    lastsMs: [0, 0],
    begin: (world) => {
      const { service } = world;
      if (service.group && isRemembered(world)) service.logstore.deleteConsumerGroup(groupName);
      return undefined;
    },
  },
  {
    name: 'group-timeout-changed',
    weight: 1,
    lastsMs: [0, 0],
    // Where the service does not say it, nobody can follow it.
    fits: ({ service: { dialect } }) => ['given', 'no-order'].includes(dialect.groupSettings ?? 'given'),
    begin: ({ service }) => {
      service.group?.update({ timeoutMs: 1_000 });
      return undefined;
    },
  },
  {
    name: 'checkpoint-garbage',
    weight: 1,
    lastsMs: [3_000, 10_000],
    begin: (world, { atMs, luck }) => {
      if (!world.service.group) return undefined;
      const noCursor = noCursors[luck[1] < 0.5 ? 0 : 1](atMs);
      const shard = chosen(world.service.logstore.shards(), luck[0])?.id ?? 0;
      const before = world.service.group?.checkpoint(shard).cursor ?? '';
      world.service.setCheckpoint(shard, noCursor);
      // Whoever takes the shard up reads it.
      for (const daemon of world.daemons) daemon.kill();
      // Whoever set it mends it, also where a daemon has saved it again because the group was deleted.
      let looks = 0;
      const mend = () => {
        const { group } = world.service;
        const cursor = group?.checkpoint(shard).cursor ?? '';
        if (group && (cursor === noCursor || (cursor === '' && looks === 0)))
          world.service.setCheckpoint(shard, before);
        if (++looks < mendLooks) world.scheduler.after(mendIntervalMs, mend);
      };
      return mend;
    },
  },
];
