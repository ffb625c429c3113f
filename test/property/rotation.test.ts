import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createDeferred, type Deferred } from '../../src/core/deferred.ts';
import { connectionError } from '../../src/sink/network-errors.ts';
import type { Delivery } from '../../src/sink/sink.ts';
import { breaksBeforeTrial } from '../../src/sink/syslog/confirm/break-watch.ts';
import type { Connection, ConnectionEvents, PeerEnd } from '../../src/sink/syslog/link/transport.ts';
import { SyslogSink } from '../../src/sink/syslog/sink.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import {
  ChunkMaker,
  createLogRecorder,
  EventRecorder,
  never,
  type TestMark,
} from '../support/receivers/sink-harness.ts';
import { inVirtualTime, type VirtualTime } from '../support/virtual/virtual-time.ts';

/**
 * Connections that come up, are refused, break, and answer their end whenever it pleases the test, while deliveries are
 * open and confirmations due. Whatever happens: every delivery is lost, or confirmed by the one connection that
 * carried it and was ended (where three broke, each of its chunks by one, perhaps another each); a stream's are in order;
 * and when it is over, nothing waits, and one connection is left.
 */
type Step =
  | { readonly kind: 'write' | 'end'; readonly stream: number }
  | { readonly kind: 'break' | 'answer'; readonly which: number }
  | { readonly kind: 'up' | 'refuse' | 'ask' }
  | { readonly kind: 'wait'; readonly ms: number };

const stream = fc.integer({ min: 0, max: 2 });
const which = fc.integer({ min: 0, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('write' as const, 'end' as const), stream }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('break' as const, 'answer' as const), which }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('up' as const, 'up' as const, 'refuse' as const, 'ask' as const) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 5, 60) }) },
);

class Scripted implements Connection {
  readonly facts = {};
  readonly hasRoom = true;
  readonly wasRead = false;
  readonly carried = new Set<string>();
  readonly #ended = createDeferred<PeerEnd | undefined>();
  #events: ConnectionEvents | undefined;
  isEnded = false;
  isOver = false;
  isConfirmed = false;

  attach(events: ConnectionEvents): void {
    this.#events = events;
    if (this.isOver) events.lost(connectionError('closed', 'the connection was closed'));
  }

  write(chunk: Parameters<Connection['write']>[0], written: (framesDropped: number) => void): void {
    if (!this.isOver) this.carried.add(Buffer.from(chunk.bytes).toString());
    chunk.release();
    if (!this.isOver) written(0);
  }

  end(): Promise<PeerEnd | undefined> {
    this.isEnded = true;
    return this.#ended.promise;
  }

  answer(): void {
    if (this.isOver || !this.isEnded) return;
    this.isOver = true;
    this.isConfirmed = true;
    this.#ended.resolve({ isAuthentic: false });
  }

  destroy(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#ended.resolve(undefined);
    this.#events?.lost(connectionError('closed', 'the connection was closed'));
  }
}

