/** The daemon's own transports, unchanged, on the model: TCP, TLS and UDP, from connecting to the confirming end. */
import { describe, expect, test } from 'vitest';
import type { Log } from '../../../src/core/log.ts';
import { resolveOptions } from '../../../src/sink/syslog/link/options.ts';
import type { PeerEnd, Transport } from '../../../src/sink/syslog/link/transport.ts';
import { ReceiverName } from '../../../src/sink/syslog/transports/receiver-name.ts';
import { createTcpTransport } from '../../../src/sink/syslog/transports/tcp.ts';
import { createTlsTransport } from '../../../src/sink/syslog/transports/tls.ts';
import { createUdpTransport } from '../../../src/sink/syslog/transports/udp.ts';
import { createLogRecorder } from '../../support/receivers/sink-harness.ts';
import { Chance } from '../chance.ts';
import { SimulatedProcess } from '../process.ts';
import { Scheduler } from '../scheduler.ts';
import { DatagramReceiver } from './peers/datagram-receiver.ts';
import { type Listening, listen } from './peers/listen.ts';
import type { PeerSocket } from './peers/peer-socket.ts';
import { TlsServer, type TlsServerOptions } from './peers/tls-peer-socket.ts';
import { SimulatedNetwork } from './simulated-network.ts';

const nothing = () => undefined;
const log = { info: nothing, warn: nothing, debug: nothing, error: nothing } as unknown as Log;
const chunkBytes = 100_000;

class Site {
  readonly scheduler = new Scheduler(1_700_000_000_000);
  readonly random = new Chance('transports').next;
  readonly network = new SimulatedNetwork(this.scheduler, this.random, { path: { delayMs: 1, jitterMs: 1 } });
  readonly siem = this.network.host('siem');
  readonly daemon = this.process('daemon');
  readonly receiver = this.process('receiver');
  received = 0;
  /** What it does when it has read our end. */
  answer: (peer: PeerSocket) => void = (peer) => {
    peer.end();
    peer.close();
  };

  process(name: string): SimulatedProcess {
    return new SimulatedProcess(this.scheduler, { name, offsetMs: 0, rate: 1, random: this.random });
  }

  listen(tls?: TlsServerOptions): Listening {
    return listen(this.siem, 514, {
      process: this.receiver,
      tls: tls && new TlsServer(tls, 1),
      onConnection: (peer) => this.#accept(peer),
    });
  }

  options(protocol: 'tcp' | 'tls' | 'udp') {
    const { clock } = this.daemon;
    const network = this.network.of(this.daemon);
    const tuning = { lookup: network.lookup };
    return resolveOptions({ protocol, host: 'siem', port: 514, tls: { insecure: true }, clock, network, tuning });
  }

  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => (isSettled = true);
    promise.then(settle, settle);
    while (!isSettled) await this.scheduler.run(this.scheduler.nowMs + 10, nothing);
    return promise;
  }

  /** One connection, from its beginning to its confirmation. */
  async carry(transport: Transport, chunks: number): Promise<{ end: PeerEnd | undefined; lost: string | undefined }> {
    const connection = await this.settled(transport.connect(new AbortController().signal));
    let lost: string | undefined;
    connection.attach({ room: nothing, lost: ({ code }) => (lost = code) });
    const bytes = Buffer.alloc(chunkBytes);
    for (let i = 0; i < chunks; i++) {
      connection.write({ bytes, frameCount: 1, frameEnds: undefined, release: nothing }, nothing);
    }
    return { end: await this.settled(connection.end()), lost };
  }

  #accept(peer: PeerSocket): void {
    peer.onReadable = () => {
      for (let what = peer.read(65_536); what !== undefined; what = peer.read(65_536)) {
        if (typeof what !== 'string') this.received += what.length;
        else {
          if (what === 'end') this.answer(peer);
          return;
        }
      }
    };
    peer.onReadable();
  }
}

const tls: TlsServerOptions = { version: 'TLSv1.3', tickets: 2, sendsCloseNotify: true };

