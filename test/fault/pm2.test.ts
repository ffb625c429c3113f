/**
 * examples/pm2 under the real pm2, as it stands but for paths, addresses and shorter times: started, reloaded in full
 * flow, killed, stopped; and the mistake of a second app for the same group.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultRun, namesakeText, startFaultRun } from '../support/daemons/fault-run.ts';
import { type Pm2, startPm2 } from '../support/daemons/pm2.ts';
import type { Arrival } from '../support/receivers/arrivals.ts';
import { createScriptedReceiver, type ScriptedReceiver } from '../support/receivers/scripted-receiver.ts';
import { waitUntil } from '../support/wait-until.ts';

const instances = 4;
const shards = 8;
const heartbeatIntervalMs = 5_000;
/** For a noisy machine. With the interval it is below the group's timeout (three intervals), the wait of a new name. */
const slackMs = 1.9 * heartbeatIntervalMs;
const app = 'sls-syslog';

describe('under pm2', () => {
  let receiver: ScriptedReceiver;
  let run: FaultRun;
  let pm2: Pm2;
  /** All that arrived, with the time. */
  const arrived: (Arrival & { readonly atMs: number })[] = [];
  let unseen: Arrival[] = [];

  beforeAll(async () => {
    receiver = await createScriptedReceiver({
      store: (arrivals) => {
        const atMs = Date.now();
        for (const arrival of arrivals) arrived.push({ ...arrival, atMs });
        unseen.push(...arrivals);
      },
    });
    const arrivals = {
      next: async () => {
        const those = unseen;
        unseen = [];
        return those;
      },
    };
    run = await startFaultRun({ arrivals, shards, consumerNames: [], args: [] });
    const { endpoint } = await run.emulator.start();
    const example = (name: string) => readFile(new URL(`../../examples/pm2/${name}`, import.meta.url), 'utf8');
    const ecosystem = await example('ecosystem.config.cjs');
    const settings = replaced(await example('sls-syslog.yaml'), {
      'cn-hangzhou.log.aliyuncs.com': endpoint,
      'my-project': 'demo',
      actiontrail: 'logs',
      'access-key-id: "…"': 'access-key-id: demo-access-key-id',
      'access-key-secret: "…"': 'access-key-secret: demo-access-key-secret',
      'siem.corp': '127.0.0.1',
      '514': String(receiver.port),
    });
    const quick = `heartbeat-interval: ${heartbeatIntervalMs}ms
checkpoint-interval: 200ms
confirm-interval: 300ms
fetch-interval: 50ms
strict-order: true
`;
    pm2 = await startPm2((directory) => {
      const configOf = (file: string) => replaced(ecosystem, { '/etc/sls-syslog.yaml': `${directory}/${file}` });
      return {
        'sls-syslog.yaml': settings + quick,
        'second.yaml': settings + quick,
        'ecosystem.config.cjs': configOf('sls-syslog.yaml'),
        'second.config.cjs': replaced(configOf('second.yaml'), {
          "name: 'sls-syslog'": "name: 'second'",
          'instances: 4': 'instances: 1',
        }),
      };
    });
  });

  afterAll(async () => {
    await pm2.dispose();
    await run.close();
    await receiver.close();
  });

  const group = () => run.emulator.stats().logstores[0]?.consumerGroups[0];
  const owned = () => new Map(group()?.consumers.map(({ name, owned }) => [name, owned]));
  const statuses = async () => (await pm2.list()).map(({ pm2_env }) => [pm2_env.exec_mode, pm2_env.status]);
  const pids = async () => (await pm2.list()).map(({ pid }) => pid);

  function expectTwoShardsEach(): void {
    expect([...owned().values()].map((those) => those.length)).toEqual(Array(instances).fill(shards / instances));
  }

  /** Of a process: when it began, and its shards from its first heartbeat's answer. */
  async function beginningOf(pid: number): Promise<{ startedAtMs: number; granted: readonly number[] }> {
    return waitUntil(async () => {
      const lines = (await pm2.logged(app)).filter((line) => line.pid === pid);
      const started = lines.find(({ msg }) => msg === 'sls-syslog starts');
      const assigned = lines.find(({ msg }) => msg === 'shards assigned' || msg.startsWith('no shards'));
      if (!started || !assigned) throw new Error(`process ${pid} has not joined the group`);
      return { startedAtMs: Date.parse(started.time), granted: (assigned.granted ?? []) as number[] };
    });
  }

  /** @returns the longest that a shard of that process took, from the process's start on, until its logs arrived */
  async function expectFlowsAgain(pid: number, itsShards: readonly number[]): Promise<number> {
    const { startedAtMs, granted } = await beginningOf(pid);
    expect(granted).toEqual(itsShards);
    const takenMs = await Promise.all(
      itsShards.map((shard) =>
        waitUntil(() => {
          const first = arrived.find((each) => each.shard === shard && each.atMs > startedAtMs);
          if (!first) throw new Error(`nothing has arrived from shard ${shard} since process ${pid} has started`);
          return first.atMs - startedAtMs;
        }),
      ),
    );
    expect(Math.max(...takenMs)).toBeLessThan(heartbeatIntervalMs + slackMs);
    return Math.max(...takenMs);
  }

  it('four instances share eight shards, each with a name of its own', async () => {
    await pm2.run('start', 'ecosystem.config.cjs');
    expect(await statuses()).toEqual(Array(instances).fill(['fork_mode', 'online']));
    await waitUntil(expectTwoShardsEach, { timeoutMs: 120_000 });
    for (const [index, name] of [...owned().keys()].sort().entries()) {
      expect(name).toMatch(new RegExp(`^siem-.+-${index}$`));
    }
    await run.moreArrived(1_000);
  });

  it('`pm2 reload` in full flow: nothing is lost or sent twice, and each shard flows again at once', async () => {
    const before = { owned: owned(), pids: await pids() };
    await pm2.run('reload', app);
    // It is back when every instance has said that it is ready.
    const after = await pids();
    expect(after.filter((pid) => before.pids.includes(pid))).toEqual([]);
    expect(owned()).toEqual(before.owned);
    const took: number[] = [];
    for (const [index, pid] of after.entries()) {
      const [, itsShards = []] = [...before.owned].find(([name]) => name.endsWith(`-${index}`)) ?? [];
      took.push(await expectFlowsAgain(pid, itsShards));
    }
    console.info(`pm2 reload: every shard flowed ${Math.max(...took)} ms after its instance's start, or sooner`);
    await run.moreArrived(1_000);
    for (const pid of before.pids) await expectDrained(pid);
    expect(run.invariant.findings).toMatchObject({ violations: [], duplicates: 0 });
  });

  it('one that is killed is restarted, and has its shards back', async () => {
    const before = { owned: owned(), pids: await pids() };
    const [killed = 0] = before.pids;
    process.kill(killed, 'SIGKILL');
    const restarted = await waitUntil(async () => {
      const [pid = 0] = await pids();
      if (pid === killed || pid === 0) throw new Error('pm2 has not restarted it');
      return pid;
    });
    const [name, itsShards] = [...before.owned].find(([each]) => each.endsWith('-0')) ?? ['', []];
    await expectFlowsAgain(restarted, itsShards);
    expect(owned().get(name)).toEqual(itsShards);
    expect((await pids()).slice(1)).toEqual(before.pids.slice(1));
    await run.moreArrived(1_000);
    expect(run.invariant.findings.violations).toEqual([]);
  });

  it('`pm2 stop` drains: exit code 0, and what has arrived is checkpointed, to the last log', async () => {
    const before = await pids();
    await pm2.run('stop', app);
    const ended = (await pm2.list()).map(({ pm2_env }) => [pm2_env.status, pm2_env.exit_code]);
    expect(ended).toEqual(Array(instances).fill(['stopped', 0]));
    for (const pid of before) await expectDrained(pid);
    const next = new Map<number, number>();
    for (const { shard, number } of arrived) next.set(shard, Math.max(next.get(shard) ?? 0, number + 1));
    expect(new Map(group()?.checkpoints.map(({ shard, sequence }) => [shard, sequence]))).toEqual(next);
    expect((await pm2.logged(app)).filter(({ msg }) => msg.includes(namesakeText))).toEqual([]);

    await pm2.run('start', app);
    const { generated, received, violations } = await run.settle();
    expect(violations).toEqual([]);
    expect(received).toBe(generated);
  });

  // That both notice and report it: test/integration/namesake.test.ts.
  it('a second app for the group has the names of the first', async () => {
    const names = [...owned().keys()].sort();
    await pm2.run('start', 'second.config.cjs');
    await waitUntil(async () => {
      const lines = await pm2.logged('second');
      if (!lines.some(({ msg }) => msg === 'shards assigned' || msg.startsWith('no shards')))
        throw new Error('the second app has not joined the group');
    });
    expect([...owned().keys()].sort()).toEqual(names);
    expect((await statuses()).length).toBe(instances + 1);
  });

  async function expectDrained(pid: number): Promise<void> {
    const last = (await pm2.logged(app)).filter((line) => line.pid === pid).at(-1);
    expect(last?.msg).toBe('stopped: everything sent is confirmed by the receiver and checkpointed');
    expect(last?.unconfirmed).toEqual([]);
  }
});

function replaced(text: string, replacements: Readonly<Record<string, string>>): string {
  let result = text;
  for (const [from, to] of Object.entries(replacements)) {
    expect(result).toContain(from);
    result = result.replaceAll(from, to);
  }
  return result;
}
