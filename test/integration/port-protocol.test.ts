/** A port that does not speak what it is spoken to in: told within seconds, and nothing decided by it. */
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { describe, expect, it as realIt } from 'vitest';
import { systemClock } from '../../src/core/time/clock.ts';
import { isTlsAlert } from '../../src/sink/syslog/transports/port-protocol.ts';
import { createAuthority, issue } from '../support/receivers/certificates.ts';
import { eventually, listen, never, type SinkUnderTest } from '../support/receivers/sink-harness.ts';
import { useSinkScope, useVirtualSinkScope } from '../support/receivers/sink-scope.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();
const { createPeer, createSink } = useVirtualSinkScope(time);

/** What OpenSSL answers to an end without a word: fatal, decode_error. */
const alert = Buffer.from('15030300020232', 'hex');
const questions = (under: SinkUnderTest) =>
  under.told().filter(({ message }) => /does this port speak TLS\?|the port speaks TLS/.test(message));

describe('plain TCP to a TLS port', () => {
  it('is told at once by an alert; whatever ends behind it confirms nothing', async () => {
    const peer = await createPeer({
      onConnection: (socket) => socket.resume().on('end', () => socket.end(alert)),
    });
    const under = createSink({ port: peer.port, confirm: 'auto' });
    under.sink.start(never).catch(() => undefined);
    await time.until(() => expect(questions(under)).toHaveLength(1));
    expect(time.elapsedMs).toBeLessThan(1_000);
    expect(questions(under)[0]).toMatchObject({
      level: 'warn',
      fields: { code: 'tls-port', peer: `tcp://127.0.0.1:${peer.port}` },
      message: expect.stringMatching(/TLS alert \(decode_error\).*--proto tls/),
    });
    expect(under.told().some(({ message }) => message.includes('deliveries are confirmed'))).toBe(false);
  });

  it('is lost by an alert, though all was read, and the end came behind ours', async () => {
    let connections = 0;
    const peer = await createPeer({
      onConnection: (socket) => {
        connections += 1;
        // One that speaks TLS from the second connection on, and whose library reads ahead.
        const answer = connections === 1 ? '' : alert;
        socket.resume().on('end', () => socket.end(answer));
      },
    });
    const under = createSink({ port: peer.port, confirm: 'auto', confirmIntervalMs: 50 });
    await under.sink.start(never);
    await under.send(1, ['a log']);
    await time.until(() => expect(under.events.history).toEqual(['sent 1', 'lost 1']));
    expect(under.events.losses[0]?.cause).toMatchObject({ code: 'tls-port' });
    expect(questions(under)).toHaveLength(1);
  });

  it('is asked about after seconds of silence, long before the time-out', async () => {
    const peer = await createPeer({ onConnection: (socket) => socket.resume() });
    const under = createSink({ port: peer.port, confirm: 'auto', confirmTimeoutMs: 30_000 });
    under.sink.start(never).catch(() => undefined);
    await time.until(() => expect(questions(under)).toHaveLength(1));
    expect(time.elapsedMs).toBeGreaterThanOrEqual(3_000);
    expect(time.elapsedMs).toBeLessThan(5_000);
    expect(questions(under)[0]).toMatchObject({ level: 'warn', fields: { code: 'port-silence' } });
    // And it waits on: nothing is decided.
    expect(under.told()).toHaveLength(2);
    expect(under.told()[0]?.message).toBe('connected to the receiver');
  });

  it('is asked about before a time-out that is shorter than that', async () => {
    const peer = await createPeer({ onConnection: (socket) => socket.resume() });
    const under = createSink({ port: peer.port, confirm: 'auto', confirmTimeoutMs: 1_000 });
    await under.sink.start(never);
    expect(under.told().map(({ fields }) => fields.code)).toEqual([undefined, 'port-silence', undefined]);
    expect(questions(under)[0]?.message).toMatch(/an empty connection for 0.5 s: does this port speak TLS\?/);
  });

  it('is asked about when connections end over the first text: twice, not once', async () => {
    let connections = 0;
    const peer = await createPeer({
      onConnection: (socket) => {
        connections += 1;
        socket.once('data', () => socket.resetAndDestroy());
      },
    });
    const under = createSink({ port: peer.port });
    await under.sink.start(never);
    await under.send(1, ['one']);
    await time.until(() => expect(under.sink.status.reconnects).toBe(1));
    expect(questions(under)).toEqual([]);
    await under.send(2, ['two']);
    await time.until(() => expect(questions(under)).toHaveLength(1));
    expect(questions(under)[0]).toMatchObject({ level: 'warn', fields: { code: 'port-refused' } });
    // Once for ten minutes, however often it happens.
    await under.send(3, ['three']);
    await time.until(() => expect(connections).toBe(4));
    expect(questions(under)).toHaveLength(1);
  });

  it('is not suspected of a receiver that is slow, has read before, or says something', async () => {
    const slow = await createPeer({
      onConnection: (socket) =>
        socket.resume().on('end', () => time.clock.timer(2_500, () => socket.end('220 hello\r\n'))),
    });
    const under = createSink({ port: slow.port, confirm: 'auto' });
    await under.sink.start(never);
    expect(under.told().some(({ message }) => message.includes('deliveries are confirmed'))).toBe(true);
    expect(questions(under)).toEqual([]);
  });
});

