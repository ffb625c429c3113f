/** What happens on the way to the service: at a daemon's, at a shard's, or at all of them. */
import type { Action } from '../../../src/emulator/protocol/routes.ts';
import type { FaultPlan } from '../scenario/scenario.ts';
import type { HttpFaultKind } from '../service/http-faults.ts';
import type { World } from '../world.ts';
import { chosen, type FaultKind } from './fault-kind.ts';

const bodyFaults: readonly HttpFaultKind[] = [
  { kind: 'cut-body' },
  { kind: 'corrupt-body' },
  { kind: 'garbage-protobuf' },
  { kind: 'wrong-raw-size', byBytes: 7 },
  { kind: 'wrong-raw-size', byBytes: -7 },
];

/** Half of all faults hit one daemon only. */
function whom(world: World, luck: number): { daemon?: string } {
  const name = luck < 0.5 ? chosen(world.daemons, luck * 2)?.name : undefined;
  return name === undefined ? {} : { daemon: name };
}

function often(luck: number): number {
  return luck < 0.4 ? 1 : luck;
}

interface Row {
  readonly name: string;
  readonly weight: number;
  readonly lastsMs: readonly [number, number];
  readonly actions?: readonly Action[];
  /** So many times, and never again. */
  readonly times?: number;
  /** Always, to everybody, while it lasts. */
  readonly isTotal?: boolean;
  /** Whether it can come at that moment; default: always. */
  fits?(world: World): boolean;
  fault(luck: FaultPlan['luck']): HttpFaultKind;
}

const rows: readonly Row[] = [
  { name: 'http-drop', weight: 2, lastsMs: [500, 15_000], fault: () => ({ kind: 'drop' }) },
  { name: 'http-reset', weight: 2, lastsMs: [500, 15_000], fault: () => ({ kind: 'reset' }) },
  { name: 'http-duplicate', weight: 1, lastsMs: [2_000, 30_000], fault: () => ({ kind: 'duplicate' }) },
  {
    // Pulls go on: what keeps a daemon from sending is its fence alone.
    name: 'heartbeats-lost',
    weight: 2,
    lastsMs: [3_000, 40_000],
    actions: ['HeartBeat'],
    isTotal: true,
    fault: () => ({ kind: 'drop' }),
  },
  {
    name: 'http-delay',
    weight: 2,
    lastsMs: [1_000, 20_000],
    // Below every heartbeat interval: slower answers are a trouble of their own.
    fault: (luck) => ({ kind: 'delay', ms: 50 + luck[3] * 600 }),
  },
  {
    name: 'http-lose-answer',
    weight: 2,
    lastsMs: [500, 15_000],
    fault: (luck) => ({ kind: 'lose-answer', silent: luck[3] < 0.3 }),
  },
  {
    name: 'http-busy',
    weight: 2,
    lastsMs: [500, 20_000],
    fault: (luck) =>
      luck[3] < 0.5
        ? { kind: 'refuse', status: 503, code: 'ServerBusy' }
        : { kind: 'refuse', status: 500, code: 'InternalServerError' },
  },
  {
    name: 'http-quota',
    weight: 1,
    lastsMs: [500, 20_000],
    actions: ['PullLogs'],
    fault: () => ({ kind: 'refuse', status: 403, code: 'ShardReadQuotaExceed' }),
  },
  {
    name: 'http-proxy-page',
    weight: 1,
    lastsMs: [500, 15_000],
    fault: (luck) => ({ kind: 'page', status: luck[3] < 0.5 ? 502 : 503 }),
  },
  {
    name: 'http-slow',
    weight: 1,
    lastsMs: [1_000, 20_000],
    fault: (luck) => ({ kind: 'slow', bytesPerSecond: 20_000 + luck[3] * 500_000 }),
  },
  {
    name: 'body-reset',
    weight: 1,
    lastsMs: [500, 10_000],
    fault: () => ({ kind: 'reset-in-body' }),
  },
  {
    // One, as a bad cable makes it: pulled again, it is whole.
    name: 'body-damaged-once',
    weight: 1,
    lastsMs: [5_000, 20_000],
    times: 1,
    fault: (luck) => chosen(bodyFaults, luck[3]) as HttpFaultKind,
  },
  {
    name: 'body-damaged',
    weight: 1,
    lastsMs: [8_000, 20_000],
    isTotal: true,
    fault: (luck) => chosen(bodyFaults, luck[3]) as HttpFaultKind,
  },
  {
    name: 'body-half-of-groups',
    weight: 1,
    lastsMs: [2_000, 10_000],
    isTotal: true,
    fault: () => ({ kind: 'half-of-groups' }),
  },
  {
    name: 'spurious-invalid-cursor',
    weight: 1,
    lastsMs: [10_000, 20_000],
    actions: ['PullLogs'],
    times: 1,
    isTotal: true,
    fault: () => ({ kind: 'refuse', status: 400, code: 'InvalidCursor' }),
  },
  {
    name: 'slow-heartbeats',
    weight: 1,
    lastsMs: [15_000, 30_000],
    actions: ['HeartBeat'],
    isTotal: true,
    fault: (luck) => ({ kind: 'delay', ms: 5_100 + luck[3] * 3_000 }),
  },
  {
    name: 'proxy-page-refuses',
    weight: 3,
    lastsMs: [2_000, 20_000],
    isTotal: true,
    fault: (luck) => ({ kind: 'page', status: luck[3] < 0.5 ? 404 : 403 }),
  },
  {
    name: 'late-saves',
    weight: 2,
    lastsMs: [10_000, 30_000],
    actions: ['UpdateCheckPoint'],
    fault: (luck) => ({ kind: 'delay', ms: 10_000 + luck[3] * 20_000 }),
  },
  {
    name: 'creating-denied',
    weight: 1,
    lastsMs: [30_000, 50_000],
    actions: ['CreateConsumerGroup', 'UpdateConsumerGroup'],
    isTotal: true,
    // A process that starts then, and finds none, has to end.
    fits: ({ service }) => service.group !== undefined,
    fault: () => ({ kind: 'refuse', status: 403, code: 'Unauthorized' }),
  },
];

