/**
 * A dead-letter file that the disk refuses to write, under the whole program in virtual time: it waits, and loses nothing.
 * Over the kernel's own refusals: dead-letter-real.test.ts.
 */
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { parseRecord } from '../../src/dead-letter/record.ts';
import { SimulatedDisk } from '../simulation/disk.ts';
import { numbersOf } from '../support/daemons/dead-letters.ts';
import { groupTimeoutMs } from '../support/daemons/fault-run.ts';
import type { Arrival, Arrivals } from '../support/receivers/arrivals.ts';
import type { ScriptedReceiver } from '../support/receivers/scripted-receiver.ts';
import { createVirtualPlace, type VirtualFaultRun } from '../support/virtual/virtual-place.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const shards = 4;
const file = '/dead-letters.jsonl';

describe('a full disk, met by the dead-letter file', () => {
  const { it, time } = useVirtualTime();
  let disk: SimulatedDisk;
  let receiver: ScriptedReceiver;
  /** Received, or synced to the disk. */
  let there: Set<string>;
  let run: VirtualFaultRun;

  beforeEach(() =>
    time.run(async () => {
      const place = createVirtualPlace(time);
      let kept: Arrival[] = [];
      disk = new SimulatedDisk((line) => {
        const record = parseRecord(line);
        if ('problem' in record) throw new Error(`${record.problem}: ${line}`);
        kept.push(...numbersOf([record]));
      });
      receiver = await place.createReceiver();
      there = new Set();
      const arrivals: Arrivals = {
        next: async () => {
          const fresh = [...kept, ...(await receiver.next())];
          kept = [];
          for (const { shard, number } of fresh) there.add(`${shard}-${number}`);
          return fresh;
        },
      };
      run = await place.startFaultRun({
        logsPerSecond: 600,
        shards,
        arrivals,
        disk,
        allowsMixing: true, // two places, which are looked at one after the other
        args: [
          ...['--host', '127.0.0.1', '--port', String(receiver.port)],
          ...['--max-message-bytes', '680B', '--oversize', 'dead-letter'],
          ...['--dead-letter', file, '--dead-letter-max-size', '1GiB'],
        ],
      });
    }),
  );

  afterEach(() =>
    time.run(async () => {
      await run.close();
      await receiver.close();
    }),
  );

  const group = () => run.emulator.stats().logstores[0]?.consumerGroups[0];
  const checkpoints = () => group()?.checkpoints.map(({ sequence }) => sequence);

  /** Until every shard has met it: nothing moves any more. */
  async function exhaust(): Promise<void> {
    await run.daemon.waitForLog('shards assigned');
    await run.moreArrived(200);
    disk.state = 'full';
    const line = await run.daemon.waitForLog('cannot be written', 40_000);
    expect(line).toMatchObject({ level: 'error', file, errno: 'ENOSPC' });
    expect(Date.parse(String(line.since))).toBeGreaterThan(0);
    let before: unknown;
    const isStill = () => {
      const now = checkpoints();
      if (JSON.stringify(now) === JSON.stringify(before)) return;
      before = now;
      throw new Error(`checkpoints still move: ${JSON.stringify(now)}`);
    };
    await time.poll(isStill, 60_000, 5_500); // longer than the pause between two tries: a small log may still fit
  }

  async function expectEverything(): Promise<void> {
    const { violations, generated } = await run.settle(60_000);
    expect(violations).toEqual([]);
    expect(there.size).toBe(generated);
  }

  it('its shards wait and keep their leases; when there is room, all goes on', async () => {
    await exhaust();
    const held = checkpoints();
    await time.sleep(groupTimeoutMs + 1_000);
    expect(checkpoints()).toEqual(held);
    expect(group()?.consumers.map(({ owned }) => owned.length)).toEqual([shards]);
    const told = run.daemon.logged().filter(({ msg }) => String(msg).includes('cannot be written'));
    expect(told).toHaveLength(1);

    disk.state = 'well';
    await run.daemon.waitForLog('dead letters can be written again', 30_000);
    await run.moreArrived(500);
    await expectEverything();
    expect(await run.daemon.stop()).toBe(0);
  }, 180_000);

  it('SIGTERM ends it in time, and its successor loses nothing', async () => {
    await exhaust();
    const startMs = time.clock.monotonic();
    expect(await run.daemon.stop('SIGTERM')).toBe(1);
    expect(time.clock.monotonic() - startMs).toBeLessThan(15_000);
    expect(run.daemon.logged().at(-1)?.msg).toContain('not everything pulled is');
    disk.state = 'well';
    run.start('a');
    await run.moreArrived(500);
    await expectEverything();
    expect(await run.daemon.stop()).toBe(0);
  }, 180_000);
});
