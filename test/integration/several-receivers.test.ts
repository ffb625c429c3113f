/**
 * Several receivers over whole connections, in virtual time: one after the other goes away, and nothing is lost, held up
 * or mixed.
 */
import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { Strategy } from '../../src/sink/receivers/placement.ts';
import { createReceiversSink, type ReceiverFactory } from '../../src/sink/receivers/receivers.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { createSyslogSink } from '../../src/sink/syslog/create.ts';
import {
  ChunkMaker,
  createLogRecorder,
  EventRecorder,
  type LogLine,
  never,
  type TestMark,
} from '../support/receivers/sink-harness.ts';
import type { TcpPeer, TcpPeerOptions } from '../support/receivers/tcp-peer.ts';
import { createVirtualPlace, type VirtualPlace } from '../support/virtual/virtual-place.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();
const cleanups: (() => unknown)[] = [];
let machine: VirtualPlace;

beforeEach(() => {
  machine = createVirtualPlace(time);
});

afterEach(() =>
  time.run(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  }),
);

/** A receiver that can be away: what it has read is kept over all its lives. */
class Place {
  readonly #options: TcpPeerOptions;
  readonly #lives: TcpPeer[] = [];

  private constructor(options: TcpPeerOptions) {
    this.#options = options;
  }

  static async create(options: TcpPeerOptions = {}): Promise<Place> {
    const place = new Place(options);
    await place.comeBack();
    cleanups.push(() => place.goAway());
    return place;
  }

  get port(): number {
    return this.#lives[0]?.port ?? 0;
  }

  /** Everything that it has ever read. */
  text(): string {
    return this.#lives.map((life) => life.text()).join('');
  }

  async goAway(): Promise<void> {
    await this.#lives.at(-1)?.close();
  }

  async comeBack(): Promise<void> {
    this.#lives.push(await machine.createPeer({ ...this.#options, port: this.port }));
  }
}

