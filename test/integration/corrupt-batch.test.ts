/** Batches that cannot be read: skipped, or a reason to stop, by the whole daemon in virtual time. */
import { afterEach, describe, expect } from 'vitest';
import type { DeliveryConfig } from '../../src/config/model/config.ts';
import { type DeadLetter, parseRecord } from '../../src/dead-letter/record.ts';
import type { Fault } from '../../src/emulator/emulator.ts';
import { SimulatedDisk } from '../simulation/disk.ts';
import type { TestDaemon } from '../support/daemons/daemon.ts';
import type { VirtualEmulator } from '../support/virtual/virtual-emulator.ts';
import { createVirtualPlace } from '../support/virtual/virtual-place.ts';
import { CountingReceiver } from '../support/virtual/virtual-receiver.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const damages: Fault[] = [
  { kind: 'cut-body' },
  { kind: 'corrupt-body' },
  { kind: 'wrong-raw-size', byBytes: 7 },
  { kind: 'wrong-raw-size', byBytes: 1 << 30 },
  { kind: 'garbage-protobuf' },
];

/** As the emulator makes them. */
const logsInGroup = 80;

describe('a batch that cannot be read', () => {
  const { it, time } = useVirtualTime();
  let emulator: VirtualEmulator;
  let receiver: CountingReceiver;
  let daemon: TestDaemon;
  let records: DeadLetter[];

  async function run(fault: Fault, delivery: Partial<DeliveryConfig>): Promise<void> {
    const place = createVirtualPlace(time);
    emulator = place.createEmulator({ shards: 1 });
    emulator.append({ logs: 500 });
    records = [];
    const disk = new SimulatedDisk((line) => {
      const record = parseRecord(line);
      if ('problem' in record) throw new Error(record.problem);
      records.push(record);
    });
    receiver = new CountingReceiver(time, place.net, 'tcp', () => undefined);
    const { port } = await receiver.start();
    emulator.faults.set({ rules: [{ action: 'PullLogs', fault }] });
    daemon = await place.startDaemon(emulator, { receiver: { port }, delivery }, disk);
  }

  afterEach(() => time.run(() => daemon.drain(1_000)));

  const generated = () => emulator.stats().logsGenerated;
  const checkpointed = () => emulator.stats().logstores[0]?.consumerGroups[0]?.checkpoints[0]?.sequence;
  const logged = (text: string) =>
    time.poll(() => expect(daemon.logged.filter((line) => line.includes(text))).toHaveLength(1), 600_000);

  it.each(damages)('is skipped where it may be, and said where it was ($kind $byBytes)', async (fault: Fault) => {
    const deadLetter = { path: '/dead.jsonl', maxBytes: 1 << 30, maxFiles: 5 };
    await run(fault, { onCorruptBatch: 'skip', deadLetter });
    await logged('a batch cannot be read and is skipped');
    emulator.faults.clear();
    emulator.append({ logs: 500 });
    await time.poll(() => expect(checkpointed()).toBe(generated()), 60_000);
    // One log group, and not a batch.
    expect(generated() - receiver.sequence.unique).toBeGreaterThan(0);
    expect(generated() - receiver.sequence.unique).toBeLessThanOrEqual(logsInGroup);
    const [record, ...others] = records;
    expect(others).toEqual([]);
    expect(record).toMatchObject({ project: 'demo', logstore: 'logs', shard: 0, index: 0 });
    const { complete, fields } = await daemon.drain(10_000);
    expect([complete, fields.batchesSkipped]).toEqual([true, 1]);
  });

  it.each(damages)('is waited for, as long as it is not to be skipped ($kind $byBytes)', async (fault: Fault) => {
    const deadLetter = { path: '/dead.jsonl', maxBytes: 1 << 30, maxFiles: 5 };
    await run(fault, { onCorruptBatch: 'stop', deadLetter });
    await logged('shard 0 stands still: its next batch cannot be read');
    await time.sleep(600_000);
    expect([checkpointed(), records]).toEqual([0, []]);
    emulator.faults.clear();
    await time.poll(() => expect(checkpointed()).toBe(generated()), 120_000);
    await logged('its batches can be read again');
    expect(receiver.sequence.unique).toBe(generated());
    expect((await daemon.drain(10_000)).complete).toBe(true);
  });

  it('ends in peace, and says that it is not complete, while it stands still', async () => {
    await run({ kind: 'cut-body' }, { onCorruptBatch: 'stop' });
    await logged('shard 0 stands still: its next batch cannot be read');
    expect((await daemon.drain(10_000)).complete).toBe(false);
  });
});
