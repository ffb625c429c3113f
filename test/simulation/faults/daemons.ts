/** What happens to daemons: killed, stopped, drained, reloaded, their clocks set. */
import type { Settings } from '../scenario/scenario.ts';
import { chosen, type FaultKind } from './fault-kind.ts';

/** The service refuses whoever is 15 minutes off: that is for somebody to set right, and a start ends with it. */
const furthestMs = 13 * 60_000;

/** What a configuration is changed to; nothing: other messages. */
const reloads: readonly Partial<Settings>[] = [
  {},
  {},
  { checkpointIntervalMs: 1_000 },
  { confirmIntervalMs: 1_000 },
  { failbackAfterMs: 2_000 },
];

export const daemonFaults: readonly FaultKind[] = [
  {
    name: 'kill',
    weight: 3,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      chosen(world.daemons, luck[0])?.kill();
      return undefined;
    },
  },
  {
    name: 'kill-renamed',
    weight: 1,
    lastsMs: [0, 0],
    begin: (world, { luck, atMs }) => {
      const daemon = chosen(world.daemons, luck[0]);
      daemon?.kill(`${daemon.plan.consumer}-${atMs}`);
      return undefined;
    },
  },
  {
    name: 'stop',
    weight: 3,
    lastsMs: [100, 90_000],
    begin: (world, { luck }) => {
      const stopped = chosen(world.daemons, luck[0])?.process;
      stopped?.stop();
      return () => stopped?.resume();
    },
  },
  {
    name: 'drain',
    weight: 2,
    lastsMs: [500, 15_000],
    begin: (world, { luck }) => {
      const daemon = chosen(world.daemons, luck[0]);
      daemon?.terminate(true);
      return () => daemon?.wake();
    },
  },
  {
    name: 'reload',
    weight: 2,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      chosen(world.daemons, luck[0])?.reload(chosen(reloads, luck[1]) ?? {});
      return undefined;
    },
  },
  {
    name: 'clock-jump',
    weight: 2,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      const byMs = (luck[1] - 0.5) * (luck[2] < 0.5 ? 4_000 : 1_200_000);
      chosen(world.daemons, luck[0])?.process?.jump(Math.round(byMs), furthestMs);
      return undefined;
    },
  },
  {
    // Its clock is set back while the service hears nothing of it: by that clock its time is not over.
    name: 'clock-back-unheard',
    weight: 1,
    lastsMs: [20_000, 60_000],
    begin: (world, { luck }) => {
      const daemon = chosen(world.daemons, luck[0]);
      daemon?.process?.jump(-Math.round(30_000 + luck[1] * 600_000), furthestMs);
      return world.httpFaults.add({
        fault: { kind: 'drop' },
        probability: 1,
        // Nor is it told by a checkpoint that is refused.
        actions: ['HeartBeat', 'UpdateCheckPoint'],
        ...(daemon && { daemon: daemon.name }),
      });
    },
  },
];
