import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { freePort } from '../support/listen.ts';
import { createTcpPeer } from '../support/receivers/tcp-peer.ts';

it('closes although a port came twice, and the end of its first connection was never heard of', async () => {
  const peer = await createTcpPeer({ onConnection: () => undefined });
  const localPort = await freePort();
  const to = { host: '127.0.0.1', port: peer.port, localPort };
  const first = net.connect(to);
  await once(first, 'connect');
  const { socket } = await peer.connection(0);
  socket.pause();
  first.write(Buffer.alloc(4 << 20)); // more than its stream takes: it does not read any more, and sees no reset
  await sleep(300);
  first.resetAndDestroy();
  await sleep(50);
  const second = net.connect(to);
  second.on('error', () => undefined);
  await once(second, 'connect');
  const { socket: again } = await peer.connection(1);
  expect(again.remotePort).toBe(localPort);
  expect(peer.rawOf(socket)).toBe(socket);
  expect(peer.rawOf(again)).toBe(again);
  expect(await Promise.race([peer.close().then(() => 'closed'), sleep(60_000, 'still open', { ref: false })])).toBe(
    'closed',
  );
});
