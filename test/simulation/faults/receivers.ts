/** What happens to receivers, and on the way to them. */

import type { TcpEndpoint } from '../net/kernel/tcp-endpoint.ts';
import type { SimulatedReceiver } from '../receivers/receiver.ts';
import type { FaultPlan } from '../scenario/scenario.ts';
import type { World } from '../world.ts';
import { chosen, type FaultKind } from './fault-kind.ts';

/** How long a fault waits for a moment in which nothing is on its way. */
const patienceMs = 5_000;

/** Started again as it was planned, in a moment in which nothing is on its way to it. */
function speakPlainWhenIdle(world: World, receiver: SimulatedReceiver): void {
  receiver.behaviour.speaksTls = undefined;
  if (receiver.isBusy) {
    world.scheduler.after(1, () => speakPlainWhenIdle(world, receiver));
    return;
  }
  const wasUp = receiver.isUp;
  receiver.kill();
  if (wasUp) receiver.start();
}

/** A receiver that is stopped is killed as soon as no connection of it would have a clean end for that, and comes back. */
function killWhenItResets(world: World, receiver: SimulatedReceiver): void {
  const untilMs = world.nowMs + patienceMs;
  const kill = () => {
    if (!receiver.wouldReset && world.nowMs < untilMs) {
      world.scheduler.after(1, kill);
      return;
    }
    if (receiver.wouldReset) receiver.kill();
    else receiver.process?.resume();
    world.scheduler.after(500, () => receiver.start());
  };
  kill();
}

