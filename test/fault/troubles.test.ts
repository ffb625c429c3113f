/** What the operator reads while the daemon cannot go on: said once, since when, and when it is over; nothing is lost. */
import { describe, expect, it as itReally } from 'vitest';
import { createEmulator, DEMO_CREDENTIALS } from '../../src/emulator/emulator.ts';
import { startCli } from '../support/daemons/cli.ts';
import { groupTimeoutMs } from '../support/daemons/fault-run.ts';
import { createScriptedReceiver, reads } from '../support/receivers/scripted-receiver.ts';
import { createSignedClient } from '../support/service/signed-client.ts';
import { useVirtualFaultRun } from '../support/virtual/virtual-fault-scope.ts';
import { useVirtualTime } from '../support/virtual/virtual-time.ts';

describe('a daemon that cannot go on says why, once, and goes on when it can:', () => {
  const { it, time } = useVirtualTime();
  const scope = useVirtualFaultRun(time);

  const lines = (text: string) => scope.run.daemon.logged().filter(({ msg }) => String(msg).includes(text));
  const trouble = 'the log service cannot be used';

  it.each<[string, number, string, 'PullLogs' | undefined, RegExp]>([
    ['a clock that is wrong', 400, 'RequestTimeTooSkewed', undefined, /set this machine's clock/],
    ['a key that was revoked', 401, 'Unauthorized', undefined, /check that the access key/],
    ['a project that is gone', 404, 'ProjectNotExist', undefined, /check the project "demo"/],
    ['a project that is disabled', 403, 'ProjectForbidden', undefined, /disabled/],
    ['a read quota', 403, 'ShardReadQuotaExceed', 'PullLogs', /splitting the shard helps/],
  ])('%s', async (_, status, code, action, advice) => {
    const beforeMs = time.clock.now();
    scope.run.emulator.faults.set({ rules: [{ fault: { kind: 'error', status, code }, ...(action && { action }) }] });
    await scope.run.daemon.waitForLog(trouble);
    // Long enough for several more failures, and where heartbeats fail too, for the shards to be given up.
    const failures = scope.run.emulator.faults.injected.error ?? 0;
    const enoughMs = time.clock.now() + groupTimeoutMs;
    await time.poll(() => {
      expect(time.clock.now()).toBeGreaterThan(enoughMs);
      expect(scope.run.emulator.faults.injected.error).toBeGreaterThan(failures + 2);
    });
    const [told, ...more] = lines(trouble);
    expect(more).toEqual([]);
    expect(told?.reason).toMatch(advice);
    expect(Date.parse(String(told?.since))).toBeGreaterThanOrEqual(beforeMs);
    scope.run.emulator.faults.clear();
    await scope.run.moreArrived(2_000);
    await scope.run.daemon.waitForLog('the log service can be used again', 30_000);
    const findings = await scope.run.settle();
    expect(findings.violations).toEqual([]);
    expect(findings.received).toBe(findings.generated);
    expect(await scope.run.daemon.stop()).toBe(0);
  });

  it('data that has expired: says how much is lost, and goes on at the earliest that is left', async () => {
    await scope.receiver.refuse();
    const before = scope.run.emulator.stats().logsGenerated;
    await time.poll(() => expect(scope.run.emulator.stats().logsGenerated).toBeGreaterThan(before + 3_000));
    scope.run.emulator.expire();
    await scope.receiver.listen();
    scope.receiver.behave(reads);
    await time.poll(() => {
      const told = lines('LOGS LOST').map(({ shard }) => shard);
      expect(told.sort()).toEqual([0, 1, 2, 3]);
    }, 120_000);
    await scope.run.moreArrived(2_000);
    // Of what expired nothing can arrive, and the invariant sees it: that is what was said.
    const { violations, received, generated } = await scope.run.settle();
    expect(received).toBeLessThan(generated);
    expect(violations.filter((each) => !/^(lost|gap) /.test(each))).toEqual([]);
    expect(lines('LOGS LOST')).toHaveLength(4);
    for (const { expiredCursor, msg } of lines('LOGS LOST')) {
      expect(expiredCursor).toBeTruthy();
      expect(msg).toMatch(/no longer has the data at shard \d/);
    }
    expect(await scope.run.daemon.stop()).toBe(0);
  });
});

itReally('a daemon whose group cannot be created for the quota ends, and lists the groups that there are', async () => {
  const emulator = createEmulator({ shards: 1 });
  const { endpoint } = await emulator.start();
  const receiver = await createScriptedReceiver();
  const client = createSignedClient({ endpoint });
  try {
    const names = Array.from({ length: 30 }, (_, i) => `old-group-${i}`);
    for (const consumerGroup of names) {
      const body = JSON.stringify({ consumerGroup, timeout: 60, order: false });
      const { status } = await client.call('POST', '/logstores/logs/consumergroups', { body });
      expect(status).toBe(200);
    }
    const daemon = startCli(['--host', '127.0.0.1', '--port', String(receiver.port), '--log-format', 'json'], {
      SLS_ENDPOINT: endpoint,
      SLS_PROJECT: 'demo',
      SLS_LOGSTORE: 'logs',
      SLS_CG: 'one-too-many',
      SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
      SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
    });
    expect(await daemon.exited).toBe(1);
    const last = String(daemon.logged().at(-1)?.msg);
    expect(last).toContain('delete those that are not used any more');
    for (const name of names) expect(last).toContain(`"${name}"`);
  } finally {
    await client.close();
    await receiver.close();
    await emulator.close();
  }
});
