import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { DeliveryLostError } from '../../src/core/errors.ts';
import { eventually, never } from '../support/receivers/sink-harness.ts';
import { useSinkScope } from '../support/receivers/sink-scope.ts';

const { createSink, onEnd } = useSinkScope();

const hasIpv6Loopback = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ address }) => address === '::1'),
);
if (!hasIpv6Loopback) console.warn('UDP over IPv6 is not tried: this machine has no ::1');

interface UdpPeer {
  readonly port: number;
  readonly datagrams: string[];
  close(): Promise<void>;
}

async function createUdpPeer(family: 'udp4' | 'udp6' = 'udp4', port = 0): Promise<UdpPeer> {
  const socket: Socket = createSocket({ type: family, recvBufferSize: 4 * 1024 * 1024 });
  const datagrams: string[] = [];
  socket.on('message', (message) => datagrams.push(message.toString()));
  await new Promise<void>((resolve) => socket.bind(port, family === 'udp6' ? '::1' : '127.0.0.1', resolve));
  let closing: Promise<void> | undefined;
  const peer: UdpPeer = {
    port: socket.address().port,
    datagrams,
    close() {
      closing ??= new Promise((resolve) => socket.close(() => resolve()));
      return closing;
    },
  };
  onEnd(() => peer.close());
  return peer;
}

const families = [
  { family: 'udp4' as const, host: '127.0.0.1', isThere: true },
  { family: 'udp6' as const, host: '::1', isThere: hasIpv6Loopback },
];

describe.each(families.filter(({ isThere }) => isThere))('a UDP sink, $family', ({ family, host }) => {
  it('sends one datagram a frame, and reports sent and confirmed when the kernel has them all', async () => {
    const peer = await createUdpPeer(family);
    const { sink, events, chunks, send } = createSink({ protocol: 'udp', host, port: peer.port });
    await sink.start(never);
    const frames = Array.from({ length: 150 }, (_, n) => `<14>frame ${n} ${'é'.repeat(n % 7)}`);
    await send(1, frames.slice(0, 100), frames.slice(100));
    await send(2, ['']);
    expect(await sink.drain(10_000)).toBe(true);
    await eventually(() => expect(peer.datagrams).toEqual([...frames, '']));
    expect(events.history).toEqual(['sent 1', 'confirmed 1', 'sent 2', 'confirmed 2']);
    expect(chunks.isEachReleasedOnce).toBe(true);
    expect(sink.status).toMatchObject({ state: 'closed', framesWritten: 151, framesDropped: 0 });
  });
});

describe('a UDP sink', () => {
  it('says at start that it is best effort', async () => {
    const peer = await createUdpPeer();
    const { sink, told } = createSink({ protocol: 'udp', port: peer.port });
    await sink.start(never);
    expect(told().map(({ message }) => message)).toEqual([
      'UDP is best effort: what is lost on the way is not noticed',
      'connected to the receiver',
    ]);
  });

  it('drops and counts what no datagram holds, tells once, and sends the rest', async () => {
    const peer = await createUdpPeer();
    const { sink, events, send, told } = createSink({ protocol: 'udp', port: peer.port });
    await sink.start(never);
    await send(1, ['before', 'x'.repeat(70_000), 'between', 'y'.repeat(66_000), 'after']);
    await eventually(() => expect(peer.datagrams).toEqual(['before', 'between', 'after']));
    expect(events.history).toEqual(['sent 1', 'confirmed 1']);
    expect(sink.status).toMatchObject({ framesWritten: 3, framesDropped: 2 });
    const warnings = told().filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ fields: { bytes: 70_000 }, message: expect.stringMatching(/was dropped/) });
  });

  it('notices a closed port, loses what was open, does not fill the log, and finds the port again', async () => {
    const gone = await createUdpPeer();
    await gone.close();
    const under = createSink({ protocol: 'udp', port: gone.port, tuning: { steadyAfterMs: 100 } });
    await under.sink.start(never);
    const delivery = under.sink.deliver({ stream: 's', id: 1 });
    const error: unknown = await (async () => {
      for (;;) await (delivery.write(under.chunks.chunk(['anybody?'])) ?? new Promise(setImmediate));
    })().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeliveryLostError);
    expect(under.events.losses[0]?.cause).toMatchObject({ code: 'econnrefused' });
    for (let id = 2; id < 10; id++) await under.send(id, ['nobody']).catch(() => undefined);
    const peer = await createUdpPeer('udp4', gone.port);
    await eventually(async () => {
      await under.send(100 + peer.datagrams.length, ['back']).catch(() => undefined);
      expect(peer.datagrams).toContain('back');
    });
    await eventually(() => expect(under.told().at(-1)?.message).toBe('connected to the receiver'));
    expect(under.told().map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'info: UDP is best effort: what is lost on the way is not noticed',
      'info: connected to the receiver',
      'warn: the connection to the receiver is lost; trying again until it works',
      'info: connected to the receiver',
    ]);
    expect(await under.sink.drain(10_000)).toBe(true);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('tries the next address of a name when one refuses', async () => {
    const peer = await createUdpPeer();
    const under = createSink({
      protocol: 'udp',
      port: peer.port,
      host: 'two-addresses.test',
      tuning: {
        lookup: (_host, _options, callback) =>
          callback(null, [
            { address: '127.0.0.2', family: 4 },
            { address: '127.0.0.1', family: 4 },
          ]),
      },
    });
    await under.sink.start(never);
    await eventually(async () => {
      await under.send(under.events.history.length, ['which?']).catch(() => undefined);
      expect(peer.datagrams).toContain('which?');
    });
  });

  it('waits for a name that is not known yet, and holds writes back meanwhile', async () => {
    const peer = await createUdpPeer();
    let isKnown = false;
    const under = createSink({
      protocol: 'udp',
      port: peer.port,
      host: 'soon.test',
      tuning: {
        lookup: (host, _options, callback) => {
          if (isKnown) callback(null, '127.0.0.1', 4);
          else callback(Object.assign(new Error(`getaddrinfo EAI_AGAIN ${host}`), { code: 'EAI_AGAIN' }), '');
        },
      },
    });
    const started = under.sink.start(never);
    const waiting = under.send(1, ['known at last']);
    await eventually(() => expect(under.sink.status.lastError).toMatch(/the DNS does not answer/));
    isKnown = true;
    await started;
    await waiting;
    await eventually(() => expect(peer.datagrams).toEqual(['known at last']));
  });

  it('loses what is open when it is destroyed, and releases it', async () => {
    const peer = await createUdpPeer();
    const under = createSink({ protocol: 'udp', port: peer.port });
    await under.sink.start(never);
    const delivery = under.sink.deliver({ stream: 's', id: 1 });
    for (let i = 0; i < 10; i++) delivery.write(under.chunks.chunk(['x'.repeat(1000), 'y']))?.catch(() => undefined);
    under.sink.destroy();
    expect(under.events.history).toEqual(['lost 1']);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });
});
