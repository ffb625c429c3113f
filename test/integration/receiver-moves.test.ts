/** A receiver that moves to another address, under the same name. Linux has the whole of 127.0.0.0/8 on its loopback. */
import { createSocket } from 'node:dgram';
import type { LookupFunction } from 'node:net';
import { platform } from 'node:os';
import { describe, expect, it } from 'vitest';
import { eventually, never, type SinkUnderTest } from '../support/receivers/sink-harness.ts';
import { useSinkScope } from '../support/receivers/sink-scope.ts';

const scope = useSinkScope();
const [here, there] = ['127.0.0.1', '127.0.0.2'];
const isLinux = platform() === 'linux';

function createDns() {
  const dns: { answer: string | undefined; lookup: LookupFunction } = {
    answer: here,
    lookup: (name, _options, done) => {
      if (dns.answer === undefined) done(Object.assign(new Error(`EAI_AGAIN ${name}`), { code: 'EAI_AGAIN' }), []);
      else done(null, [{ address: dns.answer, family: 4 }]);
    },
  };
  return dns;
}

async function createDatagramPeer(address: string | undefined, port = 0) {
  const socket = createSocket('udp4');
  const datagrams: string[] = [];
  socket.on('message', (message) => datagrams.push(message.toString()));
  await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  scope.onEnd(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return { port: socket.address().port, datagrams };
}

let messages = 0;

/** Sends until one of them is there. */
async function isReached(under: SinkUnderTest, arrived: () => readonly string[] | string): Promise<void> {
  await eventually(async () => {
    const text = `message ${++messages};`;
    await under.send(messages, [text]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(arrived()).toContain(text);
  });
}

describe.skipIf(!isLinux)(`a receiver that moves${isLinux ? '' : ' (skipped: 127.0.0.2 is no address here)'}`, () => {
  async function createUdp(dnsRefreshMs: number) {
    const dns = createDns();
    const before = await createDatagramPeer(here);
    const after = await createDatagramPeer(there, before.port);
    const options = { protocol: 'udp', host: 'siem.test', port: before.port, dnsRefreshMs } as const;
    const under = scope.createSink({ ...options, tuning: { lookup: dns.lookup } });
    await under.sink.start(never);
    await isReached(under, () => before.datagrams);
    return { dns, before, after, under };
  }

  it('is followed over UDP although the old address goes on taking datagrams', async () => {
    const { dns, before, after, under } = await createUdp(50);
    dns.answer = undefined;
    await isReached(under, () => before.datagrams);
    dns.answer = there;
    await isReached(under, () => after.datagrams);
    const arrived = before.datagrams.length;
    await isReached(under, () => after.datagrams);
    expect(before.datagrams).toHaveLength(arrived);
    const change = under.told().find(({ message }) => message.includes('stands for other addresses'));
    expect(change?.fields).toMatchObject({ before: [here], now: [there] });
    expect(under.events.count('lost')).toBe(0);
    expect(under.sink.status.state).toBe('up');
    await under.sink.drain(10_000);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('is followed over UDP when somebody asks (SIGHUP), and not before the time otherwise', async () => {
    const { dns, before, after, under } = await createUdp(3_600_000);
    dns.answer = there;
    await isReached(under, () => before.datagrams);
    under.sink.lookUpAgain();
    await isReached(under, () => after.datagrams);
  });

  it('is followed over UDP in the middle of a queue: each datagram arrives, here or there', async () => {
    const { dns, before, after, under } = await createUdp(3_600_000);
    dns.answer = there;
    // Several windows, and no more than a socket's buffer holds.
    const frames = Array.from({ length: 200 }, (_, at) => `frame ${at};`);
    const sent = under.send(0, frames);
    under.sink.lookUpAgain();
    await sent;
    await eventually(() =>
      expect(new Set([...before.datagrams, ...after.datagrams])).toEqual(new Set([...before.datagrams, ...frames])),
    );
    expect(after.datagrams.at(-1)).toBe('frame 199;');
  });

  it('is followed over TCP by the next connection, and a look-up that fails does not stop a rotation', async () => {
    const dns = createDns();
    const before = await scope.createPeer({ host: here });
    const after = await scope.createPeer({ host: there, port: before.port });
    const confirm = { confirm: 'on', confirmIntervalMs: 20 } as const;
    const under = scope.createSink({
      ...confirm,
      host: 'siem.test',
      port: before.port,
      tuning: { lookup: dns.lookup },
    });
    await under.sink.start(never);
    await isReached(under, () => before.text());
    dns.answer = undefined;
    const connections = before.connections.length;
    for (let at = 0; at < 4; at++) {
      const confirmed = under.events.count('confirmed');
      await isReached(under, () => before.text());
      await eventually(() => expect(under.events.count('confirmed')).toBeGreaterThan(confirmed));
    }
    expect(before.connections.length).toBeGreaterThan(connections);
    const told = under.told().map(({ message }) => message);
    expect(told.filter((message) => message.includes('one connection at a time'))).toEqual([]);
    dns.answer = there;
    await isReached(under, () => after.text());
    expect(under.events.count('lost')).toBe(0);
  });
});