describe('the daemon’s transports on the model', () => {
  test('TCP: read and confirmed', async () => {
    const site = new Site();
    site.listen();
    const result = await site.carry(createTcpTransport(site.options('tcp'), createLogRecorder().log), 10);
    expect(result).toEqual({ end: { isAuthentic: false }, lost: undefined });
    expect(site.received).toBe(10 * chunkBytes);
  });

  test('TCP: ended and closed with bytes on the way is no confirmation', async () => {
    const site = new Site();
    listen(site.siem, 514, {
      process: site.receiver,
      onConnection: (peer) => site.receiver.post(() => site.answer(peer), 500),
    });
    site.answer = (peer) => peer.close();
    expect(await site.carry(createTcpTransport(site.options('tcp'), createLogRecorder().log), 3)).toEqual({
      end: undefined,
      lost: 'econnreset',
    });
    site.answer = (peer) => {
      peer.end();
      site.receiver.post(() => peer.close(), 100);
    };
    expect(await site.carry(createTcpTransport(site.options('tcp'), createLogRecorder().log), 3)).toEqual({
      end: undefined,
      lost: 'unread',
    });
  });

  test.each([
    ['TLSv1.3', 2],
    ['TLSv1.3', 0],
    ['TLSv1.2', 1],
    ['TLSv1.2', 0],
  ] as const)('%s, %i tickets: read and confirmed, twice', async (version, tickets) => {
    const site = new Site();
    site.listen({ version, tickets, sendsCloseNotify: true });
    const transport = createTlsTransport(site.options('tls'), log);
    for (let i = 1; i <= 2; i++) {
      expect(await site.carry(transport, 10)).toEqual({ end: { isAuthentic: true }, lost: undefined });
      expect(site.received).toBe(i * 10 * chunkBytes);
    }
  });

  test('TLS: an end without a close_notify is not authentic', async () => {
    const site = new Site();
    site.listen({ ...tls, sendsCloseNotify: false });
    const { end } = await site.carry(createTlsTransport(site.options('tls'), log), 1);
    expect(end).toEqual({ isAuthentic: false });
  });

  test.each(['TLSv1.3', 'TLSv1.2'] as const)('%s: a receiver that wants a certificate', async (version) => {
    const site = new Site();
    site.listen({ ...tls, version, refusal: version === 'TLSv1.3' ? 116 : 40 });
    const code = version === 'TLSv1.3' ? 'tls-client-certificate-required' : 'tls-handshake-refused';
    await expect(site.carry(createTlsTransport(site.options('tls'), log), 1)).rejects.toMatchObject({ code });
  });

  test('TLS to a port that does not speak it; TCP to one that nobody listens on', async () => {
    const site = new Site();
    listen(site.siem, 514, { process: site.receiver, onConnection: (peer) => peer.write(Buffer.from('220 hello')) });
    const transport = createTlsTransport(site.options('tls'), log);
    await expect(site.carry(transport, 1)).rejects.toMatchObject({ code: 'tls-not-tls' });
    site.siem.listeners.clear();
    const tcp = createTcpTransport(site.options('tcp'), createLogRecorder().log);
    await expect(site.carry(tcp, 1)).rejects.toMatchObject({ code: 'econnrefused' });
  });

  test('UDP', async () => {
    const site = new Site();
    let datagrams = 0;
    new DatagramReceiver(site.siem, 514, { process: site.receiver, onDatagram: () => datagrams++ });
    const options = site.options('udp');
    const transport = createUdpTransport(options, new ReceiverName(options, log), log);
    const connection = await site.settled(transport.connect(new AbortController().signal));
    const frameEnds = Uint32Array.from({ length: 100 }, (_, i) => 100 * (i + 1));
    connection.write({ bytes: Buffer.alloc(10_000), frameCount: 100, frameEnds, release: nothing }, nothing);
    await site.settled(connection.end());
    await site.scheduler.run(site.scheduler.nowMs + 100, nothing);
    expect(datagrams).toBe(100);
  });

  test('is cheap', async () => {
    const site = new Site();
    site.listen(tls);
    const transport = createTlsTransport(site.options('tls'), log);
    const bytes = Buffer.alloc(chunkBytes);
    const connections = 1000;
    const carryAll = async () => {
      for (let i = 0; i < connections; i++) {
        const connection = await transport.connect(new AbortController().signal);
        connection.attach({ room: nothing, lost: nothing });
        for (let j = 0; j < 3; j++)
          connection.write({ bytes, frameCount: 1, frameEnds: undefined, release: nothing }, nothing);
        await connection.end();
      }
    };
    const beganMs = performance.now();
    let isDone = false;
    void carryAll().then(() => (isDone = true));
    await site.scheduler.run(site.scheduler.nowMs + connections * 500, nothing);
    expect(isDone).toBe(true);
    const events = site.scheduler.events / connections;
    if (process.env.SHOW)
      console.log(`${events} events, ${(performance.now() - beganMs) / connections} ms a connection`);
    // Events, not milliseconds: a machine may be busy.
    expect(events).toBeLessThan(120);
  });
});