describe('the sink of several receivers', () => {
  let sink: Sink<TestMark>;
  let events: EventRecorder;
  let lines: LogLine[];

  function createSink(places: readonly Place[], strategy: Strategy, confirmTimeoutMs = 1_000): void {
    events = new EventRecorder();
    const recorder = createLogRecorder();
    lines = recorder.lines;
    const factories = places.map(({ port }): ReceiverFactory<TestMark> => {
      const tuning = { backoffMinMs: 5, backoffMaxMs: 20 };
      const confirm = { confirmIntervalMs: 50, confirmTimeoutMs };
      const { clock } = time;
      const network = machine.net.of();
      return (itsEvents) =>
        createSyslogSink(
          { protocol: 'tcp', host: '127.0.0.1', port, ...confirm, tuning, clock, network },
          itsEvents,
          recorder.log,
        );
    });
    const options = { strategy, patienceMs: 100, failbackAfterMs: 200, log: recorder.log, clock: time.clock };
    sink = createReceiversSink(factories, options, events);
    cleanups.push(() => sink.destroy());
  }

  const chunks = new ChunkMaker();

  /** The receivers that deliveries go to, as told last. */
  function inUse(): string {
    return String(lines.findLast(({ fields }) => 'now' in fields)?.fields.now);
  }

  /** Until it is confirmed, as the group would: what is lost is sent again. */
  async function deliver(stream: string, id: number): Promise<void> {
    while (sink.status.state !== 'closed') {
      const before = events.history.length;
      const delivery = sink.deliver({ stream, id });
      try {
        await delivery.write(chunks.chunk([`${stream}.${id} `]));
        delivery.end();
        const reported = () =>
          events.history.slice(before).find((each) => /^(confirmed|lost) (\d+)$/.exec(each)?.[2] === `${id}`);
        await time.until(() => reported() !== undefined);
        if (reported() === `confirmed ${id}`) return;
      } catch {
        delivery.abandon();
      }
    }
  }

  it('fails over, and back when the first has been up for a while', async () => {
    const [a, b] = [await Place.create(), await Place.create()];
    createSink([a, b], 'failover');
    await sink.start(never);
    await deliver('s', 1);
    await a.goAway();
    await deliver('s', 2);
    await a.comeBack();
    await deliver('s', 3);
    await time.until(() =>
      expect(lines.filter(({ fields }) => fields.now === `tcp://127.0.0.1:${a.port}`)).toHaveLength(2),
    );
    await deliver('s', 4);
    expect(a.text()).toBe('s.1 s.4 ');
    expect(b.text()).toBe('s.2 s.3 ');
    expect(sink.status.members?.map(({ state }) => state)).toEqual(['up', 'up']);
    expect(await sink.drain(5_000)).toBe(true);
  });

  it('is started by one that answers, whatever another does with its connections', async () => {
    const mute = await Place.create({ onConnection: (socket) => socket.resume() });
    const good = await Place.create();
    // The mute one is not to be taken for one that works without confirmation before the other is up.
    createSink([mute, good], 'failover', 20_000);
    await sink.start(never);
    await deliver('s', 1);
    expect(good.text()).toBe('s.1 ');
  });

  it('gives up one that accepts connections and drops them', async () => {
    const dropping = await Place.create({ onConnection: (socket) => socket.destroy() });
    const good = await Place.create();
    createSink([dropping, good], 'failover');
    await sink.start(never);
    await deliver('s', 1);
    expect(good.text()).toContain('s.1 ');
  });

  it('balances streams, keeps their order, and loses none while receivers go and come', async () => {
    const places = [await Place.create(), await Place.create(), await Place.create()];
    createSink(places, 'load-balance');
    await sink.start(never);
    // So many that each receiver gets some, whatever its port is.
    const streams = Array.from({ length: 12 }, (_, index) => index);
    let isOver = false;
    const senders = streams.map(async (stream) => {
      let id = stream * 10_000;
      while (!isOver && sink.status.state !== 'closed') await deliver(`${stream}`, id++);
      return id;
    });
    for (const place of places) {
      await place.goAway();
      await time.until(() => expect(inUse()).not.toContain(`:${place.port}`));
      const reports = events.history.length;
      await time.until(() => expect(events.history.length).toBeGreaterThan(reports + 40));
      await place.comeBack();
      await time.until(() => expect(inUse()).toContain(`:${place.port}`));
    }
    isOver = true;
    const ends = await Promise.all(senders);
    const received = places.flatMap((place) => place.text().trim().split(' '));
    for (const stream of streams) {
      const expected = Array.from(
        { length: ends[stream]! - stream * 10_000 },
        (_, n) => `${stream}.${stream * 10_000 + n}`,
      );
      expect(new Set(received.filter((frame) => frame.startsWith(`${stream}.`)))).toEqual(new Set(expected));
    }
    for (const place of places) expect(place.text()).not.toBe('');
    expect(chunks.isEachReleasedOnce).toBe(true);
  });
});

describe('the daemon with several receivers', () => {
  it.each(['failover', 'load-balance'] as const)('loses nothing while they go and come (%s)', async (strategy) => {
    const places = [await Place.create(), await Place.create()] as const;
    const emulator = machine.createEmulator({ shards: 4 });
    const [first, second] = places;
    const daemon = await machine.startDaemon(emulator, {
      receiver: { port: first.port, framing: 'lf', others: [{ host: '127.0.0.1', port: second.port }] },
      delivery: { strategy, failbackAfterMs: 300 },
    });
    cleanups.push(() => daemon.drain(1_000));
    // Whole lines: where a connection is cut, a number may be too.
    const received = () => new Set(places.flatMap((place) => place.text().match(/seq=\d+-\d+(?=\n)/g) ?? []));
    const progress = async () => {
      const before = received().size;
      await time.poll(() => expect(received().size).toBeGreaterThan(before + 500), 15_000, 100);
    };
    emulator.setRate({ logsPerSecond: 1_000 });
    await progress();
    for (const place of places) {
      await place.goAway();
      await progress();
      await place.comeBack();
      await progress();
    }
    for (const place of places) await place.goAway();
    for (const place of places.toReversed()) await place.comeBack();
    await progress();
    emulator.setRate({ logsPerSecond: 0 });
    await time.poll(() => expect(received().size).toBe(emulator.stats().logsGenerated), 15_000, 100);
    const { complete } = await daemon.drain(10_000);
    expect(complete).toBe(true);
    for (const place of places) expect(place.text()).not.toBe('');
  });
});
