/** How soon a daemon sends its first message, and what it costs with nothing to send. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { spreadOf } from '../harness/pairs.ts';
import { Plant } from '../harness/plant.ts';
import { cpuSeconds, stop } from '../harness/processes.ts';
import type { Measured, Row, RunOptions } from '../harness/row.ts';

export const startAndIdleRows: readonly Row[] = [
  {
    what: 'start of the process to the first message at the receiver',
    target: { atMost: 1 },
    unit: ' s',
    digits: 2,
    measure: measureStart,
  },
  {
    what: 'idle daemon, 64 empty shards, of a core',
    target: { atMost: 1 },
    unit: ' %',
    digits: 2,
    measure: measureIdle,
  },
];

/**
 * An idle daemon is idle for hours. Shards are asked every 2 or 3 s from the beginning, so that Node takes its time
 * until it has compiled what that needs: before that its compiler (on threads of its own) costs as much as the daemon
 * does.
 */
const settleMs = 90_000;

async function measureStart({ quick }: RunOptions): Promise<Measured> {
  const plant = await Plant.start({ profile: 'access', shards: 4, quick });
  const receiver = await firstBytesReceiver();
  try {
    const seconds: number[] = [];
    for (let run = 0; run < (quick ? 1 : 7); run++) {
      const first = receiver.next();
      const startMs = performance.now();
      const daemon = plant.startDaemon({ port: receiver.port });
      await first;
      seconds.push((performance.now() - startMs) / 1000);
      await stop(daemon);
    }
    return { spread: spreadOf(seconds), count: seconds.length };
  } finally {
    receiver.close();
    await plant.close();
  }
}

interface FirstBytesReceiver {
  readonly port: number;
  /** Resolves with the next bytes that arrive. */
  next(): Promise<void>;
  close(): void;
}

async function firstBytesReceiver(): Promise<FirstBytesReceiver> {
  let arrived: () => void = () => undefined;
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', () => arrived());
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    next: () =>
      new Promise((resolve) => {
        arrived = resolve;
      }),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function measureIdle({ quick }: RunOptions): Promise<Measured> {
  const plant = await Plant.start({ profile: 'none', shards: 64 });
  try {
    const daemon = plant.startDaemon();
    await sleep(quick ? 1_000 : settleMs);
    const windowMs = quick ? 1_000 : 10_000;
    const percents: number[] = [];
    for (let window = 0; window < (quick ? 1 : 5); window++) {
      const [cpu, startMs] = [cpuSeconds(daemon), performance.now()];
      await sleep(windowMs);
      percents.push(((cpuSeconds(daemon) - cpu) / ((performance.now() - startMs) / 1000)) * 100);
    }
    const note = `${percents.length} × ${windowMs / 1000} s, after ${settleMs / 1000} s of idleness`;
    return { spread: spreadOf(percents), count: percents.length, ...(!quick && { note }) };
  } finally {
    await plant.close();
  }
}
