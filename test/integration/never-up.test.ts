/** What a process says, and its exit code, when it ends before it has shipped anything, or all that was asked for. */
import { afterEach, beforeEach, expect } from 'vitest';
import { DEMO_CREDENTIALS } from '../../src/emulator/emulator.ts';
import { startVirtualCli, type VirtualCli } from '../support/virtual/virtual-cli.ts';
import { createVirtualEmulator, type VirtualEmulator } from '../support/virtual/virtual-emulator.ts';
import { VirtualNet } from '../support/virtual/virtual-net.ts';
import { CountingReceiver } from '../support/virtual/virtual-receiver.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();

let net: VirtualNet;
let emulator: VirtualEmulator;
let daemons: VirtualCli[];

beforeEach(() => {
  net = new VirtualNet(time);
  emulator = createVirtualEmulator(time, { shards: 2 });
  emulator.append({ logs: 1_000 });
  daemons = [];
});

afterEach(() => time.run(() => Promise.all(daemons.map((daemon) => daemon.stop('SIGKILL')))));

function start(receiver: number | string, ...args: readonly string[]): VirtualCli {
  const host = typeof receiver === 'number' ? `127.0.0.1:${receiver}` : receiver;
  const command = ['run', '--log-format', 'json', '--host', host, ...args];
  const daemon = startVirtualCli({ time, net, emulator }, command, {
    SLS_ENDPOINT: emulator.endpoint,
    SLS_PROJECT: 'demo',
    SLS_LOGSTORE: 'logs',
    SLS_CG: 'never-up',
    SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
    SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
  });
  daemons.push(daemon);
  return daemon;
}

const last = (daemon: VirtualCli) => daemon.logged().at(-1) as { level: string; msg: string; logs: number };

it.each([[], ['--until', 'end']])(
  'with a receiver that was never up: 1, nothing was shipped, and why (%s)',
  async (...args) => {
    const port = net.freePort();
    const daemon = start(port, ...args);
    await daemon.waitForLog('cannot connect to the receiver');
    await time.clock.sleep(60_000);
    expect(await daemon.stop()).toBe(1);
    expect(last(daemon)).toMatchObject({ level: 'error', logs: 0 });
    expect(last(daemon).msg).toMatch(
      `stopped: nothing was shipped: the receiver tcp://127.0.0.1:${port} was never up: connection refused`,
    );
    expect(last(daemon).msg).not.toContain('everything sent');
  },
);

it('the same over UDP, where the name of the receiver is not known', async () => {
  const daemon = start('nobody.test', '--proto', 'udp');
  await daemon.waitForLog('cannot connect to the receiver');
  expect(await daemon.stop()).toBe(1);
  expect(last(daemon).msg).toContain('the receiver udp://nobody.test:514 was never up: the host name is not known');
});

it('with a log service that was never reached: 1, and why', async () => {
  const { port } = await new CountingReceiver(time, net, 'tcp').start();
  emulator.faults.set({ rules: [{ fault: { kind: 'reset' } }] });
  const daemon = start(port);
  await daemon.waitForLog('the log service cannot be used');
  expect(await daemon.stop()).toBe(1);
  expect(last(daemon).msg).toMatch(/^stopped: nothing was shipped: the log service cannot be used: /);
});

it('in its first moment, when nothing has failed: 0, and that nothing was shipped', async () => {
  const { port } = await new CountingReceiver(time, net, 'tcp').start();
  const daemon = start(port);
  await time.clock.sleep(0.3);
  expect(daemon.logged().length).toBeGreaterThan(0);
  expect(await daemon.stop()).toBe(0);
  expect(last(daemon)).toMatchObject({ level: 'info', logs: 0 });
  expect(last(daemon).msg).toMatch(/^stopped: nothing was shipped: /);
});

it('in the middle of a run with an end: 1, and that what was sent is confirmed', async () => {
  const receiver = new CountingReceiver(time, net, 'tcp');
  const { port } = await receiver.start();
  const daemon = start(port, '--until', 'end', '--max-rate', '100/s');
  await time.until(() => expect(receiver.messages).toBeGreaterThan(100));
  expect(await daemon.stop()).toBe(1);
  expect(last(daemon)).toMatchObject({ level: 'error' });
  expect(last(daemon).msg).toContain('stopped: it was stopped before --until was reached; ');
});

it('at the end of a run with an end: 0', async () => {
  const receiver = new CountingReceiver(time, net, 'tcp');
  const { port } = await receiver.start();
  const daemon = start(port, '--until', 'end');
  expect(await daemon.exited).toBe(0);
  expect(receiver.sequence.unique).toBe(1_000);
  expect(last(daemon).msg).toBe('stopped: everything sent is confirmed by the receiver and checkpointed');
});
