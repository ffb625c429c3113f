/** What the model does that loopback cannot show: partitions, time, loss, powers that fail, proxies, forged packets. */
import { describe, expect, test } from 'vitest';
import { Chance } from '../chance.ts';
import { SimulatedProcess } from '../process.ts';
import { Scheduler } from '../scheduler.ts';
import { DatagramReceiver } from './peers/datagram-receiver.ts';
import { listen } from './peers/listen.ts';
import type { PeerSocket } from './peers/peer-socket.ts';
import { TcpProxy } from './peers/proxy.ts';
import { SimulatedNetwork } from './simulated-network.ts';

class Bench {
  readonly scheduler = new Scheduler(1_000_000);
  readonly random = new Chance('bench').next;
  readonly network = new SimulatedNetwork(this.scheduler, this.random, { path: { delayMs: 5, jitterMs: 2 } });
  readonly daemon = this.process('daemon');
  readonly here = this.network.host('daemon');
  readonly there = this.network.host('siem');
  readonly receiver = this.process('receiver');
  readonly view = this.network.of(this.daemon);
  readonly seen: string[] = [];
  peer: PeerSocket | undefined;
  received = 0;
  reads = true;

  process(name: string): SimulatedProcess {
    return new SimulatedProcess(this.scheduler, { name, offsetMs: 0, rate: 1, random: this.random });
  }

