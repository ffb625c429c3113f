import { expect } from 'vitest';
import { createDeferred } from '../../../../../src/core/deferred.ts';
import { connectionError } from '../../../../../src/sink/network-errors.ts';
import type { Connection, Transport } from '../../../../../src/sink/syslog/link/transport.ts';
import { SyslogSink } from '../../../../../src/sink/syslog/sink.ts';
import {
  ChunkMaker,
  createLogRecorder,
  EventRecorder,
  never,
  type TestMark,
} from '../../../../support/receivers/sink-harness.ts';
import { useVirtualTime } from '../../../../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();

interface ScriptedConnection extends Connection {
  break(): void;
}

/** Takes everything; one that is broken says so as soon as somebody listens. */
function connectionOf(isBroken: boolean): ScriptedConnection {
  let lose = (): void => undefined;
  return {
    facts: {},
    hasRoom: true,
    wasRead: false,
    attach({ lost }) {
      lose = () => lost(connectionError('closed', 'the connection was closed'));
      if (isBroken) lose();
    },
    break: () => lose(),
    write: (chunk, written) => {
      chunk.release();
      written(0);
    },
    end: async () => ({ isAuthentic: false }),
    destroy: () => lose(),
  };
}

function sinkOver(connect: Transport['connect'], confirm: 'on' | 'off', confirmIntervalMs: number) {
  const events = new EventRecorder();
  const { log, lines } = createLogRecorder();
  const sink = new SyslogSink<TestMark>(
    {
      transport: { connect },
      confirm,
      framing: 'octet-counting',
      confirmIntervalMs,
      confirmBytes: 1_000,
      confirmTimeoutMs: 1_000,
      confirmPatienceMs: 300_000,
      strictOrder: false,
      peer: 'tcp://receiver',
      backoffMinMs: 1,
      backoffMaxMs: 2,
      steadyAfterMs: 10,
      clock: time.clock,
      log,
    },
    events,
  );
  const send = (id: number) => {
    const delivery = sink.deliver({ stream: '1', id });
    void delivery.write(new ChunkMaker().chunk(['x']));
    delivery.end();
  };
  return { sink, events, lines, send };
}

it.each([
  { confirm: 'off', broken: new Set([0]) },
  { confirm: 'on', broken: new Set([1, 2]) }, // the first is ended, to see what the receiver does
] as const)('connects again when a connection breaks before it is used, confirm $confirm', async (given) => {
  let connections = 0;
  const { sink, events, send } = sinkOver(async () => connectionOf(given.broken.has(connections++)), given.confirm, 10);
  await sink.start(never);
  send(1);
  await time.until(() => expect(events.history).toEqual(['sent 1', 'confirmed 1']));
  sink.destroy();
});

it('confirms a connection that came to be due while the successor of the last one was dialled in vain', async () => {
  const made: ScriptedConnection[] = [];
  const successor = createDeferred<Connection>();
  let calls = 0;
  const { sink, events, send } = sinkOver(
    async () => {
      if (++calls === 3) return successor.promise; // after the probe and the first that takes deliveries
      const connection = connectionOf(false);
      made.push(connection);
      return connection;
    },
    'on',
    60_000,
  );
  await sink.start(never);
  send(1);
  sink.confirmSoon();
  await time.until(() => expect(calls).toBe(3));
  made[1]!.break();
  await time.until(() => expect(made).toHaveLength(3));
  await time.until(() => expect(sink.status.state).toBe('up'));
  send(2);
  sink.confirmSoon();
  successor.reject(connectionError('connect-timeout', 'no connection in time'));
  await time.until(() => expect(events.history).toEqual(['sent 1', 'lost 1', 'sent 2', 'confirmed 2']));
  sink.destroy();
});

it('does not warn of a successor that is not needed any more when it is drained', async () => {
  let calls = 0;
  const { sink, lines, send } = sinkOver(
    async () => {
      calls++;
      return connectionOf(false);
    },
    'on',
    60_000,
  );
  await sink.start(never);
  send(1);
  sink.confirmSoon();
  await time.sleep(10); // it has one, and watches whether it is dropped
  expect(calls).toBe(3);
  expect(await sink.drain(5_000)).toBe(true);
  await time.sleep(150); // the successor's trial is over
  expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
  sink.destroy();
});

it('lets a delivery go on to its end on a connection that a trial waits to replace, whoever waits for the next', async () => {
  const made: ScriptedConnection[] = [];
  const { sink, events } = sinkOver(
    async () => {
      const connection = connectionOf(false);
      made.push(connection);
      return connection;
    },
    'on',
    60_000,
  );
  const chunks = new ChunkMaker();
  await sink.start(never);
  const send = (stream: string, id: number) => {
    const delivery = sink.deliver({ stream, id });
    const taken = delivery.write(chunks.chunk(['x']));
    return { delivery, taken };
  };
  for (let id = 1; id <= 3; id++) {
    send('suspect', id).delivery.end();
    made.at(-1)!.break();
    await time.until(() => expect(made).toHaveLength(id + 2));
    await time.until(() => expect(sink.status.state).toBe('up'));
  }
  const { delivery: open } = send('open', 4);
  send('suspect', 5).delivery.end();
  send('next', 6).delivery.end();
  expect(open.write(chunks.chunk(['y']))).toBeUndefined();
  await time.sleep(1_000);
  open.end();
  await time.until(() => expect(events.count('sent')).toBe(6));
  sink.confirmSoon();
  await time.until(() => expect(events.count('confirmed')).toBe(3));
  sink.destroy();
});
