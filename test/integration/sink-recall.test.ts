/** Deliveries that must not be sent any more while they wait for their turn, in virtual time. */
import { describe, expect } from 'vitest';
import { DatagramReceiver } from '../simulation/net/peers/datagram-receiver.ts';
import { never, type TestMark } from '../support/receivers/sink-harness.ts';
import { useVirtualSinkScope } from '../support/receivers/sink-scope.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();
const scope = useVirtualSinkScope(time);
const { createPeer, createSink } = scope;

/** More than the kernels of both sides hold. */
const large = Buffer.alloc(4 << 20, 'x');

/** @returns a mark, and what withdraws its delivery */
function withdrawable(id: number): { readonly mark: TestMark; withdraw(): void } {
  let isWithdrawn = false;
  return {
    mark: { stream: String(id), id, isWithdrawn: () => isWithdrawn },
    withdraw: () => {
      isWithdrawn = true;
    },
  };
}

describe('over TCP', () => {
  async function stuck(timeoutMs = 30_000) {
    const peer = await createPeer({ onConnection: (socket) => socket.pause() });
    const under = createSink({ port: peer.port, timeoutMs, maxQueuedBytes: 64 << 20 });
    await under.sink.start(never);
    await under.send(1, large);
    const { mark, withdraw } = withdrawable(2);
    const delivery = under.sink.deliver(mark);
    void delivery.write(under.chunks.chunk(['held back']));
    delivery.end();
    let text = '';
    const readAll = async () => {
      const { socket } = await peer.connection(0);
      socket.on('data', (bytes) => {
        text += bytes.toString().replace(/x+/, '');
      });
      socket.resume();
    };
    return { under, withdraw, readAll, text: () => text };
  }

  it('a chunk that is withdrawn while it waits is not sent, and its delivery is reported as lost', async () => {
    const { under, withdraw, readAll, text } = await stuck();
    await under.send(3, ['behind it']);
    withdraw();
    await readAll();
    await time.until(() => expect(under.events.history).toContain('sent 3'));
    await time.until(() => expect(text()).toBe('behind it'));
    expect(under.events.losses).toMatchObject([{ marks: [{ id: 2 }], cause: { code: 'withdrawn' } }]);
    expect(under.events.history.filter((each) => each.endsWith(' 2'))).toEqual(['lost 2']);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });

  it('a chunk that is not withdrawn is sent', async () => {
    const { under, readAll, text } = await stuck();
    await readAll();
    await time.until(() => expect(text()).toBe('held back'));
    expect(under.events.losses).toEqual([]);
  });

  it('a connection whose last chunk was withdrawn is idle, and not taken for stalled', async () => {
    const { under, withdraw, readAll } = await stuck(500);
    withdraw();
    await readAll();
    await time.until(() => expect(under.events.history).toContain('lost 2'));
    await time.sleep(5_000);
    expect(under.sink.status).toMatchObject({ state: 'up', reconnects: 0 });
    await under.send(3, ['goes on']);
    await time.until(() => expect(under.events.history).toContain('sent 3'));
  });
});

describe('over UDP', () => {
  it('the frames that are left of a chunk are not sent', async () => {
    const port = scope.net.freePort();
    const arrived: string[] = [];
    const onDatagram = (bytes: Buffer) => arrived.push(bytes.toString());
    new DatagramReceiver(scope.net.host, port, { process: time.process, onDatagram });
    const under = createSink({ protocol: 'udp', port });
    await under.sink.start(never);
    let asked = 0;
    // Each turn sends some of the frames, and asks before.
    const delivery = under.sink.deliver({ stream: '1', id: 1, isWithdrawn: () => asked++ === 3 });
    void delivery.write(under.chunks.chunk(Array.from({ length: 1_000 }, (_, at) => `frame ${at}`)));
    delivery.end();
    await time.until(() => expect(under.events.history).toEqual(['lost 1']));
    await under.send(2, ['behind it']);
    await time.until(() => expect(arrived.at(-1)).toBe('behind it'));
    expect(arrived.length).toBeGreaterThan(1);
    expect(arrived.length).toBeLessThan(1_000);
    expect(under.chunks.isEachReleasedOnce).toBe(true);
  });
});
