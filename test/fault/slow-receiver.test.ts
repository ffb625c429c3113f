/**
 * A receiver that reads so slowly that what the kernels' buffers hold takes it many times the confirmation's timeout. In
 * virtual time.
 */
import { afterEach, expect } from 'vitest';
import { readsAt, type ScriptedReceiver } from '../support/receivers/scripted-receiver.ts';
import { createVirtualPlace, type VirtualFaultRun } from '../support/virtual/virtual-place.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();
let receiver: ScriptedReceiver;
let run: VirtualFaultRun;

afterEach(() =>
  time.run(async () => {
    await run.close();
    await receiver.close();
  }),
);

it('is given longer, until it confirms: nothing is lost, nor sent again for ever', async () => {
  const place = createVirtualPlace(time);
  receiver = await place.createReceiver();
  receiver.behave(readsAt(400_000));
  run = await place.startFaultRun({
    logsPerSecond: 0,
    arrivals: receiver,
    args: ['--host', '127.0.0.1', '--port', String(receiver.port), '--confirm-timeout', '500ms'],
    allowsStale: true,
  });
  run.emulator.append({ logs: 3_000 }); // 2.4 MB
  const { generated, received, lost, duplicates } = await run.settle(80_000);
  console.info(`${generated} logs, ${duplicates} duplicated`);
  expect(lost).toBe(0);
  expect(received).toBe(generated);
  expect(run.daemon.logged().map(({ code }) => code)).toContain('confirm-timeout');
});