async function play(time: VirtualTime, steps: readonly Step[], strictOrder: boolean): Promise<void> {
  const made: Scripted[] = [];
  let dialled: Deferred<Connection>[] = [];
  let isWell = true;
  const up = () => {
    const connection = new Scripted();
    made.push(connection);
    return connection;
  };
  const events = new EventRecorder();
  const chunks = new ChunkMaker();
  const sink = new SyslogSink<TestMark>(
    {
      transport: {
        connect: async () => {
          if (isWell) return up();
          const dial = createDeferred<Connection>();
          dialled.push(dial);
          return dial.promise;
        },
      },
      confirm: 'on',
      framing: 'octet-counting',
      confirmIntervalMs: 5,
      confirmBytes: 10,
      confirmTimeoutMs: 60_000,
      confirmPatienceMs: 300_000,
      strictOrder,
      peer: 'tcp://receiver',
      backoffMinMs: 1,
      backoffMaxMs: 2,
      steadyAfterMs: 10,
      clock: time.clock,
      log: createLogRecorder().log,
    },
    events,
  );
  const open = new Map<number, { readonly id: number; readonly delivery: Delivery }>();
  const streamOf: number[] = [];
  /** By delivery. */
  const texts: string[][] = [];
  const chunkOf = (id: number) => {
    const its = texts[id] ?? [];
    texts[id] = its;
    its.push(`${id}.${its.length}`);
    return chunks.chunk(its.slice(-1));
  };
  const openIn = (stream: number) => {
    const known = open.get(stream);
    if (known) return known;
    const id = streamOf.push(stream) - 1;
    const opened = { id, delivery: sink.deliver({ stream: `${stream}`, id }) };
    open.set(stream, opened);
    return opened;
  };
  const end = async (stream: number) => {
    const { id, delivery } = openIn(stream);
    open.delete(stream);
    // As the daemon does: not before what was written has been taken.
    await delivery.write(chunkOf(id))?.catch(() => undefined);
    delivery.end();
  };
  const answering = time.clock.interval(1, () => {
    if (isWell) for (const each of made) each.answer();
  });
  try {
    await sink.start(never);
    isWell = false;
    for (const each of steps) {
      if (each.kind === 'write') {
        const { id, delivery } = openIn(each.stream);
        delivery.write(chunkOf(id))?.catch(() => undefined);
      } else if (each.kind === 'end') void end(each.stream);
      else if (each.kind === 'break') made.filter(({ isOver }) => !isOver)[each.which]?.destroy();
      else if (each.kind === 'answer') made.filter(({ isOver, isEnded }) => isEnded && !isOver)[each.which]?.answer();
      else if (each.kind === 'up') dialled.shift()?.resolve(up());
      else if (each.kind === 'refuse') dialled.shift()?.reject(connectionError('econnrefused', 'refused'));
      else if (each.kind === 'ask') sink.confirmSoon();
      else if (each.kind === 'wait') await time.sleep(each.ms);
    }
    isWell = true;
    for (const dial of dialled) dial.reject(connectionError('econnrefused', 'refused'));
    dialled = [];
    for (const stream of [...open.keys()]) void end(stream);
    const isOver = (id: number) => events.history.includes(`confirmed ${id}`) || events.history.includes(`lost ${id}`);
    await time.until(
      () => streamOf.every((_, id) => isOver(id)) && made.filter((each) => !each.isOver && !each.isEnded).length === 1,
    );
    for (const [id, stream] of streamOf.entries()) {
      const reports = events.history.filter((each) => each.endsWith(` ${id}`)).map((each) => each.split(' ')[0]);
      expect([['sent', 'confirmed'], ['sent', 'lost'], ['lost']]).toContainEqual(reports);
      if (!reports.includes('confirmed')) continue;
      const carriersOf = (text: string) => made.filter(({ carried }) => carried.has(text));
      const all = new Set((texts[id] ?? []).flatMap(carriersOf));
      for (const text of texts[id] ?? [])
        expect(carriersOf(text).filter(({ isConfirmed }) => isConfirmed)).toHaveLength(1);
      if (made.filter((each) => each.isOver && !each.isConfirmed).length < breaksBeforeTrial) expect(all.size).toBe(1);
      const at = events.history.indexOf(`confirmed ${id}`);
      const before = streamOf.findLastIndex((each, earlier) => earlier < id && each === stream);
      const until = events.history.slice(0, at);
      if (before >= 0)
        expect(until.some((each) => each === `confirmed ${before}` || each === `lost ${before}`)).toBe(true);
    }
    await time.clock.turn(); // a connection that broke at this very moment is a failure of the drain, too
    expect(await sink.drain(10_000)).toBe(true);
    expect(chunks.isEachReleasedOnce).toBe(true);
  } finally {
    time.clock.cancel(answering);
    sink.destroy();
  }
}

it('confirms, loses and replaces connections in any order of events', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), fc.boolean(), (...drawn) =>
      inVirtualTime((time) => play(time, ...drawn)),
    ),
    propertyRuns(300),
  );
}, 120_000);
