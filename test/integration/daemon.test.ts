/** The daemon within the test's process, against the embedded service and a receiver: what moves under its feet. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Daemon } from '../../src/daemon.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { parse5424 } from '../../src/receiver/parse-5424.ts';
import { createReceiver, type Receiver, type ReceiverOptions } from '../../src/receiver/receiver.ts';
import { startDaemon, type TestDaemonOptions } from '../support/daemons/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/listen.ts';
import { createVirtualPlace } from '../support/virtual/virtual-place.ts';
import { CountingReceiver } from '../support/virtual/virtual-receiver.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

describe('the daemon', () => {
  let emulator: Emulator;
  let receiver: Receiver;
  let daemon: Daemon & { logged: string[] };
  let port: number;

  beforeEach(async () => {
    emulator = createEmulator({ shards: 2 });
    await listen({ protocol: 'tcp' });
  });

  afterEach(async () => {
    await daemon.drain(1_000);
    await receiver.close();
    await emulator.close();
  });

  async function listen(options: Partial<ReceiverOptions>): Promise<void> {
    const own = { protocol: 'tcp', host: '127.0.0.1', port: await freePort(), rfc: '5424' } as const;
    receiver = createReceiver({ ...own, ...options });
    port = (await receiver.start()).port;
  }

  async function run(options: Partial<TestDaemonOptions> = {}): Promise<void> {
    daemon = await startDaemon(emulator, { ...options, receiver: { port, ...options.receiver } });
  }

  function everythingArrived(): Promise<void> {
    return eventually(() => {
      const { sequence, malformed } = receiver.stats();
      expect(malformed).toBe(0);
      expect(sequence.unique).toBe(emulator.stats().logsGenerated);
    });
  }

  it.each([false, true])('follows splits and merges of shards under load (in order: %s)', async (inOrder) => {
    emulator.setRate({ logsPerSecond: 2_000 });
    await run({ group: { inOrder }, delivery: { strictOrder: true } });
    await eventually(() => expect(receiver.stats().sequence.unique).toBeGreaterThan(1_000));
    const [left] = emulator.split({ shard: 0 });
    await eventually(() => expect(receiver.stats().sequence.shards).toBeGreaterThanOrEqual(4));
    emulator.merge({ shard: left ?? -1 });
    await eventually(() => expect(receiver.stats().sequence.shards).toBe(5));
    emulator.setRate({ logsPerSecond: 0 });
    await everythingArrived();
    const { complete } = await daemon.drain(10_000);
    expect(complete).toBe(true);
    const { duplicate, outOfOrder, missing } = receiver.stats().sequence;
    expect({ duplicate, outOfOrder, missing }).toEqual({ duplicate: 0, outOfOrder: 0, missing: 0 });
  });

  it('loses nothing to a service that fails, resets and sends damaged answers', async () => {
    // Damage is rare: four times in a row would stop the shard, as it should.
    emulator.faults.set({
      rules: [
        { action: 'PullLogs', fault: { kind: 'error', status: 500 }, probability: 0.1 },
        { action: 'PullLogs', fault: { kind: 'reset' }, probability: 0.1 },
        { action: 'PullLogs', fault: { kind: 'corrupt-body' }, probability: 0.02 },
        { action: 'PullLogs', fault: { kind: 'cut-body' }, probability: 0.02 },
        { action: 'UpdateCheckPoint', fault: { kind: 'error', status: 503 }, probability: 0.3 },
        { action: 'HeartBeat', fault: { kind: 'error', status: 503 }, probability: 0.3 },
      ],
    });
    emulator.setRate({ logsPerSecond: 2_000 });
    await run({ delivery: { strictOrder: true } });
    await eventually(() => expect(receiver.stats().sequence.unique).toBeGreaterThan(6_000));
    emulator.setRate({ logsPerSecond: 0 });
    emulator.faults.clear();
    await everythingArrived();
    expect(receiver.stats().sequence.outOfOrder).toBe(0);
  });

  it('goes on after its receiver was away, with the unsent part again', async () => {
    emulator.setRate({ logsPerSecond: 2_000 });
    // No end of ours meets the receiver's, which would pass for its answer.
    await run({ delivery: { confirmIntervalMs: 60_000 } });
    await eventually(() => expect(receiver.stats().sequence.unique).toBeGreaterThan(1_000));
    // Ends its side of every connection after it has read what was there: nothing is lost in the kernels.
    await receiver.close();
    receiver = createReceiver({ protocol: 'tcp', host: '127.0.0.1', port, rfc: '5424' });
    await receiver.start();
    await eventually(() => expect(receiver.stats().sequence.unique).toBeGreaterThan(1_000));
    emulator.setRate({ logsPerSecond: 0 });
    // What was lost comes again: a drain in front of that is not complete.
    await everythingArrived();
    expect(daemon.logged.some((line) => line.includes('the connection to the receiver is lost'))).toBe(true);
    const { complete, fields } = await daemon.drain(5_000);
    expect(complete).toBe(true);
    expect(fields.reconnects).toBe(1);
  });

  it('starts at a time, and stops at one', async () => {
    emulator.append({ logs: 10_000, receivedOverMs: 100_000 });
    const now = Math.floor(Date.now() / 1000);
    await run({ group: { from: now - 60, until: now - 30 } });
    expect((await daemon.finished).complete).toBe(true);
    const { unique } = receiver.stats().sequence;
    // 30 of 100 seconds; groups of logs are received as one.
    expect(unique).toBeGreaterThan(2_500);
    expect(unique).toBeLessThan(3_500);
  });

  it.each(['octet-counting', 'lf'] as const)('writes RFC 3164 with %s', async (framing) => {
    await receiver.close();
    await listen({ rfc: '3164', framing });
    emulator.append({ logs: 2_000, profile: 'nasty' });
    await run({ message: { rfc: '3164', maxMessageBytes: 4 << 20 }, receiver: { port, framing } });
    await everythingArrived();
  });
});

describe('the daemon over UDP', () => {
  const { it, time } = useVirtualTime();

  // In virtual time: a machine that is busy drops what nobody reads in time, and nothing is wrong then.
  it('ships best effort, and cuts what no datagram holds', async () => {
    const place = createVirtualPlace(time);
    const emulator = place.createEmulator({ shards: 2 });
    let malformed = 0;
    const receiver = new CountingReceiver(time, place.net, 'udp', (message) => {
      if (!parse5424(message).isValid) malformed++;
    });
    const { port } = await receiver.start();
    emulator.setRate({ logsPerSecond: 500, profile: 'nasty' });
    const daemon = await place.startDaemon(emulator, { receiver: { port, protocol: 'udp', framing: 'datagram' } });
    await time.until(() => receiver.messages > 1_000);
    emulator.setRate({ logsPerSecond: 0 });
    await time.until(() => receiver.messages === emulator.stats().logsGenerated);
    expect(malformed).toBe(0);
    await daemon.drain(1_000);
  });
});
