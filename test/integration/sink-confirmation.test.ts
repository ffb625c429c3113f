/** What the peer has read, told by half-close, in virtual time: docs/delivery.md. Over TLS: sink-confirmation-tls.test.ts. */
import type { Socket } from 'node:net';
import { describe, expect } from 'vitest';
import { never, type SinkUnderTest } from '../support/receivers/sink-harness.ts';
import { useVirtualSinkScope } from '../support/receivers/sink-scope.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();
const { createPeer, createSink } = useVirtualSinkScope(time);

const quick = { confirm: 'auto', confirmIntervalMs: 50, confirmTimeoutMs: 300 } as const;

function confirmed({ events }: SinkUnderTest): string[] {
  return events.history.filter((each) => each.startsWith('confirmed'));
}

describe('confirmation over TCP', () => {
  it('says at start that the receiver answers, and confirms what it has read after the interval', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port, ...quick });
    await under.sink.start(never);
    expect(under.told().some(({ message }) => message.includes('deliveries are confirmed'))).toBe(true);
    await under.send(1, ['one ']);
    await time.until(() => expect(under.events.history).toEqual(['sent 1', 'confirmed 1']));
    await under.send(2, ['two ']);
    await time.until(() => expect(confirmed(under)).toEqual(['confirmed 1', 'confirmed 2']));
    expect(peer.text()).toBe('one two ');
    expect(under.chunks.isEachReleasedOnce).toBe(true);
    // A rotation is everyday: nobody is told of it.
    expect(under.told().filter(({ message }) => message === 'connected to the receiver')).toHaveLength(1);
    expect(under.sink.status.reconnects).toBe(0);
  });

  it('confirms at once when asked to, and nothing that is not asked for before the interval', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 60_000 });
    await under.sink.start(never);
    await under.send(1, ['x']);
    await time.until(() => expect(under.events.history).toEqual(['sent 1']));
    under.sink.confirmSoon();
    await time.until(() => expect(confirmed(under)).toEqual(['confirmed 1']));
  });

  it('confirms after so many bytes', async () => {
    const peer = await createPeer({ keep: false });
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 60_000, confirmBytes: 1_000 });
    await under.sink.start(never);
    await under.send(1, Buffer.alloc(999));
    await time.until(() => expect(under.events.count('sent')).toBe(1));
    expect(confirmed(under)).toEqual([]);
    await under.send(2, Buffer.alloc(1));
    await time.until(() => expect(under.events.count('confirmed')).toBe(2));
  });

  it('keeps every stream in order over many rotations under load', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 5 });
    await under.sink.start(never);
    const streams = ['a', 'b', 'c'];
    const rounds = 200;
    await Promise.all(
      streams.map(async (stream, s) => {
        for (let round = 0; round < rounds; round++) {
          const delivery = under.sink.deliver({ stream, id: s * 1000 + round });
          for (let part = 0; part < 3; part++) {
            await delivery.write(under.chunks.chunk([`${stream}${round}.${part} `]));
            await time.sleep(1);
          }
          delivery.end();
        }
      }),
    );
    under.sink.confirmSoon();
    await time.until(() => expect(under.events.count('confirmed')).toBe(streams.length * rounds));
    expect(peer.connections.length).toBeGreaterThan(5);
    const words = peer.text().trim().split(' ');
    for (const stream of streams) {
      const expected = Array.from({ length: rounds * 3 }, (_, i) => `${stream}${Math.floor(i / 3)}.${i % 3}`);
      expect(words.filter((word) => word.startsWith(stream))).toEqual(expected);
    }
    expect(under.events.losses).toEqual([]);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('loses what a receiver had not read when it resets, and what the streams sent after that', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 60_000 });
    await under.sink.start(never);
    await under.send(1, ['x']);
    await under.send(2, ['y']);
    await time.until(() => expect(under.events.count('sent')).toBe(2));
    (await peer.connection(1)).reset();
    await time.until(() => expect(under.events.count('lost')).toBe(2));
    await under.send(3, ['z']);
    under.sink.confirmSoon();
    await time.until(() => expect(confirmed(under)).toEqual(['confirmed 3']));
  });

  it('does not take a reset in answer to our end for a confirmation', async () => {
    let answers = 0;
    const peer = await createPeer({
      onConnection: (socket) => {
        socket.resume();
        socket.on('end', () => (answers++ === 0 ? socket.end() : socket.resetAndDestroy()));
      },
    });
    const under = createSink({ port: peer.port, ...quick });
    await under.sink.start(never);
    await under.send(1, ['x']);
    await time.until(() => expect(under.events.count('lost')).toBe(1));
    expect(confirmed(under)).toEqual([]);
    expect(under.told().at(-1)?.message).toContain('sent again');
  });

  it('takes it for no answer in a drain that the receiver ends a connection over what it has read, once one was broken', async () => {
    let isFirst = true;
    const peer = await createPeer({
      onConnection: (socket) => {
        let hasRead = false;
        socket.on('data', () => {
          hasRead = true;
          if (isFirst) socket.resetAndDestroy();
          // A busy receiver takes some time over what it has read.
          else time.clock.timer(45, () => socket.end());
          isFirst = false;
        });
        socket.on('end', () => {
          if (!hasRead) socket.end();
        });
      },
    });
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 60_000 });
    await under.sink.start(never);
    await under.send(1, ['bad']);
    await time.until(() => expect(under.events.history).toEqual(['sent 1', 'lost 1']));
    await under.send(2, ['bad']);
    expect(await under.sink.drain(10_000)).toBe(false);
    await time.until(() => expect(under.events.history.slice(2)).toEqual(['sent 2', 'lost 2']));
  });

  it('counts a connection as lost whose end is not answered in time', async () => {
    let answers = 0;
    const peer = await createPeer({
      onConnection: (socket) => {
        socket.resume();
        socket.on('end', () => answers++ === 0 && socket.end());
      },
    });
    const under = createSink({ port: peer.port, ...quick });
    await under.sink.start(never);
    await under.send(1, ['x']);
    await time.until(() => expect(under.events.count('lost')).toBe(1));
    expect(under.told().at(-1)?.fields.code).toBe('confirm-timeout');
  });

  it.each(['auto', 'on'] as const)('faces a receiver that never closes (--confirm %s)', async (confirm) => {
    const peer = await createPeer({ onConnection: (socket) => socket.resume() });
    const under = createSink({ port: peer.port, ...quick, confirm, confirmTimeoutMs: 100, confirmPatienceMs: 1_000 });
    const startMs = time.clock.monotonic();
    await under.sink.start(never);
    await under.send(1, ['x']);
    // The question whether the port speaks TLS is another matter: port-protocol.test.ts.
    const warnings = () =>
      under.told().filter(({ level, fields }) => level === 'warn' && fields.code !== 'port-silence');
    await time.until(() => expect(warnings()).toHaveLength(1));
    expect(warnings()[0]?.message).toContain('checkpoints wait');
    await time.until(() => expect(under.events.history).toEqual(['sent 1']));
    const outcome = confirm === 'auto' ? 'confirmed 1' : 'lost 1';
    await time.until(() => expect(under.events.history).toEqual(['sent 1', outcome]));
    expect(warnings()[1]?.message).toContain('does not answer the end of a connection');
    expect(time.clock.monotonic() - startMs).toBeGreaterThanOrEqual(1_000);
  });

  it('does not take breaks for silence: a receiver that resets, and refuses, is dialled until it answers', async () => {
    const peer = await createPeer({ onConnection: (socket) => socket.resetAndDestroy() });
    const under = createSink({ port: peer.port, ...quick, confirmPatienceMs: 600 });
    const started = under.sink.start(never);
    await time.until(() => expect(peer.connections.length).toBeGreaterThan(5));
    await time.sleep(10_000); // many times the patience
    await started;
    await under.send(1, ['x']).catch(() => undefined);
    expect(confirmed(under)).toEqual([]);
    const texts = under.told().map(({ message }) => message);
    expect(texts.filter((text) => text.includes('breaks connections that are ended'))).toHaveLength(1);
    expect(texts.join()).not.toContain('does not answer');
  });

  it('lets checkpoints wait for a receiver that is stuck at start, and confirms what it got once it answers', async () => {
    const held: Socket[] = [];
    let isStuck = true;
    const serve = (socket: Socket) => {
      socket.resume();
      socket.on('end', () => socket.end());
    };
    const peer = await createPeer({ onConnection: (socket) => (isStuck ? held.push(socket) : serve(socket)) });
    const under = createSink({ port: peer.port, ...quick, confirmTimeoutMs: 100, confirmPatienceMs: 20_000 });
    await under.sink.start(never);
    await under.send(1, ['x']);
    await time.sleep(5_000);
    expect(under.events.history).toEqual(['sent 1']);
    isStuck = false;
    for (const socket of held) serve(socket);
    await time.until(() => expect(under.events.history).toEqual(['sent 1', 'confirmed 1']));
    expect(under.told().some(({ message }) => message.includes('does not answer'))).toBe(false);
  });

  it('loses what a receiver that is stuck at start has not read when it dies', async () => {
    const held: Socket[] = [];
    let isStuck = true;
    const peer = await createPeer({
      onConnection: (socket) => {
        if (isStuck) held.push(socket);
        else socket.resume().on('end', () => socket.end());
      },
    });
    const under = createSink({ port: peer.port, ...quick, confirmTimeoutMs: 100, confirmPatienceMs: 20_000 });
    await under.sink.start(never);
    await under.send(1, ['x']);
    await time.sleep(2_000);
    isStuck = false;
    for (const socket of held) socket.resetAndDestroy();
    await time.until(() => expect(under.events.history).toEqual(['sent 1', 'lost 1']));
    await under.send(2, ['y']);
    await time.until(() => expect(confirmed(under)).toEqual(['confirmed 2']));
  });

  it('ends the connection that carries deliveries, for a receiver that was stuck and takes one at a time', async () => {
    const waiting: Socket[] = [];
    const ended = new WeakSet<Socket>();
    let busy: Socket | undefined;
    let isStuck = true;
    const goOn = () => {
      if (isStuck) return;
      busy ??= waiting.shift();
      if (!busy || !ended.has(busy)) return;
      busy.end();
      busy = undefined;
      goOn();
    };
    const peer = await createPeer({
      onConnection: (socket) => {
        waiting.push(socket.resume());
        socket.on('end', () => {
          ended.add(socket);
          goOn();
        });
        goOn();
      },
    });
    const under = createSink({ port: peer.port, ...quick, confirmTimeoutMs: 100, confirmPatienceMs: 4_000 });
    await under.sink.start(never);
    await under.send(1, ['x']);
    await time.sleep(1_000);
    isStuck = false;
    goOn();
    await time.until(() => expect(under.events.history).toEqual(['sent 1', 'confirmed 1']));
    expect(under.told().some(({ message }) => message.includes('does not answer'))).toBe(false);
  });

  it('ends the connection that carries deliveries, for a receiver that broke at start and drops every second one', async () => {
    let open = 0;
    let isStarting = true;
    const peer = await createPeer({
      onConnection: (socket) => {
        if (isStarting || open > 0) {
          socket.resetAndDestroy();
          return;
        }
        open++;
        socket.resume();
        socket.on('end', () => socket.end());
        socket.on('close', () => open--);
      },
    });
    const under = createSink({ port: peer.port, ...quick });
    const started = under.sink.start(never);
    await time.until(() => expect(peer.connections.length).toBeGreaterThan(2));
    isStarting = false;
    await started;
    await under.send(1, ['x']).catch(() => undefined);
    await under.send(2, ['y']);
    await time.until(() => expect(confirmed(under)).toContain('confirmed 2'));
  });

  it('works with a receiver that takes one connection at a time', async () => {
    let open = 0;
    const texts: string[] = [];
    const peer = await createPeer({
      onConnection: (socket) => {
        if (open > 0) {
          socket.destroy();
          return;
        }
        open++;
        socket.on('data', (data) => texts.push(data.toString()));
        socket.on('end', () => socket.end());
        socket.on('close', () => open--);
      },
    });
    const under = createSink({ port: peer.port, ...quick });
    await under.sink.start(never);
    for (let id = 1; id <= 5; id++) {
      await under.send(id, [`${id} `]);
      await time.until(() => expect(under.events.count('confirmed')).toBe(id));
    }
    expect(texts.join('')).toBe('1 2 3 4 5 ');
    expect(under.events.losses).toEqual([]);
    expect(under.told().filter(({ message }) => message.includes('one connection at a time'))).toHaveLength(1);
  });

  it('with strict order writes to the next connection only when the last is confirmed', async () => {
    let release: () => void = () => undefined;
    let answers = 0;
    const peer = await createPeer({
      onConnection: (socket) => {
        socket.resume();
        socket.on('end', () => {
          if (answers++ === 0) socket.end();
          else release = () => socket.end();
        });
      },
    });
    const under = createSink({ port: peer.port, ...quick, confirmTimeoutMs: 5_000, strictOrder: true });
    await under.sink.start(never);
    await under.send(1, ['x']);
    await time.until(() => expect(answers).toBe(2));
    const second = under.send(2, ['y']);
    await time.sleep(100);
    expect(under.events.history).toEqual(['sent 1']);
    release();
    await second;
    await time.until(() => expect(under.events.history).toEqual(['sent 1', 'confirmed 1', 'sent 2']));
  });

  it('opens one connection in place of one that breaks while it waits for open deliveries', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 60_000, strictOrder: true });
    await under.sink.start(never);
    const first = await peer.connection(1);
    const open = under.sink.deliver({ stream: '1', id: 1 });
    await open.write(under.chunks.chunk(['half ']));
    await time.until(() => expect(first.text()).toBe('half '));
    under.sink.confirmSoon();
    const waiting = under.send(2, ['two ']);
    first.reset();
    await waiting;
    await time.until(() => expect(under.events.history).toEqual(['lost 1', 'sent 2']));
    await time.sleep(100);
    expect(peer.connections.map((each) => each.text())).toEqual(['', 'half ', 'two ']);
    under.sink.confirmSoon();
    await time.until(() => expect(confirmed(under)).toEqual(['confirmed 2']));
  });

  it('drains: the last end confirms the last deliveries', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 60_000 });
    await under.sink.start(never);
    await under.send(1, ['x']);
    expect(await under.sink.drain(5_000)).toBe(true);
    expect(under.events.history).toEqual(['sent 1', 'confirmed 1']);
  });

  it('drains with false when the last end is not answered', async () => {
    let answers = 0;
    const peer = await createPeer({
      onConnection: (socket) => {
        socket.resume();
        socket.on('end', () => answers++ === 0 && socket.end());
      },
    });
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 60_000 });
    await under.sink.start(never);
    await under.send(1, ['x']);
    expect(await under.sink.drain(5_000)).toBe(false);
    expect(under.events.history).toEqual(['sent 1', 'lost 1']);
  });
});

describe('a receiver that breaks each connection as it is ended', () => {
  it('is not given the next without a pause, where it takes one at a time', async () => {
    let connections = 0;
    const peer = await createPeer({
      onConnection: (socket) => {
        connections += 1;
        // It answers the probe, and reads nothing of what comes later.
        if (connections === 1) socket.resume().on('end', () => socket.end());
        else socket.once('data', () => socket.resetAndDestroy());
      },
    });
    const tuning = { backoffMinMs: 100, backoffMaxMs: 10_000 };
    const under = createSink({ port: peer.port, ...quick, strictOrder: true, tuning });
    await under.sink.start(never);
    const startMs = time.elapsedMs;
    for (let id = 1; id <= 10; id++) {
      await under.send(id, ['again']);
      under.sink.confirmSoon();
      await time.until(() => expect(under.events.count('lost')).toBe(id));
    }
    // Nine back-offs that double, from 100 ms on, each with its chance: milliseconds without them.
    expect(time.elapsedMs - startMs).toBeGreaterThan(3_000);
    expect(under.events.count('confirmed')).toBe(0);
  });
});
