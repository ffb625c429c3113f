import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { AppError, DeliveryLostError } from '../../src/errors.ts';
import { systemClock } from '../../src/time/clock.ts';
import { eventually, listen, never } from '../support/sink-harness.ts';
import { freePort, pour, useSinkScope } from '../support/sink-scope.ts';

const { createPeer, createSink, onEnd } = useSinkScope();

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
    const pouring = pour(under, 2, 8 * 1024 * 1024);
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
  it('is tried until it is there, with one line when it is down and one when it is up', async () => {
    const port = await freePort();
    const under = createSink({ port });
    const started = under.sink.start(never);
    const waiting = under.send(1, ['patience']);
    await eventually(() => expect(under.lines.filter(({ level }) => level === 'debug').length).toBeGreaterThan(3));
    expect(under.sink.status).toMatchObject({ state: 'down', reconnects: 0 });
    expect(under.sink.status.lastError).toMatch(/connection refused: nothing listens there; check the port/);
    const peer = await createPeer({ port });
    await started;
    await waiting;
    expect(await under.sink.drain(10_000)).toBe(true);
    expect(peer.text()).toBe('patience');
    const told = under.told();
    expect(told.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: cannot connect to the receiver; trying again until it works',
      'info: connected to the receiver',
    ]);
    expect(told[0]?.fields).toMatchObject({ code: 'econnrefused', peer: `tcp://127.0.0.1:${port}` });
    expect(told[1]?.fields).toMatchObject({ downForMs: expect.any(Number) });
  });

  it('does not fill the log when it accepts and drops every connection, and is tried ever more seldom', async () => {
    let connections = 0;
    const peer = await createPeer({
      onConnection: (socket) => {
        connections += 1;
        if (connections > 1 && connections <= 12) socket.resetAndDestroy();
      },
    });
    const under = createSink({
      port: peer.port,
      tuning: { steadyAfterMs: 200 },
      clock: { ...systemClock, random: () => 0.999 },
    });
    await under.sink.start(never);
    (await peer.connection(0)).reset();
    await eventually(() => expect(connections).toBe(13));
    await eventually(() => expect(under.told()).toHaveLength(3));
    expect(under.told().map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'info: connected to the receiver',
      'warn: the connection to the receiver is lost; trying again until it works',
      'info: connected to the receiver',
    ]);
  });

  it('may have an address that does not answer: the others are tried', async () => {
    const peer = await createPeer();
    const under = createSink({
      port: peer.port,
      host: 'two-addresses.test',
      tuning: {
        addressTimeoutMs: 100,
        // RFC 5737: an address that nobody has.
        lookup: (_host, _options, callback) =>
          callback(null, [
            { address: '192.0.2.1', family: 4 },
            { address: '127.0.0.1', family: 4 },
          ]),
      },
    });
    await under.sink.start(never);
    await under.send(1, ['found']);
    expect(await under.sink.drain(10_000)).toBe(true);
    expect(peer.text()).toBe('found');
  });

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

  it('may have a name that is not known yet', async () => {
    const peer = await createPeer();
    let isKnown = false;
    const under = createSink({
      port: peer.port,
      host: 'soon.test',
      tuning: {
        lookup: (host, _options, callback) => {
          if (isKnown) callback(null, [{ address: '127.0.0.1', family: 4 }]);
          else callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), []);
        },
      },
    });
    const started = under.sink.start(never);
    await eventually(() => expect(under.sink.status.lastError).toMatch(/host name is not known.*soon\.test/));
    isKnown = true;
    await started;
    expect(under.sink.status.state).toBe('up');
  });

  it('is given up on when the start is aborted, with the signal’s reason', async () => {
    const under = createSink({ port: await freePort() });
    const controller = new AbortController();
    const started = under.sink.start(controller.signal);
    expect(under.sink.start(controller.signal)).toBe(started);
    const waiting = under.send(1, ['never']);
    await eventually(() => expect(under.sink.status.state).toBe('down'));
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(started).rejects.toBe(reason);
    await expect(waiting).rejects.toThrow(DeliveryLostError);
    expect(under.events.history).toEqual(['lost 1']);
    expect(under.sink.status.state).toBe('closed');
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });
});