export const httpFaults: readonly FaultKind[] = [
  ...rows.map(
    ({ name, weight, lastsMs, actions, times, isTotal, fits, fault }): FaultKind => ({
      name,
      weight,
      lastsMs,
      begin: (world, { luck }) => {
        if (fits && !fits(world)) return undefined;
        return world.httpFaults.add({
          fault: fault(luck),
          probability: isTotal ? 1 : often(luck[1]),
          ...(isTotal ? {} : whom(world, luck[0])),
          ...(actions && { actions }),
          ...(times !== undefined && { times }),
        });
      },
    }),
  ),
  {
    // A daemon is fenced, and the saves that it has sent are still on their way.
    name: 'fenced-with-late-saves',
    weight: 1,
    lastsMs: [8_000, 25_000],
    begin: (world, { luck }) => {
      const { name } = chosen(world.daemons, luck[0]) ?? {};
      if (name === undefined) return undefined;
      const fault = { kind: 'delay', ms: 10_000 + luck[1] * 20_000 } as const;
      const save = world.httpFaults.add({ fault, probability: 1, daemon: name, actions: ['UpdateCheckPoint'] });
      const beats = world.httpFaults.add({
        fault: { kind: 'drop' },
        probability: 1,
        daemon: name,
        actions: ['HeartBeat'],
      });
      return () => {
        save();
        beats();
      };
    },
  },
  {
    name: 'partition',
    weight: 2,
    lastsMs: [500, 40_000],
    begin: (world, { luck }) => {
      const daemon = chosen(world.daemons, luck[0]);
      if (!daemon) return undefined;
      world.http.partitioned.add(daemon.name);
      return () => world.http.partitioned.delete(daemon.name);
    },
  },
];
