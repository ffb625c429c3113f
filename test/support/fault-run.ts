/**
 * A fault run: numbered logs go through the real daemon, a process of its own, to a receiver that something happens
 * to. The invariant that every fault test checks: what the receiver holds is a superset of what is checkpointed, at
 * all times, and at the end nothing is missing.
 */
import { expect, vi } from 'vitest';
import { createEmulator, DEMO_CREDENTIALS, type Emulator } from '../../src/emulator/emulator.ts';
import { type CliProcess, startCli } from './cli.ts';

export interface FaultRun {
  readonly emulator: Emulator;
  readonly daemon: CliProcess;
  /** Of each shard, the numbers that the receiver holds. */
  received(): Promise<Map<number, Set<number>>>;
  /** @throws AssertionError when something is checkpointed that the receiver does not hold */
  expectCheckpointsReceived(): Promise<void>;
  /** Logs that are behind a checkpoint and not with the receiver. */
  lost(): Promise<number>;
  /** Waits until everything generated is behind a checkpoint. */
  everythingCheckpointed(timeoutMs?: number): Promise<void>;
  /** How many logs the receiver has twice or more. */
  duplicates(): Promise<number>;
  close(): Promise<void>;
}

export interface FaultRunOptions {
  readonly logsPerSecond: number;
  /** The receiver's lines, each ending in a log's number. */
  readonly lines: () => Promise<readonly string[]>;
  readonly args: readonly string[];
}

export async function startFaultRun({ logsPerSecond, lines, args }: FaultRunOptions): Promise<FaultRun> {
  const emulator = createEmulator({ shards: 4 });
  const { endpoint } = await emulator.start();
  emulator.setRate({ logsPerSecond });
  const fast = ['--confirm-interval', '500ms', '--confirm-timeout', '3s', '--checkpoint-interval', '200ms'];
  const daemon = startCli(['run', '--log-format', 'json', ...fast, ...args], {
    SLS_ENDPOINT: endpoint,
    SLS_PROJECT: 'demo',
    SLS_LOGSTORE: 'logs',
    SLS_CG: 'faults',
    SLS_AK_ID: DEMO_CREDENTIALS.accessKeyId,
    SLS_AK_KEY: DEMO_CREDENTIALS.accessKeySecret,
  });

  const numbers = async (): Promise<[number, number][]> =>
    (await lines()).flatMap((line) => {
      const match = /seq=(\d+)-(\d+)$/.exec(line);
      return match ? [[Number(match[1]), Number(match[2])] as [number, number]] : [];
    });
  const received = async () => {
    const byShard = new Map<number, Set<number>>();
    for (const [shard, number] of await numbers()) {
      const known = byShard.get(shard) ?? new Set();
      byShard.set(shard, known.add(number));
    }
    return byShard;
  };
  const checkpoints = () => emulator.stats().logstores[0]?.consumerGroups[0]?.checkpoints ?? [];
  const lost = async () => {
    const saved = checkpoints(); // first: the receiver may only have more by the time it is asked
    const held = await received();
    let count = 0;
    for (const { shard, sequence } of saved) {
      for (let number = 0; number < sequence; number++) if (!held.get(shard)?.has(number)) count++;
    }
    return count;
  };
  return {
    emulator,
    daemon,
    received,
    lost,
    expectCheckpointsReceived: async () => expect(await lost()).toBe(0),
    everythingCheckpointed: (timeoutMs = 30_000) =>
      vi.waitFor(
        () => {
          const ends = new Map(emulator.stats().logstores[0]?.shards.map((each) => [each.shard, each.logsGenerated]));
          const saved = new Map(checkpoints().map(({ shard, sequence }) => [shard, sequence]));
          expect(saved).toEqual(ends);
        },
        { timeout: timeoutMs, interval: 50 },
      ),
    duplicates: async () => {
      const all = await numbers();
      const held = await received();
      return all.length - [...held.values()].reduce((sum, each) => sum + each.size, 0);
    },
    close: async () => {
      await daemon.stop('SIGKILL');
      await emulator.close();
    },
  };
}
