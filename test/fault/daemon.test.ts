/**
 * Things that happen to the daemon: killed, ended in full flow, stopped for longer than the group waits, in virtual time;
 * and, as a real process, out of descriptors.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it as itReally } from 'vitest';
import { createChoices } from '../support/arbitraries/seed.ts';
import { groupTimeoutMs, startFaultRun } from '../support/daemons/fault-run.ts';
import { createScriptedReceiver, type ScriptedReceiver } from '../support/receivers/scripted-receiver.ts';
import { createVirtualPlace, type VirtualFaultRun, type VirtualPlace } from '../support/virtual/virtual-place.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';
import { waitUntil } from '../support/wait-until.ts';

const prlimit = '/usr/bin/prlimit';
const cannotLimit = !existsSync(prlimit) && !process.env.CI;
if (cannotLimit) console.warn(`SKIPPED: out of file descriptors: there is no ${prlimit} (Linux, util-linux)`);

describe('a daemon', () => {
  const { it, time } = useVirtualTime();
  let place: VirtualPlace;
  let receiver: ScriptedReceiver;
  let run: VirtualFaultRun;

  beforeEach(() =>
    time.run(async () => {
      place = createVirtualPlace(time);
      receiver = await place.createReceiver();
    }),
  );

  afterEach(() =>
    time.run(async () => {
      await run.close();
      await receiver.close();
    }),
  );

  const receiverArgs = () => ['--host', '127.0.0.1', '--port', String(receiver.port)];
  const owned = (name: string) =>
    run.emulator.stats().logstores[0]?.consumerGroups[0]?.consumers.find((each) => each.name === name)?.owned.length;

  it('killed at random moments, and restarted under its name: nothing is lost', async () => {
    const kills = 20;
    run = await place.startFaultRun({ arrivals: receiver, args: receiverArgs() });
    const choices = createChoices('daemon killed');
    for (let kill = 0; kill < kills; kill++) {
      await run.moreArrived(choices.between(1, 500));
      await time.sleep(choices.between(0, 300));
      await run.daemon.stop('SIGKILL');
      run.start('a');
    }
    await run.moreArrived(500);
    const { generated, received, duplicates, stepsBack, violations } = await run.settle();
    console.info(`${generated} logs, ${kills} kills, ${duplicates} duplicated`);
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(stepsBack).toBeLessThanOrEqual(kills);
    expect(await run.daemon.stop()).toBe(0);
  });

  it('ended by SIGTERM in full flow: exit code 0, and nothing lost or sent twice', async () => {
    run = await place.startFaultRun({ arrivals: receiver, args: receiverArgs() });
    const choices = createChoices('daemon ended');
    let daemon = run.daemon;
    for (let end = 0; end < 4; end++) {
      // Before that it may not listen to signals yet, and dies of one like any process.
      await daemon.waitForLog('shards assigned');
      await run.moreArrived(choices.between(1, 1_000));
      expect(await daemon.stop('SIGTERM')).toBe(0);
      daemon = run.start('a');
    }
    await run.moreArrived(500);
    const { generated, received, duplicates, violations } = await run.settle();
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(duplicates).toBe(0);
    expect(receiver.broken).toBe(0);
  });

  it('stopped for longer than the group’s timeout: fences itself, and the other’s checkpoints stand', async () => {
    // What it had handed to its kernel before, and what it writes before its timers run, comes late.
    run = await place.startFaultRun({
      arrivals: receiver,
      consumerNames: ['a'],
      args: receiverArgs(),
      allowsStale: true,
    });
    const stopped = run.daemon;
    await stopped.waitForLog('shards assigned');
    run.start('b');
    await time.poll(() => expect([owned('a'), owned('b')]).toEqual([2, 2]), 30_000);
    await run.moreArrived(2_000);

    stopped.pause();
    await time.poll(() => expect([owned('a'), owned('b')]).toEqual([undefined, 4]), 4 * groupTimeoutMs);
    await run.moreArrived(2_000);
    stopped.resume();
    const fenced = await stopped.waitForLog('no heartbeat was answered for the group’s timeout');
    expect(fenced.shards).toHaveLength(2);
    await time.poll(() => expect([owned('a'), owned('b')]).toEqual([2, 2]), 30_000);
    await run.moreArrived(2_000);

    const { generated, received, duplicates, violations } = await run.settle();
    console.info(`${generated} logs, stopped once, ${duplicates} duplicated`);
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
    expect(await stopped.stop()).toBe(0);
    expect(await run.daemon.stop()).toBe(0);
  });
});

itReally.skipIf(cannotLimit)(
  'a daemon out of file descriptors: says so, stays up, and goes on when it has some',
  async () => {
    const receiver = await createScriptedReceiver();
    const run = await startFaultRun({
      arrivals: receiver,
      args: ['--host', '127.0.0.1', '--port', String(receiver.port)],
    });
    try {
      const { pid } = run.daemon.child;
      const setLimit = (descriptors: number) =>
        execFileSync(prlimit, ['--pid', String(pid), `--nofile=${descriptors}:`], { stdio: 'inherit' });
      const reasons = () =>
        run.daemon
          .logged()
          .map(({ reason }) => reason)
          .join();
      await run.moreArrived(500);
      setLimit(3); // what is open stays open
      receiver.resetAll();
      await waitUntil(() => expect(reasons()).toContain('out of file descriptors; raise the limit'));
      setLimit(1_024);
      await run.moreArrived(1_000);

      setLimit(3);
      // Then there are no connections to the service either: no heartbeat goes out, and the shards have to be dropped.
      run.emulator.faults.set({ rules: [{ fault: { kind: 'reset' } }] });
      await run.daemon.waitForLog('no heartbeat was answered for the group’s timeout', 4 * groupTimeoutMs);
      run.emulator.faults.clear();
      await waitUntil(() => expect(reasons()).toContain('no file descriptor left for a connection; raise the limit'));
      expect(run.daemon.child.exitCode).toBeNull();
      setLimit(1_024);
      await run.moreArrived(2_000);
      const { generated, received, violations } = await run.settle();
      expect(violations).toEqual([]);
      expect(received).toBe(generated);
      expect(await run.daemon.stop()).toBe(0);
    } finally {
      await run.close();
      await receiver.close();
    }
  },
);
