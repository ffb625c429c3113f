import { expect, it } from 'vitest';
import { connectionError } from '../../../../src/sink/syslog/network-errors.ts';
import { SyslogSink } from '../../../../src/sink/syslog/sink.ts';
import type { Connection } from '../../../../src/sink/syslog/transport.ts';
import { ChunkMaker, createLogRecorder, EventRecorder, eventually, never } from '../../../support/sink-harness.ts';

/** Takes everything; one that is broken says so as soon as somebody listens. */
function connectionOf(isBroken: boolean): Connection {
  return {
    facts: {},
    hasRoom: true,
    wasRead: false,
    attach: ({ lost }) => isBroken && lost(connectionError('closed', 'closed as soon as it was there')),
    write: (chunk, written) => {
      chunk.release();
      written(0);
    },
    end: async () => ({ isAuthentic: false }),
    destroy: () => undefined,
  };
}

it.each([
  { confirm: 'off', broken: new Set([0]) },
  { confirm: 'on', broken: new Set([1, 2]) }, // the first is ended, to see what the receiver does
] as const)('connects again when a connection breaks before it is used, confirm $confirm', async (given) => {
  let connections = 0;
  const events = new EventRecorder();
  const sink = new SyslogSink(
    {
      transport: { connect: async () => connectionOf(given.broken.has(connections++)) },
      confirm: given.confirm,
      confirmIntervalMs: 10,
      confirmBytes: 1_000,
      confirmTimeoutMs: 1_000,
      strictOrder: false,
      peer: 'tcp://receiver',
      backoffMinMs: 1,
      backoffMaxMs: 2,
      steadyAfterMs: 10,
      now: () => performance.now(),
      random: Math.random,
      log: createLogRecorder().log,
    },
    events,
  );
  await sink.start(never);
  const delivery = sink.deliver({ stream: '1', id: 1 });
  void delivery.write(new ChunkMaker().chunk(['x']));
  delivery.end();
  await eventually(() => expect(events.history).toEqual(['sent 1', 'confirmed 1']));
  sink.destroy();
});
