/**
 * Two processes under one consumer name: noticed by both. And nothing else that happens to processes looks like it. The
 * whole program in virtual time.
 */
import { describe, expect } from 'vitest';
import { groupTimeoutMs, namesakeText } from '../support/daemons/fault-run.ts';
import type { VirtualCli } from '../support/virtual/virtual-cli.ts';
import { useVirtualFaultRun } from '../support/virtual/virtual-fault-scope.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

const shards = 6;
const heartbeatIntervalMs = groupTimeoutMs / 3;
/** Two sightings after the time in which nothing is judged; one in two is the other's, which is chance. */
const noticedWithinMs = 10 * (groupTimeoutMs + 4 * heartbeatIntervalMs);

describe('processes of one consumer group', () => {
  const { it, time } = useVirtualTime();
  // Two senders of one shard: what one repeats the other has checkpointed.
  const rules = { shards, consumerNames: [], allowsStale: true };
  const scope = useVirtualFaultRun(time, { ...rules, logsPerSecond: 300, arrivedLogs: 0 });

  const reports = (daemon: VirtualCli) => daemon.logged().filter(({ msg }) => String(msg).includes(namesakeText));
  const owned = () =>
    scope.run.emulator
      .stats()
      .logstores[0]?.consumerGroups[0]?.consumers.map(({ name, owned }) => [name, owned.length]);

  it('two under one name: each says so, once, and delivers everything; the third, with its own, says nothing', async () => {
    const [one, other, third] = ['a', 'a', 'b'].map((name) => scope.run.start(name)) as [
      VirtualCli,
      VirtualCli,
      VirtualCli,
    ];
    await time.poll(() => {
      for (const daemon of [one, other]) expect(reports(daemon)).toHaveLength(1);
    }, noticedWithinMs);
    await time.sleep(2 * (groupTimeoutMs + heartbeatIntervalMs)); // said once
    for (const daemon of [one, other]) {
      expect(reports(daemon)).toEqual([expect.objectContaining({ level: 'error', consumer: 'a' })]);
      expect(reports(daemon)[0]?.msg).toContain('--consumer-name');
      expect(await time.isPending(daemon.exited)).toBe(true);
    }
    expect(reports(third)).toEqual([]);
    scope.run.emulator.setRate({ logsPerSecond: 0 });
    const everything = scope.run.emulator.stats().logsGenerated;
    await time.poll(() => expect(scope.run.invariant.findings.received).toBe(everything), 30_000);
    expect(scope.run.invariant.findings).toMatchObject({ lost: 0 });
    expect(scope.run.invariant.findings.duplicates).toBeGreaterThan(0);
  });

  it('three with names of their own say nothing: killed, restarted, stopped, frozen, with a service that fails', async () => {
    let [a, b, c] = ['a', 'b', 'c'].map((name) => scope.run.start(name)) as [VirtualCli, VirtualCli, VirtualCli];
    const faults = scope.run.emulator.faults;
    const settled = () =>
      time.poll(() => {
        expect(owned()?.sort()).toEqual([
          ['a', 2],
          ['b', 2],
          ['c', 2],
        ]);
      });
    await settled();
    await time.sleep(groupTimeoutMs + 2 * heartbeatIntervalMs);

    // Its last saves arrive when its successor has looked, and stand there until the successor's succeed.
    const slow = { kind: 'latency', delayMs: groupTimeoutMs + heartbeatIntervalMs } as const;
    faults.set({ rules: [{ action: 'UpdateCheckPoint', fault: slow, times: shards }] });
    await time.poll(() => expect(faults.injected.latency).toBe(shards));
    await a.stop('SIGKILL');
    a = scope.run.start('a');
    await a.waitForLog('shards assigned');
    faults.set({ rules: [{ action: 'UpdateCheckPoint', fault: { kind: 'error', status: 500 } }] });
    await time.sleep(slow.delayMs + 3 * heartbeatIntervalMs);
    faults.clear();
    await scope.run.moreArrived(1_000);

    // Saved, and never answered; refused; slow.
    for (const fault of [
      { kind: 'lost-answer' },
      { kind: 'error', status: 500 },
      { kind: 'latency', delayMs: 700 },
    ] as const) {
      faults.set({ rules: [{ fault, probability: 0.4 }] });
      await time.sleep(2 * heartbeatIntervalMs);
      faults.clear();
    }

    // Its shards go to the others, and come back with those of one that ends in peace.
    b.pause();
    await time.poll(() => expect(owned()?.some(([name]) => name === 'b')).toBe(false), 30_000);
    b.resume();
    await settled();
    expect(await c.stop()).toBe(0);
    c = scope.run.start('c');
    await settled();
    await time.sleep(groupTimeoutMs + 2 * heartbeatIntervalMs);

    // The saves that came late took checkpoints back, as their sender was gone: that repeats logs, and loses none.
    const { generated, received, lost } = await scope.run.settle(); // looks for reports, too
    expect(lost).toBe(0);
    expect(received).toBe(generated);
    for (const daemon of [a, b, c]) expect(await daemon.stop()).toBe(0);
  }, 180_000);
});
