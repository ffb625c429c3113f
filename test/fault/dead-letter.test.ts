/** A dead-letter file that the kernel refuses to write, under the real daemon: it waits, and loses nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Arrival, Arrivals } from '../support/arrivals.ts';
import { deadLetterArrivals } from '../support/dead-letters.ts';
import { type FaultRun, groupTimeoutMs, startFaultRun } from '../support/fault-run.ts';
import {
  missingFileLimit,
  missingFullDisk,
  type ScarceDisk,
  startFileLimit,
  startFullDisk,
} from '../support/scarce-disk.ts';
import { createScriptedReceiver, type ScriptedReceiver } from '../support/scripted-receiver.ts';
import { waitUntil } from '../support/wait-until.ts';

const shards = 4;
const kinds = [
  ['a full disk', 'ENOSPC', startFullDisk, await missingFullDisk()],
  ['a limit of the process', 'EFBIG', startFileLimit, missingFileLimit()],
] as const;

describe.each(kinds)('%s (%s), met by the dead-letter file', (name, errno, startDisk, missing) => {
  if (missing) console.warn(`SKIPPED: dead letters and ${name}: ${missing}`);
  let disk: ScarceDisk;
  let receiver: ScriptedReceiver;
  let received: Arrival[];
  let deadLetters: ReturnType<typeof deadLetterArrivals>;
  let run: FaultRun;

  beforeEach(async (context) => {
    if (missing) return context.skip(missing);
    disk = await startDisk();
    receiver = await createScriptedReceiver();
    deadLetters = deadLetterArrivals(disk.file);
    received = [];
    const arrivals: Arrivals = {
      next: async () => {
        const kept = await deadLetters.next();
        const taken = await receiver.next();
        received.push(...taken);
        return [...kept, ...taken];
      },
    };
    run = await startFaultRun({
      logsPerSecond: 600,
      shards,
      arrivals,
      allowsMixing: true, // two places, which are looked at one after the other
      args: [
        ...['--host', '127.0.0.1', '--port', String(receiver.port)],
        ...['--max-message-bytes', '680B', '--oversize', 'dead-letter'],
        ...['--dead-letter', disk.file, '--dead-letter-max-size', '1GiB'],
      ],
    });
  });

  afterEach(async () => {
    if (missing) return;
    await run.close();
    await receiver.close();
    await disk.dispose();
  });

  const pid = () => run.daemon.child.pid ?? 0;
  const group = () => run.emulator.stats().logstores[0]?.consumerGroups[0];
  const checkpoints = () => group()?.checkpoints.map(({ sequence }) => sequence);

  /** Until every shard has met it: nothing moves any more. */
  async function exhaust(): Promise<void> {
    await run.daemon.waitForLog('shards assigned');
    await run.moreArrived(200);
    await disk.exhaust(pid());
    const line = await run.daemon.waitForLog('cannot be written', 40_000);
    expect(line).toMatchObject({ level: 'error', file: disk.file, errno });
    expect(Date.parse(String(line.since))).toBeGreaterThan(0);
    let before: unknown;
    await waitUntil(
      () => {
        const now = checkpoints();
        const isStill = JSON.stringify(now) === JSON.stringify(before);
        before = now;
        if (!isStill) throw new Error(`checkpoints still move: ${JSON.stringify(now)}`);
      },
      { timeoutMs: 60_000, intervalMs: 5_500 }, // longer than the pause between two tries: a small log may still fit
    );
  }

  async function expectEverything(): Promise<void> {
    const { violations, generated } = await run.settle(60_000);
    expect(violations).toEqual([]);
    // What was seen in between may have been taken back: this is what is there at the end, every line of it whole.
    const there = new Set([...received, ...(await deadLetters.all())].map(({ shard, number }) => `${shard}-${number}`));
    expect(there.size).toBe(generated);
  }

  it('its shards wait and keep their leases; when there is room, all goes on', async () => {
    await exhaust();
    const held = checkpoints();
    await sleep(groupTimeoutMs + 1_000);
    expect(checkpoints()).toEqual(held);
    expect(group()?.consumers.map(({ owned }) => owned.length)).toEqual([shards]);
    const told = run.daemon.logged().filter(({ msg }) => String(msg).includes('cannot be written'));
    expect(told).toHaveLength(1);

    await disk.relieve(pid());
    await run.daemon.waitForLog('dead letters can be written again', 30_000);
    await run.moreArrived(500);
    await expectEverything();
    expect(await run.daemon.stop()).toBe(0);
  }, 180_000);

  it('SIGTERM ends it in time, and its successor loses nothing', async () => {
    await exhaust();
    const startMs = performance.now();
    expect(await run.daemon.stop('SIGTERM')).toBe(1);
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect(run.daemon.logged().at(-1)?.msg).toContain('not everything pulled is');
    await disk.relieve(pid()).catch(() => undefined); // a process that has ended has no limit
    run.start('a');
    await run.moreArrived(500);
    await expectEverything();
    expect(await run.daemon.stop()).toBe(0);
  }, 180_000);
});
