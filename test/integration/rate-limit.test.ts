/**
 * The daemon with `--max-rate` and `--max-bandwidth`, against a backlog that it could ship many times faster. In virtual
 * time, in which a rate is what it is.
 */
import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { DeliveryConfig } from '../../src/config/model/config.ts';
import type { ReceiverConfig } from '../../src/config/model/receivers.ts';
import type { TestDaemon } from '../support/daemons/daemon.ts';
import type { VirtualEmulator } from '../support/virtual/virtual-emulator.ts';
import { createVirtualPlace, type VirtualPlace } from '../support/virtual/virtual-place.ts';
import { CountingReceiver } from '../support/virtual/virtual-receiver.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

interface RunOptions {
  readonly receiver?: Partial<ReceiverConfig>;
  readonly delivery: Partial<DeliveryConfig>;
}

const shards = 4;
const windowMs = 100;

describe('a rate limit', () => {
  const { it, time } = useVirtualTime();
  let place: VirtualPlace;
  let emulator: VirtualEmulator;
  let receiver: CountingReceiver;
  let daemon: TestDaemon;
  /** Of each 100 ms since the first message. */
  let messages: number[];
  let bytes: number[];
  let byShard: Map<string, number>;

  beforeEach(() => {
    place = createVirtualPlace(time);
    emulator = place.createEmulator({ shards });
    emulator.append({ logs: 40_000 });
    messages = [];
    bytes = [];
    byShard = new Map();
  });

  afterEach(() => time.run(() => daemon.drain(100)));

  async function run(options: RunOptions, protocol: 'tcp' | 'udp' = 'tcp'): Promise<void> {
    let firstAtMs: number | undefined;
    receiver = new CountingReceiver(time, place.net, protocol, (message) => {
      const nowMs = time.clock.monotonic();
      firstAtMs ??= nowMs;
      const window = Math.floor((nowMs - firstAtMs) / windowMs);
      messages[window] = (messages[window] ?? 0) + 1;
      bytes[window] = (bytes[window] ?? 0) + message.length;
      const shard = /seq=(\d+)-\d+$/.exec(message.toString('latin1'))?.[1] ?? 'none';
      byShard.set(shard, (byShard.get(shard) ?? 0) + 1);
    });
    const { port } = await receiver.start();
    const framing = protocol === 'udp' ? 'datagram' : 'octet-counting';
    daemon = await place.startDaemon(emulator, {
      ...options,
      receiver: { port, protocol, framing, ...options.receiver },
    });
  }

  /** After the first messages: pulls begin small, and connections have to be made. */
  function windowsFrom(counts: readonly number[], first: number, count: number): number[] {
    return Array.from({ length: count }, (_, index) => counts[first + index] ?? 0);
  }

  const arrived = (windows: number) => time.until(() => messages.length > windows, 20_000);

  function expectNeverAbove(counts: readonly number[], perSecond: number, perChunk: number): void {
    for (let from = 0; from < counts.length; from++) {
      let sum = 0;
      for (let to = from; to < counts.length; to++) {
        sum += counts[to] ?? 0;
        // Half a window more: what has waited for a connection to be replaced goes out together, a chunk of each shard.
        const stretchMs = (to - from + 1.5) * windowMs;
        expect(sum).toBeLessThanOrEqual((perSecond * (stretchMs + 80)) / 1000 + perChunk);
      }
    }
  }

  it('is kept smoothly, reached, and shared fairly; a drain is prompt and complete', async () => {
    const perSecond = 2_000;
    await run({ delivery: { maxMessagesPerSecond: perSecond, confirmIntervalMs: 500, strictOrder: true } });
    await arrived(40);
    const counts = windowsFrom(messages, 0, 40);
    expectNeverAbove(counts, perSecond, 40);
    const total = windowsFrom(messages, 10, 30).reduce((sum, each) => sum + each, 0);
    expect(total).toBeGreaterThan(3 * perSecond * 0.8);
    const shares = [...byShard.values()];
    expect(shares).toHaveLength(shards);
    expect(Math.min(...shares) / Math.max(...shares)).toBeGreaterThan(0.6);

    const startMs = time.clock.monotonic();
    const { complete } = await daemon.drain(10_000);
    expect(complete).toBe(true);
    expect(time.clock.monotonic() - startMs).toBeLessThan(5_000);
    const { duplicate, missing, outOfOrder, unique } = receiver.sequence;
    expect({ duplicate, missing, outOfOrder }).toEqual({ duplicate: 0, missing: 0, outOfOrder: 0 });
    const checkpoints = emulator.stats().logstores[0]?.consumerGroups[0]?.checkpoints ?? [];
    expect(checkpoints.reduce((sum, { sequence }) => sum + sequence, 0)).toBe(unique);
  });

  it('of bytes is kept and reached', async () => {
    const perSecond = 600_000;
    await run({ delivery: { maxBytesPerSecond: perSecond } });
    await arrived(30);
    // What the framing adds is counted by the limit and not by the receiver; a chunk may end over its 12,000 bytes.
    expectNeverAbove(windowsFrom(bytes, 0, 30), perSecond, 14_000);
    const total = windowsFrom(bytes, 10, 20).reduce((sum, each) => sum + each, 0);
    expect(total).toBeGreaterThan(2 * perSecond * 0.8);
  });

  it('paces datagrams too', async () => {
    const perSecond = 1_000;
    await run({ delivery: { maxMessagesPerSecond: perSecond } }, 'udp');
    await arrived(30);
    expectNeverAbove(windowsFrom(messages, 0, 30), perSecond, 20);
    expect(windowsFrom(messages, 10, 20).reduce((sum, each) => sum + each, 0)).toBeGreaterThan(2 * perSecond * 0.8);
    expect(receiver.sequence.missing).toBe(0);
  });

  it('is not taken for a receiver that has stalled, and delays no heartbeat', async () => {
    await run({ receiver: { timeoutMs: 250 }, delivery: { confirm: 'off', maxMessagesPerSecond: 2 } });
    const beatsBefore = heartbeats();
    await time.until(() => receiver.messages > 5, 10_000);
    expect(heartbeats() - beatsBefore).toBeGreaterThanOrEqual(2);
    expect(daemon.logged.filter((line) => line.includes('lost'))).toEqual([]);
    expect(receiver.connections).toBe(1);
  });

  it('holds up neither a drain’s deadline nor a stop', async () => {
    await run({ delivery: { maxMessagesPerSecond: 5 } });
    await time.until(() => receiver.messages > 2, 10_000);
    const startMs = time.clock.monotonic();
    const { complete } = await daemon.drain(1_500);
    expect(complete).toBe(false); // what is under way would take a minute
    expect(time.clock.monotonic() - startMs).toBeLessThan(4_000);
    const atEnd = receiver.messages;
    await time.sleep(500);
    expect(receiver.messages).toBe(atEnd);
  });

  function heartbeats(): number {
    const { requests } = emulator.stats();
    return Object.entries(requests).reduce((sum, [name, count]) => sum + (/heartbeat/i.test(name) ? count : 0), 0);
  }
});
