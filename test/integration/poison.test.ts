/** A message over which the receiver breaks each connection: its shard waits, or the log is set aside; nobody else waits. */
import { afterEach, describe, expect } from 'vitest';
import type { DeliveryConfig, MessageConfig } from '../../src/config/model/config.ts';
import { type DeadLetter, parseRecord } from '../../src/dead-letter/record.ts';
import { SimulatedDisk } from '../simulation/disk.ts';
import type { TestDaemon } from '../support/daemons/daemon.ts';
import type { VirtualEmulator } from '../support/virtual/virtual-emulator.ts';
import { createVirtualPlace } from '../support/virtual/virtual-place.ts';
import { CountingReceiver } from '../support/virtual/virtual-receiver.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const shards = 4;
const logsAShard = 500;
const tenMinutesMs = 600_000;

describe('a message over which the receiver breaks the connection', () => {
  const { it, time } = useVirtualTime();
  let emulator: VirtualEmulator;
  let receiver: CountingReceiver;
  let daemon: TestDaemon;
  let records: DeadLetter[];
  let messages: string[];

  async function run(
    poison: string,
    delivery: Partial<DeliveryConfig> = {},
    message: Partial<MessageConfig> = {},
  ): Promise<void> {
    const place = createVirtualPlace(time);
    emulator = place.createEmulator({ shards });
    emulator.append({ logs: shards * logsAShard });
    records = [];
    messages = [];
    const disk = new SimulatedDisk((line) => {
      const record = parseRecord(line);
      if ('problem' in record) throw new Error(record.problem);
      records.push(record);
    });
    receiver = new CountingReceiver(time, place.net, 'tcp', (text) => messages.push(text.toString()));
    receiver.breaksAt = (text) => text.includes(poison);
    const { port } = await receiver.start();
    daemon = await place.startDaemon(emulator, { receiver: { port }, delivery, message }, disk);
  }

  afterEach(() => time.run(() => daemon.drain(1_000)));

  const checkpoints = () =>
    (emulator.stats().logstores[0]?.consumerGroups[0]?.checkpoints ?? []).map(({ sequence }) => sequence);
  const lines = (text: string) => daemon.logged.filter((line) => line.includes(text));
  const logged = (text: string) => time.poll(() => expect(lines(text)).toHaveLength(1), tenMinutesMs);

  it('keeps its own shard waiting, which is told with size and place; it goes on when the receiver takes it', async () => {
    await run('seq=1-37');
    await logged('shard 1 stands still: the receiver breaks the connection over one message');
    const line = daemon.lines.find(({ msg }) => String(msg).includes('stands still'));
    expect(line).toMatchObject({ shard: 1, cursor: expect.any(String), index: 37, bytes: expect.any(Number) });
    expect(line?.msg).toContain(`one message of ${line?.bytes} bytes`);
    expect(line?.msg).toContain('--max-message-bytes');
    await time.poll(() => expect(checkpoints().toSorted()).toEqual([0, logsAShard, logsAShard, logsAShard]), 60_000);
    const before = receiver.messages;
    const connectionsBefore = receiver.connections;
    await time.sleep(tenMinutesMs);
    // Once a minute at last: nothing of what was read is sent again.
    expect(receiver.messages).toBe(before);
    expect(receiver.connections - connectionsBefore).toBeLessThan(400);
    expect(lines('stands still')).toHaveLength(1);
    receiver.breaksAt = undefined;
    await time.poll(() => expect(checkpoints()).toEqual(Array(shards).fill(logsAShard)), 120_000);
    expect(receiver.sequence).toMatchObject({ unique: shards * logsAShard, missing: 0 });
    expect(records).toEqual([]);
    expect((await daemon.drain(10_000)).complete).toBe(true);
  });

  it('goes to the dead letters after ten minutes, where that is wanted, and its shard goes on', async () => {
    const deadLetter = { path: '/dead.jsonl', maxBytes: 1 << 30, maxFiles: 5 };
    await run('seq=2-123', { onPoison: 'dead-letter', poisonPatienceMs: tenMinutesMs, deadLetter });
    await logged('shard 2 stands still');
    await time.sleep(tenMinutesMs - 60_000);
    expect(records).toEqual([]);
    await logged('shard 2: the receiver does not take a log');
    await time.poll(() => expect(checkpoints()).toEqual(Array(shards).fill(logsAShard)), 120_000);
    const [record, ...others] = records;
    expect(others).toEqual([]);
    expect(record).toMatchObject({ project: 'demo', logstore: 'logs', shard: 2, index: 123, reason: 'poison' });
    expect(Buffer.from((record as { log: string }).log, 'base64').toString('latin1')).toContain('2-123');
    expect(receiver.sequence.unique).toBe(shards * logsAShard - 1);
    const { complete, fields } = await daemon.drain(10_000);
    expect([complete, fields.deadLettered, fields.confirmed]).toEqual([true, 1, shards * logsAShard - 1]);
  });

  it('is found where the receiver is slow to read it, and ends its side in peace then, as if it answered', async () => {
    const deadLetter = { path: '/dead.jsonl', maxBytes: 1 << 30, maxFiles: 5 };
    await run('seq=2-123', { onPoison: 'dead-letter', poisonPatienceMs: 5_000, deadLetter });
    // It is looked for by then, and answers take as long.
    await logged('connections break before what they carried is confirmed');
    receiver.endsAfterMs = 300;
    await time.poll(() => expect(checkpoints()).toEqual(Array(shards).fill(logsAShard)), tenMinutesMs);
    expect(records.map((record) => [record.shard, record.index])).toEqual([[2, 123]]);
    expect(receiver.sequence.unique).toBe(shards * logsAShard - 1);
  });

  it('is found in every shard, and with more than one in a shard', async () => {
    const deadLetter = { path: '/dead.jsonl', maxBytes: 1 << 30, maxFiles: 5 };
    await run('-77 ', { onPoison: 'dead-letter', poisonPatienceMs: 5_000, deadLetter });
    receiver.breaksAt = (message) => /seq=\d-(?:77|78|300)\b/.test(message.toString());
    await time.poll(() => expect(checkpoints()).toEqual(Array(shards).fill(logsAShard)), tenMinutesMs);
    expect(records.map((record) => [record.shard, record.index]).toSorted()).toEqual(
      Array.from({ length: shards }, (_, shard) => [77, 78, 300].map((index) => [shard, index]))
        .flat()
        .toSorted(),
    );
    expect(receiver.sequence.unique).toBe(shards * (logsAShard - 3));
    // Each shard is in order, though some logs came twice.
    for (let shard = 0; shard < shards; shard++) {
      const seen = new Set<number>();
      for (const message of messages) {
        const [, number] = new RegExp(`seq=${shard}-(\\d+)`).exec(message) ?? [];
        if (number === undefined || seen.has(Number(number))) continue;
        expect(Math.max(-1, ...seen)).toBeLessThan(Number(number));
        seen.add(Number(number));
      }
    }
  });

  it('is not found where the receiver breaks empty connections as well: it is broken, and no message is to blame', async () => {
    const deadLetter = { path: '/dead.jsonl', maxBytes: 1 << 30, maxFiles: 5 };
    await run('seq=1-37', { onPoison: 'dead-letter', poisonPatienceMs: 1_000, deadLetter });
    receiver.breaksAtEnd = true;
    await time.sleep(tenMinutesMs);
    expect([lines('stands still'), records]).toEqual([[], []]);
    receiver.breaksAt = undefined;
    receiver.breaksAtEnd = false;
    await time.poll(() => expect(checkpoints()).toEqual(Array(shards).fill(logsAShard)), 120_000);
    expect(receiver.sequence).toMatchObject({ unique: shards * logsAShard, missing: 0 });
  });

  it('is not found where the receiver is silent behind a message: that may only be slow', async () => {
    await run('nothing', {
      onPoison: 'dead-letter',
      poisonPatienceMs: 1_000,
      deadLetter: { path: '/dead.jsonl', maxBytes: 1 << 30, maxFiles: 5 },
      confirmTimeoutMs: 1_000,
    });
    receiver.stallsAt = (text) => /seq=1-37\b/.test(text.toString());
    await time.sleep(tenMinutesMs);
    expect([lines('stands still: the receiver'), records]).toEqual([[], []]);
    receiver.stallsAt = undefined;
    await time.poll(() => expect(checkpoints()).toEqual(Array(shards).fill(logsAShard)), 3 * tenMinutesMs);
    expect(receiver.sequence).toMatchObject({ unique: shards * logsAShard, missing: 0 });
  });

  it('is set aside beside logs behind it that are too long: each is in the file, and counted once', async () => {
    const deadLetter = { path: '/dead.jsonl', maxBytes: 1 << 30, maxFiles: 5 };
    const few = { onPoison: 'dead-letter', poisonPatienceMs: 1_000, deadLetter } as const;
    await run('seq=3-4', few, { oversize: 'dead-letter', maxMessageBytes: 700 });
    await time.poll(() => expect(checkpoints()).toEqual(Array(shards).fill(logsAShard)), tenMinutesMs);
    const poisoned = records.filter(({ reason }) => reason === 'poison');
    expect(poisoned.length).toBeGreaterThan(0);
    expect(records.length).toBeGreaterThan(poisoned.length);
    const numbers = new Set(records.map((record) => `${record.shard} ${record.index} ${record.cursor}`));
    expect(receiver.sequence.unique + numbers.size).toBe(shards * logsAShard);
    const { complete, fields } = await daemon.drain(10_000);
    expect(complete).toBe(true);
    // A batch that was sent again counts again, in the file and here.
    expect(fields.deadLettered).toBe(records.length);
  });
});