describe('the stall watchdog', () => {
  it('gives a connection up whose receiver takes nothing, and leaves an idle one alone', async () => {
    const peer = await createPeer({ onConnection: (socket) => socket.pause() });
    const under = createSink({ port: peer.port, timeoutMs: 150 });
    await under.sink.start(never);
    const error = await pour(under, 1);
    expect(error).toBeInstanceOf(DeliveryLostError);
    expect(under.events.losses[0]?.cause).toMatchObject({ code: 'stalled' });
    expect(under.events.losses[0]?.cause.message).toBe('the receiver took no data for 0.15 s (--timeout)');
    await eventually(() => expect(under.sink.status).toMatchObject({ state: 'up', reconnects: 1 }));
    const upSinceMs = under.sink.status.sinceMs;
    await eventually(() => expect(Date.now() - upSinceMs).toBeGreaterThan(400));
    expect(under.sink.status).toMatchObject({ state: 'up', reconnects: 1 });
  });

  it('leaves a slow receiver alone that takes some now and then', async () => {
    const peer = await createPeer({ onConnection: (socket) => socket.pause() });
    const under = createSink({ port: peer.port, timeoutMs: 500 });
    await under.sink.start(never);
    const total = 64;
    const chunk = Buffer.alloc(512 * 1024, 'x');
    const writing = under.send(1, ...Array.from({ length: total }, () => chunk));
    const { socket } = await peer.connection(0);
    let received = 0;
    let share = 0;
    socket.on('data', (data) => {
      received += data.length;
      share -= data.length;
      if (share <= 0) socket.pause();
    });
    const startedAtMs = Date.now();
    // The sender's kernel says that it has room again only when a third of its buffer is free: about 1.4 MB.
    const timer = setInterval(() => {
      share = 2 * 1024 * 1024;
      socket.resume();
    }, 50);
    onEnd(() => clearInterval(timer));
    await writing;
    await eventually(() => expect(received).toBe(total * chunk.length));
    expect(Date.now() - startedAtMs).toBeGreaterThan(500);
    expect(under.events.history).toEqual(['sent 1', 'confirmed 1']);
    expect(under.sink.status.reconnects).toBe(0);
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

  it('gives up at the deadline when a delivery is open, and destroy reports it as lost', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port });
    await under.sink.start(never);
    under.sink.deliver({ stream: 's', id: 1 });
    expect(await under.sink.drain(50)).toBe(false);
    expect(under.events.history).toEqual([]);
    const cause = new AppError('shutdown', { code: 'shutdown', action: 'retry' });
    under.sink.destroy(cause);
    under.sink.destroy(cause);
    expect(under.events.losses).toEqual([{ marks: [{ stream: 's', id: 1 }], cause }]);
  });

  it('gives up at the deadline when the receiver never ends', async () => {
    const peer = await createPeer({ onConnection: (socket) => socket.resume() });
    const under = createSink({ port: peer.port });
    await under.sink.start(never);
    await under.send(1, ['x']);
    expect(await under.sink.drain(100)).toBe(false);
    expect(under.events.history).toEqual(['sent 1', 'confirmed 1']);
    expect((await peer.connection(0)).sawEnd).toBe(true);
  });

  it('is at once when there is no connection and nothing to deliver', async () => {
    const under = createSink({ port: await freePort() });
    const started = under.sink.start(never);
    started.catch(() => undefined);
    expect(await under.sink.drain(10_000)).toBe(true);
    await expect(started).rejects.toMatchObject({ code: 'drained' });
    expect(under.sink.status.state).toBe('closed');
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