export const receiverFaults: readonly FaultKind[] = [
  {
    name: 'receiver-killed',
    weight: 4,
    lastsMs: [10, 20_000],
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      receiver?.kill();
      return () => receiver?.start();
    },
  },
  {
    name: 'receiver-stopped',
    weight: 3,
    lastsMs: [100, 20_000],
    begin: (world, { luck }) => {
      const stopped = chosen(world.receivers, luck[0])?.process;
      stopped?.stop();
      return () => stopped?.resume();
    },
  },
  {
    // It hangs, with more to read than its kernel takes, and is killed.
    name: 'receiver-hangs-and-dies',
    weight: 6,
    lastsMs: [10_000, 30_000],
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      receiver?.process?.stop();
      // More than is with the kernels and in the daemon's queue: a batch that is not written to its end.
      const isLarge = world.scenario.settings.maxInFlightBytes >= 8 << 20;
      const burstBytes = isLarge ? 1_500_000 + luck[2] * 2_000_000 : 300_000 + luck[2] * 700_000;
      if (luck[1] < 0.7) world.load.burstOfBytes(burstBytes, luck[3]);
      return () => {
        if (receiver) killWhenItResets(world, receiver);
      };
    },
  },
  {
    // Whoever is told to stop meanwhile has no answer when its time is over.
    name: 'receiver-hangs-in-drain',
    weight: 1,
    lastsMs: [8_000, 25_000],
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      const daemon = chosen(world.daemons, luck[1]);
      receiver?.process?.stop();
      world.load.burst(20);
      world.scheduler.after(1_000 + luck[2] * 3_000, () => daemon?.terminate(true));
      return () => {
        if (receiver) killWhenItResets(world, receiver);
        daemon?.wake();
      };
    },
  },
  {
    name: 'receiver-slow',
    weight: 2,
    lastsMs: [1_000, 20_000],
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      if (receiver) receiver.behaviour.pace = { bytes: 256 + Math.floor(luck[1] * 4_096), pauseMs: 5 + luck[2] * 50 };
      return () => {
        if (receiver) receiver.behaviour.pace = undefined;
      };
    },
  },
  {
    name: 'receiver-resets',
    weight: 2,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      chosen(world.receivers, luck[0])?.resetAll();
      return undefined;
    },
  },
  {
    name: 'receiver-closes-first',
    weight: 1,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      chosen(world.receivers, luck[0])?.closeAll(false);
      return undefined;
    },
  },
  {
    name: 'receiver-closes-busy',
    weight: 1,
    lastsMs: [5_000, 20_000],
    // A proxy hides what a receiver behind it had not read when it closes: docs/delivery.md.
    fits: ({ outlets }) => outlets.some(({ receivers }) => receivers.some(({ isBehindProxy }) => !isBehindProxy)),
    begin: (world, { luck }) => {
      const receiver = chosen(
        world.receivers.filter(({ plan }) => !plan.isBehindProxy),
        luck[0],
      );
      let isOver = false;
      // Its end meets ours: it closes while our last bytes, and our end behind them, are on their way to it.
      const close = () => {
        if (isOver || !receiver) return;
        const { addresses } = world.network.host(receiver.name);
        const ends = world.daemons.flatMap(({ name }) => [...world.network.host(name).endpoints.values()]);
        const isMeeting = ends.some(
          ({ remote, state, unacknowledgedBytes }) =>
            addresses.has(remote.address) && state === 'FIN_WAIT1' && unacknowledgedBytes > 0,
        );
        if (isMeeting) receiver.closeAll(true);
        world.scheduler.after(0.5, close);
      };
      close();
      return () => {
        isOver = true;
      };
    },
  },
  {
    // It reads everything, and its side stays open: nobody can tell it from one that hangs.
    name: 'receiver-never-ends',
    weight: 1,
    lastsMs: [500, 30_000],
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      if (receiver) receiver.behaviour.silent = true;
      return () => {
        if (receiver) receiver.behaviour.silent = false;
      };
    },
  },
  {
    name: 'receiver-refuses',
    weight: 1,
    lastsMs: [500, 15_000],
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      receiver?.stopListening();
      return () => receiver?.listenAgain();
    },
  },
  {
    // It comes back while the one that stands in for it reads slowly, and has something unread.
    name: 'receiver-back-beside-slow',
    weight: 3,
    lastsMs: [20_000, 40_000],
    fits: ({ outlets }) => outlets.some(({ receivers }) => receivers.length > 1),
    begin: (world, { luck, forMs }) => {
      const outlet = chosen(
        world.scenario.outlets.filter(({ receivers }) => receivers.length > 1),
        luck[0],
      );
      const all = world.receivers.filter(({ plan }) => plan.outlet === outlet?.name);
      const [first, ...others] = luck[1] < 0.7 ? all : all.toReversed();
      first?.stopListening();
      first?.resetAll();
      const burstBytes = 20_000 + luck[3] * 40_000;
      // A fifth more than comes: it always has something to read.
      const pauseMs = 25;
      const pace = { bytes: Math.ceil((1.2 * burstBytes * pauseMs) / 1_000), pauseMs };
      for (const { behaviour } of others) behaviour.pace = pace;
      world.scheduler.after(forMs / 4, () => first?.listenAgain());
      let isOver = false;
      const burst = () => {
        if (isOver) return;
        world.load.burstOfBytes(burstBytes, luck[1]);
        world.scheduler.after(1_000, burst);
      };
      burst();
      return () => {
        isOver = true;
        for (const { behaviour } of others) behaviour.pace = undefined;
      };
    },
  },
  {
    // Who is started then, with plain TCP configured, has the commonest mistake of a first set-up.
    name: 'receiver-speaks-tls',
    weight: 1,
    lastsMs: [25_000, 35_000],
    fits: ({ outlets }) => outlets.some(({ receivers }) => receivers.some(({ protocol }) => protocol === 'tcp')),
    begin: (world, { luck }) => {
      const plain = world.receivers.filter(({ plan }) => plan.protocol === 'tcp');
      // Nothing that is lost with a receiver can be confirmed by a process that is gone.
      for (const daemon of world.daemons) daemon.kill();
      for (const receiver of plain) {
        receiver.kill();
        receiver.behaviour.speaksTls = chosen(['alert', 'end', 'silence'], luck[0]);
        receiver.start();
      }
      return () => {
        for (const receiver of plain) speakPlainWhenIdle(world, receiver);
      };
    },
  },
  {
    name: 'receiver-partition',
    weight: 2,
    lastsMs: [200, 20_000],
    begin: (world, { luck }) => {
      const receiver = chosen(world.receivers, luck[0]);
      const daemon = chosen(world.daemons, luck[1]);
      if (!receiver || !daemon) return undefined;
      const [from, to] = [world.network.host(daemon.name), world.network.host(receiver.name)];
      world.network.cut(from, to);
      return () => world.network.heal(from, to);
    },
  },
  {
    // Somebody on the way breaks connections.
    name: 'receiver-forged-reset',
    weight: 1,
    lastsMs: [0, 0],
    begin: (world, { luck }) => {
      for (const endpoint of endpointsBetween(world, luck)) endpoint.forge('RST');
      return undefined;
    },
  },
  {
    // Somebody on the way ends connections as the receiver would: no match for one that says it under its keys.
    name: 'receiver-forged-end',
    weight: 1,
    lastsMs: [0, 0],
    fits: ({ outlets }) => outlets.some(({ receivers }) => receivers.some(({ sendsCloseNotify }) => sendsCloseNotify)),
    begin: (world, { luck }) => {
      for (const endpoint of endpointsBetween(world, luck, ({ plan }) => plan.sendsCloseNotify)) endpoint.forge('FIN');
      return undefined;
    },
  },
];

/** A daemon's ends of its connections to a receiver. */
function endpointsBetween(
  world: World,
  luck: FaultPlan['luck'],
  fits: (receiver: SimulatedReceiver) => boolean = () => true,
): readonly TcpEndpoint[] {
  // One that takes one connection at a time, and does not hear of the forgery, would wait for that connection for ever.
  const may = (each: SimulatedReceiver) => fits(each) && !each.plan.oneAtATime;
  const receiver = chosen(world.receivers.filter(may), luck[0]);
  const daemon = chosen(world.daemons, luck[1]);
  if (!receiver || !daemon) return [];
  const { addresses } = world.network.host(receiver.name);
  const endpoints = [...world.network.host(daemon.name).endpoints.values()];
  return endpoints.filter(({ remote, isConnected }) => isConnected && addresses.has(remote.address));
}