  listen(port = 514): void {
    listen(this.there, port, { process: this.receiver, onConnection: (peer) => this.#accept(peer) });
  }

  dial(host = 'siem', port = 514) {
    const socket = this.view.connect({
      host,
      port,
      allowHalfOpen: true,
      keepAlive: true,
      keepAliveInitialDelay: 10_000,
    });
    for (const event of ['connect', 'finish', 'end', 'close']) socket.on(event, () => this.seen.push(event));
    socket.on('error', (error) => this.seen.push(error.message));
    socket.resume();
    return socket;
  }

  pass(ms: number): Promise<void> {
    return this.scheduler.run(this.scheduler.nowMs + ms, () => undefined);
  }

  #accept(peer: PeerSocket): void {
    this.peer = peer;
    const read = () => {
      for (;;) {
        const what = this.reads ? peer.read(65_536) : undefined;
        if (what === undefined) return;
        this.seen.push(typeof what === 'string' ? `peer: ${what}` : 'peer: bytes');
        if (typeof what !== 'string') this.received += what.length;
        else {
          peer.end();
          peer.close();
          return;
        }
      }
    };
    peer.onReadable = read;
    read();
  }
}

describe('SimulatedNetwork', () => {
  test('what a partition swallows arrives when it heals', async () => {
    const bench = new Bench();
    bench.listen();
    const socket = bench.dial();
    await bench.pass(50);
    bench.network.cut(bench.here, bench.there);
    socket.write(Buffer.alloc(100_000));
    socket.end();
    await bench.pass(20_000);
    expect(bench.received).toBe(0);
    bench.network.heal(bench.here, bench.there);
    await bench.pass(60_000);
    expect(bench.received).toBe(100_000);
    expect(bench.seen.at(-1)).toBe('close');
    expect(bench.seen).toContain('end');
  });

  test('a partition that never heals ends a connection that waits for an acknowledgement, and one that is idle', async () => {
    const bench = new Bench();
    bench.listen();
    const busy = bench.dial();
    await bench.pass(50);
    bench.network.cut(bench.here, bench.there);
    busy.write(Buffer.alloc(10));
    await bench.pass(800_000);
    expect(bench.seen).toEqual(['connect']);
    await bench.pass(400_000);
    expect(bench.seen).toEqual(['connect', 'read ETIMEDOUT', 'close']);
    bench.network.heal(bench.here, bench.there);
    bench.dial();
    await bench.pass(2000);
    bench.network.cut(bench.here, bench.there);
    await bench.pass(25_000);
    expect(bench.seen.slice(3)).toEqual(['connect', 'read ETIMEDOUT', 'close']);
  });

  test('nobody answers a connection attempt: it fails after two minutes', async () => {
    const bench = new Bench();
    bench.network.setName('nowhere', ['10.9.9.9']);
    bench.dial('nowhere');
    await bench.pass(120_000);
    expect(bench.seen).toEqual([]);
    await bench.pass(10_000);
    expect(bench.seen).toEqual(['connect ETIMEDOUT 10.9.9.9:514', 'close']);
  });

  test('a host that loses its power answers with a reset when it is back', async () => {
    const bench = new Bench();
    bench.listen();
    const socket = bench.dial();
    await bench.pass(50);
    bench.there.powerOff();
    bench.receiver.kill();
    socket.write(Buffer.alloc(10));
    await bench.pass(5000);
    bench.there.powerOn();
    await bench.pass(30_000);
    expect(bench.seen).toEqual(['connect', 'read ECONNRESET', 'close']);
  });

  test('loss costs time, and nothing else', async () => {
    const bench = new Bench();
    bench.network.setPath(bench.here, bench.there, { delayMs: 5, jitterMs: 5, lossRate: 0.2 });
    bench.listen();
    const socket = bench.dial();
    const sent = 3_000_000;
    socket.write(Buffer.alloc(sent));
    socket.end();
    await bench.pass(600_000);
    expect(bench.received).toBe(sent);
    expect(bench.seen.filter((each) => !each.startsWith('peer: bytes'))).toEqual(
      expect.arrayContaining(['connect', 'finish', 'peer: end', 'end', 'close']),
    );
  });

  test('a forged FIN looks like the peer’s; what we write then is answered all the same', async () => {
    const bench = new Bench();
    bench.listen();
    const socket = bench.dial();
    await bench.pass(50);
    for (const endpoint of bench.here.endpoints.values()) endpoint.forge('FIN');
    await bench.pass(50);
    expect(bench.seen).toEqual(['connect', 'end']);
    socket.destroy();
    await bench.pass(50);
  });

  test('a forged reset', async () => {
    const bench = new Bench();
    bench.listen();
    bench.dial();
    await bench.pass(50);
    for (const endpoint of bench.here.endpoints.values()) endpoint.forge('RST');
    await bench.pass(50);
    expect(bench.seen).toEqual(['connect', 'read ECONNRESET', 'close']);
  });

  test('a stopped process hears of all of it when it goes on; a dead one never', async () => {
    const bench = new Bench();
    bench.listen();
    bench.dial();
    await bench.pass(50);
    bench.daemon.stop();
    bench.peer?.reset();
    await bench.pass(50);
    expect(bench.seen).toEqual(['connect']);
    bench.daemon.resume();
    await bench.pass(1);
    expect(bench.seen).toEqual(['connect', 'read ECONNRESET', 'close']);
    bench.dial();
    await bench.pass(50);
    bench.daemon.kill();
    await bench.pass(50);
    expect(bench.seen.slice(3)).toEqual(['connect', 'peer: end']);
  });

  test('a proxy passes bytes and ends; when the backend dies, it ends in peace', async () => {
    const bench = new Bench();
    bench.listen();
    const middle = bench.network.host('proxy');
    const backend = () => ({ address: [...bench.there.addresses][0] ?? '', port: 514 });
    new TcpProxy({ host: middle, process: bench.process('proxy'), port: 601, backend });
    const socket = bench.dial('proxy', 601);
    socket.write(Buffer.alloc(200_000));
    socket.end();
    await bench.pass(1000);
    expect(bench.received).toBe(200_000);
    expect(bench.seen.filter((each) => each !== 'peer: bytes')).toEqual([
      'connect',
      'finish',
      'peer: end',
      'end',
      'close',
    ]);

    bench.seen.length = 0;
    bench.reads = false;
    const second = bench.dial('proxy', 601);
    await bench.pass(100);
    second.write(Buffer.alloc(100_000));
    second.end();
    await bench.pass(100);
    bench.receiver.kill();
    await bench.pass(100);
    expect(bench.seen).toEqual(['connect', 'finish', 'end', 'close']);

    bench.seen.length = 0;
    bench.dial('proxy', 601);
    await bench.pass(1000);
    expect(bench.seen).toEqual(['connect', 'end']);
  });

  test('datagrams', async () => {
    const bench = new Bench();
    let received = 0;
    new DatagramReceiver(bench.there, 514, { process: bench.receiver, onDatagram: () => received++ });
    const socket = bench.view.createDatagramSocket('udp4');
    socket.connect(514, [...bench.there.addresses][0]);
    await bench.pass(1);
    bench.network.setPath(bench.here, bench.there, { delayMs: 5, lossRate: 0.5 });
    for (let i = 0; i < 100; i++) socket.send(Buffer.alloc(100), 0, 100);
    await bench.pass(100);
    expect(received).toBeGreaterThan(25);
    expect(received).toBeLessThan(75);
  });

  test('the same seed is the same run', async () => {
    const run = async () => {
      const bench = new Bench();
      bench.network.setPath(bench.here, bench.there, { delayMs: 5, jitterMs: 5, lossRate: 0.1 });
      bench.listen();
      const socket = bench.dial();
      socket.write(Buffer.alloc(1_000_000));
      socket.end();
      await bench.pass(100_000);
      return [bench.scheduler.events, ...bench.seen];
    };
    expect(await run()).toEqual(await run());
  });
});
