import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { freePort } from '../support/listen.ts';
import { createScriptedReceiver, ignores } from '../support/receivers/scripted-receiver.ts';

it('closes although a port came twice, and the end of its first connection was never heard of', async () => {
  const receiver = await createScriptedReceiver();
  receiver.behave(ignores);
  const to = { host: '127.0.0.1', port: receiver.port, localPort: await freePort() };
  const first = net.connect(to);
  await once(first, 'connect');
  first.write(Buffer.alloc(4 << 20)); // more than its stream takes: it does not read any more, and sees no reset
  await sleep(300);
  first.resetAndDestroy();
  await sleep(50);
  const second = net.connect(to);
  second.on('error', () => undefined);
  await once(second, 'connect');
  await expect.poll(() => receiver.connections).toBe(2);
  expect(await Promise.race([receiver.close().then(() => 'closed'), sleep(60_000, 'still open', { ref: false })])).toBe(
    'closed',
  );
});
