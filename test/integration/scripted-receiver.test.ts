import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createScriptedReceiver, ignores } from '../support/scripted-receiver.ts';
import { waitUntil } from '../support/wait-until.ts';

it('closes although a port came twice, and the end of its first connection was never heard of', async () => {
  const receiver = await createScriptedReceiver();
  receiver.behave(ignores);
  const to = { host: '127.0.0.1', port: receiver.port };
  const connectTwice = async () => {
    const first = net.connect(to);
    await once(first, 'connect');
    const { localPort } = first;
    first.write(Buffer.alloc(4 << 20)); // more than its stream takes: it does not read any more, and sees no reset
    await sleep(300);
    first.resetAndDestroy();
    await sleep(50);
    const second = net.connect({ ...to, ...(localPort && { localPort }) });
    await once(second, 'connect');
    second.on('error', () => undefined);
  };
  // In between, anybody on this machine may be given the port: then with another.
  await waitUntil(connectTwice);
  await expect.poll(() => receiver.connections).toBeGreaterThanOrEqual(2);
  expect(await Promise.race([receiver.close().then(() => 'closed'), sleep(60_000, 'still open', { ref: false })])).toBe(
    'closed',
  );
});
