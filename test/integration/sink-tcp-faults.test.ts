/** Connections that break, over real sockets. What takes its time is in sink-tcp-times.test.ts. */
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { DeliveryLostError } from '../../src/core/errors.ts';
import { eventually, listen, never } from '../support/receivers/sink-harness.ts';
import { pour, useSinkScope } from '../support/receivers/sink-scope.ts';

const { createPeer, createSink } = useSinkScope();

describe('a connection that breaks', () => {
  it('is reported as lost when the receiver resets it, with every delivery on it, at once', async () => {
    const peer = await createPeer({ onConnection: (socket) => socket.pause() });
    const under = createSink({ port: peer.port });
    await under.sink.start(never);
    const writers = [pour(under, 1), pour(under, 2)];
    await eventually(() => expect(under.sink.status.bytesWritten).toBeGreaterThan(0));
    (await peer.connection(0)).reset();
    for (const error of await Promise.all(writers)) expect(error).toBeInstanceOf(DeliveryLostError);
    expect(under.events.losses).toHaveLength(1);
    expect(under.events.losses[0]?.marks.map(({ id }) => id)).toEqual([1, 2]);
    expect(under.events.losses[0]?.cause).toMatchObject({ code: 'econnreset', action: 'retry' });
    expect(under.chunks.isEachReleasedOnce).toBe(true);
    await eventually(() => expect(under.sink.status).toMatchObject({ state: 'up', reconnects: 1 }));
  });

  it('is lost when the receiver ends it first, even if nothing is written', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port });
    await under.sink.start(never);
    const idle = under.sink.deliver({ stream: 'idle', id: 1 });
    await idle.write(under.chunks.chunk(['half of a batch']));
    const { socket } = await peer.connection(0);
    socket.end();
    await eventually(() => expect(under.events.history).toEqual(['lost 1']));
    expect(under.events.losses[0]?.cause.code).toBe('closed-by-peer');
    await expect(idle.write(under.chunks.chunk(['the rest']))).rejects.toThrow(DeliveryLostError);
    idle.end();
    await eventually(() => expect(under.sink.status.reconnects).toBe(1));
    await under.send(2, ['again']);
    expect(await under.sink.drain(10_000)).toBe(true);
    expect(under.events.history).toEqual(['lost 1', 'sent 2', 'confirmed 2']);
    expect(peer.connections[1]?.text()).toBe('again');
  });

  it('spares deliveries that only wait, and those that were confirmed', async () => {
    const peer = await createPeer({ onConnection: (socket) => socket.pause() });
    const under = createSink({ port: peer.port, maxQueuedBytes: 1 });
    await under.sink.start(never);
    await under.send(1, ['confirmed']);
    await eventually(() => expect(under.events.count('confirmed')).toBe(1));
    const pouring = pour(under, 2, { chunkBytes: 8 * 1024 * 1024 });
    await eventually(() => expect(under.chunks.releases.at(-1)).toBe(0));
    // Full: this one waits for its turn, and has not been on the connection.
    const waiting = under.send(3, ['waits']);
    (await peer.connection(0)).reset();
    await pouring;
    const next = (await peer.connection(1)).socket;
    next.resume();
    next.on('end', () => next.end());
    await waiting;
    expect(await under.sink.drain(10_000)).toBe(true);
    expect(under.events.history).toEqual(['sent 1', 'confirmed 1', 'lost 2', 'sent 3', 'confirmed 3']);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('never makes the next one start inside a frame', async () => {
    const frame = (n: number) => `[${String(n).padStart(6, '0')}${'.'.repeat(5000)}]`;
    let resetAfter = 200_000;
    const received: string[] = [];
    const peer = await createPeer({
      onConnection: (socket) => {
        const index = received.push('') - 1;
        socket.on('data', (data) => {
          received[index] += data.toString('latin1');
          resetAfter -= data.length;
          if (resetAfter > 0) return;
          resetAfter = 200_000;
          if (index < 5) socket.resetAndDestroy();
        });
        socket.on('end', () => socket.end());
      },
    });
    const under = createSink({ port: peer.port });
    await under.sink.start(never);
    for (let attempt = 0; attempt < 50 && under.events.count('confirmed') < 3; attempt++) {
      const frames = Array.from({ length: 100 }, (_, n) => frame(n));
      await under.send(attempt, frames.slice(0, 50), frames.slice(50)).catch(() => undefined);
      await eventually(() => expect(under.events.count('confirmed') + under.events.count('lost')).toBe(attempt + 1));
    }
    expect(await under.sink.drain(10_000)).toBe(true);
    const begun = received.filter((text) => text !== '');
    expect(begun.length).toBeGreaterThan(1);
    for (const text of begun) {
      const cut = text.lastIndexOf(']') + 1;
      expect(text.slice(0, cut).replaceAll(/\[\d{6}\.{5000}\]/g, '')).toBe('');
    }
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });
});

describe('a receiver that is down', () => {
  it('may listen on only one of IPv6 and IPv4', async () => {
    const peer = await createPeer();
    const under = createSink({
      port: peer.port,
      host: 'dual-stack.test',
      tuning: {
        lookup: (_host, _options, callback) =>
          callback(null, [
            { address: '::1', family: 6 },
            { address: '127.0.0.1', family: 4 },
          ]),
      },
    });
    await under.sink.start(never);
    expect(under.told()[0]?.fields).toMatchObject({ address: `127.0.0.1:${peer.port}` });
  });
});

describe('closing', () => {
  it('ends our side behind every byte, and waits for the receiver to end its own', async () => {
    let answer: (() => void) | undefined;
    const peer = await createPeer({
      onConnection: (socket) => {
        socket.resume();
        socket.on('end', () => {
          answer = () => socket.end();
        });
      },
    });
    const under = createSink({ port: peer.port });
    await under.sink.start(never);
    await under.send(1, Buffer.alloc(1024 * 1024));
    let isDrained = false;
    const drained = under.sink.drain(10_000).then((result) => {
      isDrained = true;
      return result;
    });
    await eventually(() => expect(answer).toBeDefined());
    expect(isDrained).toBe(false);
    answer?.();
    expect(await drained).toBe(true);
    const { socket } = await peer.connection(0);
    expect(socket.bytesRead).toBe(1024 * 1024);
    expect((await peer.connection(0)).error).toBeUndefined();
  });

  it('waits for open deliveries first', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port });
    await under.sink.start(never);
    const delivery = under.sink.deliver({ stream: 's', id: 1 });
    await delivery.write(under.chunks.chunk(['first ']));
    const drained = under.sink.drain(10_000);
    expect(under.sink.drain(1)).toBe(drained);
    await delivery.write(under.chunks.chunk(['last']));
    delivery.end();
    expect(await drained).toBe(true);
    expect(peer.text()).toBe('first last');
  });

  it('takes no deliveries any more: they are lost', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port });
    await under.sink.start(never);
    await under.sink.drain(10_000);
    await expect(under.send(1, ['too late'])).rejects.toThrow(DeliveryLostError);
    expect(under.events.history).toEqual(['lost 1']);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('leaves the process nothing to wait for', async () => {
    const server = createServer((socket) => socket.resume());
    const port = await listen(server);
    const under = createSink({ port });
    await under.sink.start(never);
    under.sink.destroy();
    await new Promise((resolve) => server.close(resolve));
    await expect(under.sink.start(never)).resolves.toBeUndefined();
    expect(under.sink.status.state).toBe('closed');
  });
});
