import { describe, expect, it } from 'vitest';
import { DeliveryLostError } from '../../src/core/errors.ts';
import { eventually, never } from '../support/receivers/sink-harness.ts';
import { useSinkScope } from '../support/receivers/sink-scope.ts';

const MIB = 1024 * 1024;
const { createPeer, createSink } = useSinkScope();

describe('a TCP sink in peace', () => {
  it('delivers whole deliveries in order, and reports each as sent and confirmed', async () => {
    const peer = await createPeer();
    const { sink, events, chunks, send } = createSink({ port: peer.port });
    await sink.start(never);
    expect(sink.status.state).toBe('up');
    for (let id = 0; id < 20; id++) await send(id, [`a${id} `, `b${id} `], [`c${id} `]);
    expect(await sink.drain(10_000)).toBe(true);
    expect(peer.text()).toBe(Array.from({ length: 20 }, (_, id) => `a${id} b${id} c${id} `).join(''));
    expect(events.history).toEqual(Array.from({ length: 20 }, (_, id) => [`sent ${id}`, `confirmed ${id}`]).flat());
    expect(chunks.isEachReleasedOnce).toBe(true);
    expect(sink.status).toMatchObject({ state: 'closed', framesWritten: 60, framesDropped: 0, reconnects: 0 });
    expect(sink.status.bytesWritten).toBe(peer.text().length);
    expect(sink.status.peer).toBe(`tcp://127.0.0.1:${peer.port}`);
  });

  it('confirms a delivery without a chunk behind those before it in its stream', async () => {
    const peer = await createPeer();
    const { sink, events, chunks } = createSink({ port: peer.port });
    await sink.start(never);
    const first = sink.deliver({ stream: 's', id: 1 });
    void first.write(chunks.chunk(['one']));
    first.end();
    sink.deliver({ stream: 's', id: 2 }).end();
    expect(events.history).toEqual([]);
    await eventually(() => expect(events.count('confirmed')).toBe(2));
    expect(events.history).toEqual(['sent 1', 'sent 2', 'confirmed 1', 'confirmed 2']);
  });

  it('says nothing of a delivery that was abandoned, and still releases its chunks', async () => {
    const peer = await createPeer();
    const { sink, events, chunks, send } = createSink({ port: peer.port });
    await sink.start(never);
    const delivery = sink.deliver({ stream: 's', id: 1 });
    void delivery.write(chunks.chunk(['written']));
    delivery.abandon();
    delivery.end();
    await expect(delivery.write(chunks.chunk(['not written']))).rejects.toThrow(DeliveryLostError);
    await send(2, ['next']);
    expect(await sink.drain(10_000)).toBe(true);
    expect(events.history).toEqual(['sent 2', 'confirmed 2']);
    expect(peer.text()).toBe('writtennext');
    expect(chunks.isEachReleasedOnce).toBe(true);
  });

  it('reads and throws away what the receiver sends', async () => {
    const peer = await createPeer({
      onConnection: (socket) => {
        socket.resume();
        socket.on('end', () => socket.end());
        // More than the buffers on the way hold: unread, it would never be done.
        socket.write(Buffer.alloc(32 * MIB), () => socket.emit('test-written'));
      },
    });
    const { sink, send, events } = createSink({ port: peer.port });
    await sink.start(never);
    const { socket } = await peer.connection(0);
    await new Promise((resolve) => socket.once('test-written', resolve));
    await send(1, ['x']);
    expect(await sink.drain(10_000)).toBe(true);
    expect(events.count('confirmed')).toBe(1);
  });

  it('tells in one line that it is connected, and in none that it wrote', async () => {
    const peer = await createPeer();
    const { sink, send, told } = createSink({ port: peer.port });
    await sink.start(never);
    await send(1, ['x']);
    await sink.drain(10_000);
    expect(told().map(({ level, message }) => `${level} ${message}`)).toEqual(['info connected to the receiver']);
  });
});

describe('back-pressure', () => {
  it('makes writers wait for a receiver that does not read, holds little, and goes on when it reads', async () => {
    const peer = await createPeer({ onConnection: (socket) => socket.pause() });
    const { sink, events, chunks } = createSink({ port: peer.port, maxQueuedBytes: MIB });
    await sink.start(never);
    const delivery = sink.deliver({ stream: 's', id: 1 });
    const total = 64;
    let taken = 0;
    const writer = (async () => {
      for (; taken < total; taken++)
        await (delivery.write(chunks.chunk(Buffer.alloc(MIB))) ?? new Promise(setImmediate));
      delivery.end();
    })();
    const { socket } = await peer.connection(0);
    // Settled: the kernels' buffers are full.
    let before = -1;
    await eventually(() => {
      const now = sink.status.bytesWritten;
      const isSettled = now > 0 && now === before;
      before = now;
      expect(isSettled).toBe(true);
    });
    expect(taken).toBeLessThan(total);
    const held = chunks.releases.filter((count) => count === 0).length;
    expect(held).toBeLessThanOrEqual(3);
    expect(events.history).toEqual([]);
    let received = 0;
    socket.on('data', (data) => {
      received += data.length;
    });
    socket.on('end', () => socket.end());
    socket.resume();
    await writer;
    expect(await sink.drain(20_000)).toBe(true);
    expect(received).toBe(total * MIB);
    expect(events.history).toEqual(['sent 1', 'confirmed 1']);
    expect(chunks.isEachReleasedOnce).toBe(true);
  });

  it('lets waiting streams go on in turn', async () => {
    const peer = await createPeer();
    const { sink, chunks } = createSink({ port: peer.port, maxQueuedBytes: 1 });
    const streams = ['a', 'b', 'c'];
    const deliveries = streams.map((stream, id) => sink.deliver({ stream, id }));
    // Not connected yet: each round of writes waits in the queue.
    const writers = deliveries.map(async (delivery, id) => {
      for (let round = 0; round < 5; round++) await delivery.write(chunks.chunk([`${streams[id]}${round} `]));
      delivery.end();
    });
    await sink.start(never);
    await Promise.all(writers);
    expect(await sink.drain(10_000)).toBe(true);
    const rounds = Array.from({ length: 5 }, (_, round) => streams.map((stream) => `${stream}${round} `).join(''));
    expect(peer.text()).toBe(rounds.join(''));
  });

  it('leaves the event loop its turns while a fast receiver takes everything at once', async () => {
    const peer = await createPeer({ keep: false });
    const { sink, chunks } = createSink({ port: peer.port });
    await sink.start(never);
    const delivery = sink.deliver({ stream: 's', id: 1 });
    let turns = 0;
    const count = () => {
      turns += 1;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    // Small enough that the kernel takes each within the call.
    for (let i = 0; i < 500; i++) await delivery.write(chunks.chunk(Buffer.alloc(16 * 1024)));
    delivery.end();
    expect(await sink.drain(10_000)).toBe(true);
    clearImmediate(immediate);
    expect(turns).toBeGreaterThanOrEqual(400);
  });
});
