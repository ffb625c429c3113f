/** A dead-letter file that the kernel refuses to write, under the real daemon: it waits, and loses nothing. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deadLetterArrivals } from '../support/daemons/dead-letters.ts';
import { type FaultRun, startFaultRun } from '../support/daemons/fault-run.ts';
import {
  missingFileLimit,
  missingFullDisk,
  type ScarceDisk,
  startFileLimit,
  startFullDisk,
} from '../support/daemons/scarce-disk.ts';
import type { Arrival, Arrivals } from '../support/receivers/arrivals.ts';
import { createScriptedReceiver, type ScriptedReceiver } from '../support/receivers/scripted-receiver.ts';

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

  /** Until it is met. */
  async function exhaust(): Promise<void> {
    await run.daemon.waitForLog('shards assigned');
    await run.moreArrived(200);
    await disk.exhaust(pid());
    const line = await run.daemon.waitForLog('cannot be written', 40_000);
    expect(line).toMatchObject({ level: 'error', file: disk.file, errno });
    expect(Date.parse(String(line.since))).toBeGreaterThan(0);
  }

  async function expectEverything(): Promise<void> {
    const { violations, generated } = await run.settle(60_000);
    expect(violations).toEqual([]);
    // What was seen in between may have been taken back: this is what is there at the end, every line of it whole.
    const there = new Set([...received, ...(await deadLetters.all())].map(({ shard, number }) => `${shard}-${number}`));
    expect(there.size).toBe(generated);
  }

  it('is said once; when there is room, all goes on', async () => {
    await exhaust();
    await disk.relieve(pid());
    await run.daemon.waitForLog('dead letters can be written again', 60_000);
    const told = run.daemon.logged().filter(({ msg }) => String(msg).includes('cannot be written'));
    expect(told).toHaveLength(1);
    await run.moreArrived(500);
    await expectEverything();
    expect(await run.daemon.stop()).toBe(0);
  }, 180_000);
});
