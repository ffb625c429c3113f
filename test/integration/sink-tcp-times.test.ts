/** TCP receivers that are down, slow, or do not answer, in virtual time. */
import { describe, expect } from 'vitest';
import { AppError, DeliveryLostError } from '../../src/core/errors.ts';
import { never } from '../support/receivers/sink-harness.ts';
import { pour, useVirtualSinkScope } from '../support/receivers/sink-scope.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();
const scope = useVirtualSinkScope(time);
const { createPeer, createSink, onEnd } = scope;

describe('a receiver that is down', () => {
  it('is tried until it is there, with one line when it is down and one when it is up', async () => {
    const port = scope.net.freePort();
    const under = createSink({ port });
    const started = under.sink.start(never);
    const waiting = under.send(1, ['patience']);
    await time.until(() => expect(under.lines.filter(({ level }) => level === 'debug').length).toBeGreaterThan(3));
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
      clock: { ...time.clock, random: () => 0.999 },
    });
    await under.sink.start(never);
    (await peer.connection(0)).reset();
    await time.until(() => expect(connections).toBe(13));
    await time.until(() => expect(under.told()).toHaveLength(3));
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
    await time.until(() => expect(under.sink.status.lastError).toMatch(/host name is not known.*soon\.test/));
    isKnown = true;
    await started;
    expect(under.sink.status.state).toBe('up');
  });

  it('is given up on when the start is aborted, with the signal’s reason', async () => {
    const under = createSink({ port: scope.net.freePort() });
    const controller = new AbortController();
    const started = under.sink.start(controller.signal);
    expect(under.sink.start(controller.signal)).toBe(started);
    const waiting = under.send(1, ['never']);
    await time.until(() => expect(under.sink.status.state).toBe('down'));
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
    const error = await pour(under, 1, { turn: time.clock.turn });
    expect(error).toBeInstanceOf(DeliveryLostError);
    expect(under.events.losses[0]?.cause).toMatchObject({ code: 'stalled' });
    expect(under.events.losses[0]?.cause.message).toBe('the receiver took no data for 0.15 s (--timeout)');
    await time.until(() => expect(under.sink.status).toMatchObject({ state: 'up', reconnects: 1 }));
    const upSinceMs = under.sink.status.sinceMs;
    await time.until(() => expect(time.clock.now() - upSinceMs).toBeGreaterThan(400));
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
    const startedAtMs = time.clock.now();
    // The sender's kernel says that it has room again only when a third of its buffer is free: about 1.4 MB.
    const timer = time.clock.interval(50, () => {
      share = 2 * 1024 * 1024;
      socket.resume();
    });
    onEnd(() => time.clock.cancel(timer));
    await writing;
    await time.until(() => expect(received).toBe(total * chunk.length));
    expect(time.clock.now() - startedAtMs).toBeGreaterThan(500);
    expect(under.events.history).toEqual(['sent 1', 'confirmed 1']);
    expect(under.sink.status.reconnects).toBe(0);
  });
});

describe('closing', () => {
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
    const under = createSink({ port: scope.net.freePort() });
    const started = under.sink.start(never);
    started.catch(() => undefined);
    expect(await under.sink.drain(10_000)).toBe(true);
    await expect(started).rejects.toMatchObject({ code: 'drained' });
    expect(under.sink.status.state).toBe('closed');
  });
});
