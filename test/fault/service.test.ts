/** A log service that fails: answers, bodies, heartbeats, checkpoints, shards, credentials. In virtual time. */
import { describe, expect } from 'vitest';
import type { Fault, FaultRule } from '../../src/emulator/emulator.ts';
import { groupTimeoutMs } from '../support/daemons/fault-run.ts';
import { useVirtualFaultRun } from '../support/virtual/virtual-fault-scope.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

describe('a log service that', () => {
  const { it, time } = useVirtualTime();
  const scope = useVirtualFaultRun(time);

  const faults = () => scope.run.emulator.faults;
  const injected = (kind: string) => faults().injected[kind] ?? 0;
  const injectedAtLeast = (kind: string, count: number) => time.until(() => injected(kind) >= count, 20_000);
  const burst = (fault: Fault, rule: Omit<FaultRule, 'fault'>) => faults().set({ rules: [{ ...rule, fault }] });

  async function expectEverything() {
    const findings = await scope.run.settle();
    expect(findings.violations).toEqual([]);
    expect(findings.received).toBe(findings.generated);
    return findings;
  }

  it.each<[string, Fault]>([
    ['answers 500', { kind: 'error', status: 500 }],
    ['answers 503', { kind: 'error', status: 503, code: 'ServerBusy' }],
    ['resets before the answer', { kind: 'reset' }],
    ['carries requests out and resets', { kind: 'lost-answer' }],
    ['is slow by 400 ms', { kind: 'latency', delayMs: 400 }],
  ])('%s, half of all requests for a while: nothing is lost or sent twice', async (_, fault) => {
    burst(fault, { probability: 0.5 });
    await injectedAtLeast(fault.kind, 12);
    faults().clear();
    await scope.run.moreArrived(500);
    expect((await expectEverything()).duplicates).toBe(0);
    expect(await scope.run.daemon.stop()).toBe(0);
  });

  it.each<Fault>([
    { kind: 'reset-in-body' },
    { kind: 'cut-body' },
    { kind: 'corrupt-body' },
    { kind: 'wrong-raw-size', byBytes: -7 },
    { kind: 'wrong-raw-size', byBytes: 7 },
    { kind: 'garbage-protobuf' },
  ])('sends bad bodies, three times two ($kind): pulled again, nothing is lost', async (fault) => {
    for (let round = 1; round <= 3; round++) {
      const before = injected(fault.kind);
      burst(fault, { action: 'PullLogs', times: 2 });
      await injectedAtLeast(fault.kind, before + 2);
      await scope.run.moreArrived(300);
    }
    await expectEverything();
    expect(await scope.run.daemon.stop()).toBe(0);
  });

  it('refuses heartbeats for less than the group’s timeout: nothing happens', async () => {
    faults().set({ heartbeatsRefused: true });
    await injectedAtLeast('heartbeat-refused', 2);
    faults().clear();
    await scope.run.daemon.waitForLog('heartbeat answered again');
    await scope.run.moreArrived(500);
    expect((await expectEverything()).duplicates).toBe(0);
    expect(scope.run.daemon.logged().some(({ msg }) => String(msg).includes('no heartbeat was answered'))).toBe(false);
    expect(await scope.run.daemon.stop()).toBe(0);
  });

  it('refuses heartbeats for longer: the shards are dropped, and taken up again', async () => {
    faults().set({ heartbeatsRefused: true });
    await scope.run.daemon.waitForLog('no heartbeat was answered for the group’s timeout', 4 * groupTimeoutMs);
    faults().clear();
    await scope.run.moreArrived(2_000);
    await expectEverything();
    expect(await scope.run.daemon.stop()).toBe(0);
  });

  it('refuses checkpoints for a while, and grants the shards all the same: they are kept, and nothing is forced', async () => {
    faults().set({ checkpointsRefused: true });
    await injectedAtLeast('checkpoint-refused', 4);
    await scope.run.daemon.waitForLog('still grants the shard');
    faults().clear();
    await scope.run.moreArrived(2_000);
    await expectEverything();
    expect(await scope.run.daemon.stop()).toBe(0);
  });

  it('splits and merges shards under load: nothing is lost or sent twice', async () => {
    const children = scope.run.emulator.split({ shard: 0 });
    await scope.run.moreArrived(1_500);
    scope.run.emulator.merge({ shard: children[0] as number });
    await scope.run.moreArrived(1_500);
    scope.run.emulator.split({ shard: 3, parts: 3 });
    await scope.run.moreArrived(1_500);
    const { duplicates } = await expectEverything();
    expect(duplicates).toBe(0);
    expect(await scope.run.daemon.stop()).toBe(0);
  });

  it('says that the credentials have expired, until they are renewed: nothing is lost', async () => {
    faults().set({ credentialsExpired: true });
    await injectedAtLeast('credentials-expired', 5);
    await time.sleep(groupTimeoutMs); // longer than the group waits
    faults().clear();
    await scope.run.moreArrived(2_000);
    await expectEverything();
    expect(await scope.run.daemon.stop()).toBe(0);
  });
});