describe('isTlsAlert', () => {
  it.each(['15030100020228', '15030300020232', '150303', '15', '1503000002010a'])('knows %s', (hex) => {
    expect(isTlsAlert(Buffer.from(hex, 'hex'))).toBe(hex !== '15');
  });

  it.each(['32323020', '16030300', '15020000', '15030500020232', '1503030003020232', '15030300020332', ''])(
    'takes %s for none',
    (hex) => {
      expect(isTlsAlert(Buffer.from(hex, 'hex'))).toBe(false);
    },
  );
});

describe('with real TLS', () => {
  const { createSink, onEnd } = useSinkScope();
  /** Ten times as fast: only the order of what is told counts. */
  const clock = { ...systemClock, timer: (ms: number, run: () => void) => systemClock.timer(ms / 10, run) };

  const startTls = async (options: TlsOptions) => {
    const authority = await createAuthority('CA');
    const { cert, key } = await issue(authority, { commonName: 'siem', ipAddresses: ['127.0.0.1'] });
    const server = createTlsServer({ cert, key, ...options }, (socket) => socket.resume());
    server.on('tlsClientError', () => undefined);
    const port = await listen(server);
    onEnd(() => server.close());
    return port;
  };

  realIt.each([
    ['that ends with the client', {}],
    ['that is silent', { allowHalfOpen: true }],
  ])(
    'a server %s is asked about before anything is decided',
    async (_, options) => {
      const port = await startTls(options);
      const under = createSink({ port, confirm: 'auto', clock });
      under.sink.start(never).catch(() => undefined);
      for (let id = 1; questions(under).length === 0; id++) {
        under.send(id, ['<134>1 - - - - - - hello']).catch(() => undefined);
        await systemClock.sleep(20);
      }
      expect(under.told().some(({ message }) => message.includes('does not answer the end of a connection'))).toBe(
        false,
      );
      expect(under.events.count('confirmed')).toBe(0);
    },
    60_000,
  );

  realIt(
    'TLS to a plain port is asked about while the handshake is still waited for',
    async () => {
      const sockets: Socket[] = [];
      const silent = createServer((socket) => sockets.push(socket.resume().on('error', () => undefined)));
      const port = await listen(silent);
      onEnd(() => {
        for (const socket of sockets) socket.destroy();
        silent.close();
      });
      const under = createSink({ protocol: 'tls', port, clock });
      under.sink.start(never).catch(() => undefined);
      await eventually(() => expect(under.sink.status.lastError).toMatch(/TLS handshake was not done within 15 s/));
      expect(under.told().slice(0, 2)).toMatchObject([
        {
          level: 'warn',
          fields: { code: 'port-handshake' },
          message: expect.stringMatching(/does this port speak TLS\?/),
        },
        { level: 'warn', fields: { code: 'tls-timeout' } },
      ]);
      expect(questions(under).filter(({ fields }) => fields.code === 'port-handshake')).toHaveLength(1);
    },
    60_000,
  );
});
