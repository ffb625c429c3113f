/** What the peer has read, told by half-close over TLS, which is the real one: docs/delivery.md. */
import { createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, type Identity, issue } from '../support/receivers/certificates.ts';
import { eventually, listen, never, type SinkUnderTest } from '../support/receivers/sink-harness.ts';
import { useSinkScope } from '../support/receivers/sink-scope.ts';

const { createPeer, createSink, onEnd } = useSinkScope();

/** An answer may take its time on a busy machine. */
const quick = { confirm: 'auto', confirmIntervalMs: 50, confirmTimeoutMs: 20_000 } as const;

function confirmed({ events }: SinkUnderTest): string[] {
  return events.history.filter((each) => each.startsWith('confirmed'));
}

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
        socket.on('end', () => setTimeout(() => socket.end(), 400));
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
