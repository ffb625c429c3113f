/** What the peer has read, told by half-close: docs/delivery.md. */
import { createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, type Identity, issue } from '../support/certificates.ts';
import { eventually, listen, never, type SinkUnderTest } from '../support/sink-harness.ts';
import { useSinkScope } from '../support/sink-scope.ts';

const { createPeer, createSink, onEnd } = useSinkScope();

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
    await eventually(() => expect(under.events.history).toEqual(['sent 1', 'confirmed 1']));
    await under.send(2, ['two ']);
    await eventually(() => expect(confirmed(under)).toEqual(['confirmed 1', 'confirmed 2']));
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
    await eventually(() => expect(under.events.history).toEqual(['sent 1']));
    under.sink.confirmSoon();
    await eventually(() => expect(confirmed(under)).toEqual(['confirmed 1']));
  });

  it('confirms after so many bytes', async () => {
    const peer = await createPeer({ keep: false });
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 60_000, confirmBytes: 1_000 });
    await under.sink.start(never);
    await under.send(1, Buffer.alloc(999));
    await eventually(() => expect(under.events.count('sent')).toBe(1));
    expect(confirmed(under)).toEqual([]);
    await under.send(2, Buffer.alloc(1));
    await eventually(() => expect(under.events.count('confirmed')).toBe(2));
  });

  it('keeps every stream in order over many rotations under load', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 5 });
    await under.sink.start(never);
    const streams = ['a', 'b', 'c'];
    const rounds = 60;
    await Promise.all(
      streams.map(async (stream, s) => {
        for (let round = 0; round < rounds; round++) {
          const delivery = under.sink.deliver({ stream, id: s * 1000 + round });
          for (let part = 0; part < 3; part++) {
            await delivery.write(under.chunks.chunk([`${stream}${round}.${part} `]));
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
          delivery.end();
        }
      }),
    );
    under.sink.confirmSoon();
    await eventually(() => expect(under.events.count('confirmed')).toBe(streams.length * rounds));
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
    await eventually(() => expect(under.events.count('sent')).toBe(2));
    peer.connections.at(-1)?.reset();
    await eventually(() => expect(under.events.count('lost')).toBe(2));
    await under.send(3, ['z']);
    under.sink.confirmSoon();
    await eventually(() => expect(confirmed(under)).toEqual(['confirmed 3']));
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
    await eventually(() => expect(under.events.count('lost')).toBe(1));
    expect(confirmed(under)).toEqual([]);
    expect(under.told().at(-1)?.message).toContain('sent again');
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
    await eventually(() => expect(under.events.count('lost')).toBe(1));
    expect(under.told().at(-1)?.fields.code).toBe('confirm-timeout');
  });

  it.each(['auto', 'on'] as const)('faces a receiver that never closes (--confirm %s)', async (confirm) => {
    const peer = await createPeer({ onConnection: (socket) => socket.resume() });
    const under = createSink({ port: peer.port, ...quick, confirm, confirmTimeoutMs: 100 });
    await under.sink.start(never);
    const warning = under.told().find(({ level }) => level === 'warn');
    expect(warning?.message).toContain('does not answer the end of a connection');
    await under.send(1, ['x']);
    const outcome = confirm === 'auto' ? 'confirmed 1' : 'lost 1';
    await eventually(() => expect(under.events.history).toEqual(['sent 1', outcome]));
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
      await eventually(() => expect(under.events.count('confirmed')).toBe(id));
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
    await eventually(() => expect(answers).toBe(2));
    const second = under.send(2, ['y']);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(under.events.history).toEqual(['sent 1']);
    release();
    await second;
    await eventually(() => expect(under.events.history).toEqual(['sent 1', 'confirmed 1', 'sent 2']));
  });

  it('opens one connection in place of one that breaks while it waits for open deliveries', async () => {
    const peer = await createPeer();
    const under = createSink({ port: peer.port, ...quick, confirmIntervalMs: 60_000, strictOrder: true });
    await under.sink.start(never);
    const first = await peer.connection(1);
    const open = under.sink.deliver({ stream: '1', id: 1 });
    await open.write(under.chunks.chunk(['half ']));
    await eventually(() => expect(first.text()).toBe('half '));
    under.sink.confirmSoon();
    const waiting = under.send(2, ['two ']);
    first.reset();
    await waiting;
    await eventually(() => expect(under.events.history).toEqual(['lost 1', 'sent 2']));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(peer.connections.map((each) => each.text())).toEqual(['', 'half ', 'two ']);
    under.sink.confirmSoon();
    await eventually(() => expect(confirmed(under)).toEqual(['confirmed 2']));
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

describe('confirmation over TLS', () => {
  let authority: Authority;
  let server: Identity;

  beforeAll(async () => {
    authority = await createAuthority('confirmation CA');
    server = await issue(authority, { commonName: 'receiver', ipAddresses: ['127.0.0.1'] });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('tells a close_notify from a bare FIN, %s', async (version) => {
    let forge = false;
    const tls = { cert: server.cert, key: server.key, minVersion: version, maxVersion: version };
    const peer = await createPeer({
      tls,
      onConnection: (socket) => {
        socket.resume();
        socket.on('end', () => {
          // What a proxy does whose backend has died: a FIN on the wire, and no close_notify in it.
          if (forge) peer.rawOf(socket)?.end();
          else socket.end();
        });
      },
    });
    const under = createSink({ port: peer.port, ...quick, protocol: 'tls', tls: { ca: authority.pem } });
    await under.sink.start(never);
    expect(under.told().find(({ fields }) => 'confirms' in fields)?.fields.confirms).toBe('close_notify');
    await under.send(1, ['x']);
    await eventually(() => expect(confirmed(under)).toEqual(['confirmed 1']));
    forge = true;
    await under.send(2, ['y']);
    await eventually(() => expect(under.events.count('lost')).toBe(1));
    expect(under.told().at(-1)?.fields.code).toBe('unauthentic-end');
    forge = false;
    await under.send(3, ['z']);
    await eventually(() => expect(confirmed(under)).toEqual(['confirmed 1', 'confirmed 3']));
  });

  // What a receiver does that is stopped in peace while it has not read everything: rsyslog does.
  it.runIf(process.platform === 'linux').each(['TLSv1.2', 'TLSv1.3'] as const)(
    'takes no close_notify that a reset follows, %s',
    async (version) => {
      let isStopped = false;
      const { cert, key } = server;
      const listener = createServer({ allowHalfOpen: true }, (raw) => {
        const wire = resettingWire(raw, () => isStopped);
        raw.on('error', () => undefined);
        const socket = new TLSSocket(wire, { cert, key, isServer: true, minVersion: version, maxVersion: version });
        socket.on('error', () => undefined);
        socket.resume();
        // Later than one that has read everything: the kernel is asked only about those.
        socket.on('end', () => setTimeout(() => socket.end(), 50));
      });
      onEnd(() => listener.close());
      const port = await listen(listener);
      const under = createSink({ port, ...quick, protocol: 'tls', tls: { ca: authority.pem } });
      await under.sink.start(never);
      await under.send(1, ['x']);
      await eventually(() => expect(confirmed(under)).toEqual(['confirmed 1']));
      isStopped = true;
      await under.send(2, ['y']);
      await eventually(() => expect(under.events.count('lost')).toBe(1));
      expect(under.events.losses[0]?.cause.code).toBe('unread');
      expect(confirmed(under)).toEqual(['confirmed 1']);
    },
  );
});

/** A connection under a TLS server: a reset takes the place of its FIN. */
function resettingWire(raw: Socket, isReset: () => boolean): Duplex {
  raw.on('end', () => wire.push(null));
  raw.on('data', (bytes) => wire.push(bytes));
  const wire = new Duplex({
    read: () => undefined,
    write: (bytes, _, done) => raw.write(bytes, done),
    final: (done) => {
      if (isReset()) raw.resetAndDestroy();
      else raw.end();
      done();
    },
  });
  return wire;
}
