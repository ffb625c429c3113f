/** What receivers do that has broken the promise once. */
import { chosen, type FaultKind } from './fault-kind.ts';

export const receiverHazards: readonly FaultKind[] = [
  {
    name: 'receiver-resets-at-start',
    weight: 1,
    lastsMs: [300, 2_000],
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      if (receiver) receiver.behaviour.resets = true;
      for (const daemon of world.daemons) daemon.kill();
      return () => {
        if (receiver) receiver.behaviour.resets = false;
      };
    },
  },
  {
    name: 'receiver-stuck-at-start',
    weight: 1,
    lastsMs: [15_000, 25_000],
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      receiver?.process?.stop();
      for (const daemon of world.daemons) daemon.kill();
      // And dies of it.
      return () => {
        receiver?.kill();
        receiver?.start();
      };
    },
  },
  {
    name: 'receiver-moves',
    weight: 1,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      // One that takes a single connection never hears that the one to its old address is over.
      const movable = world.receivers.filter(({ plan }) => !plan.oneAtATime);
      const receiver = chosen(movable, luck[0]);
      const [before] = receiver?.host.addresses ?? [];
      if (!receiver || before === undefined) return undefined;
      const address = before.replace('10.0.', '10.1.');
      world.network.moveAddress(before, undefined);
      world.network.moveAddress(address, receiver.host);
      world.network.setName(receiver.name, [address]);
      return undefined;
    },
  },
  {
    name: 'receiver-frozen',
    weight: 1,
    lastsMs: [130_000, 130_000],
    begin: (world) => {
      const stopped = world.receivers.map(({ process }) => process);
      for (const process of stopped) process?.stop();
      return () => {
        for (const process of stopped) process?.resume();
      };
    },
  },
  {
    name: 'receiver-never-up',
    weight: 1,
    lastsMs: [30_000, 30_000],
    begin: (world) => {
      for (const receiver of world.receivers) receiver.kill();
      for (const daemon of world.daemons) daemon.kill();
      world.load.burst(5);
      world.scheduler.after(15_000, () => {
        for (const daemon of world.daemons) daemon.terminate(true);
      });
      return () => {
        for (const receiver of world.receivers) receiver.start();
        for (const daemon of world.daemons) daemon.wake();
      };
    },
  },
  {
    name: 'receiver-limit',
    weight: 10,
    lastsMs: [10_000, 60_000],
    fits: ({ load }) => load.largeIsSent === true,
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      if (!receiver) return undefined;
      receiver.behaviour.limitBytes = 2_048;
      // Until somebody configures that receiver otherwise.
      return () => {
        receiver.behaviour.limitBytes = undefined;
      };
    },
  },
];
