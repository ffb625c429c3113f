/**
 * Real receivers read what is cut, split and identified: one message each, the identity as structured data, the text
 * as independent code cuts it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { everyLogGroup, startDaemon } from '../support/daemons/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { naiveCutMessages } from '../support/oracles/naive-cutter.ts';
import { type NaiveLog, type NaiveOptions, naiveLogs } from '../support/oracles/naive-formatter.ts';
import { parse5424, parseStructuredData } from '../support/receivers/parse-header.ts';
import {
  missingReceiver,
  type RealReceiver,
  type ReceivedMessage,
  startRsyslog,
  startSyslogNg,
} from '../support/receivers/real-receivers.ts';

const logs = 2_000;
const fewLogs = 200;
const maxBytes = 600;
const naive: NaiveOptions = {
  separator: '||',
  escape: 'standard',
  rfc: '5424',
  priority: 16 * 8 + 5,
  hostname: 'web-01',
  appName: 'sls',
};

const whole = { maxBytes: 1 << 20, oversize: 'truncate', structuredData: () => '-' } as const;

/** Of each shard, its logs in their order; every generated log ends with the field `seq=<shard>-<number>`. */
function byShard(all: readonly NaiveLog[]): Map<string, NaiveLog[]> {
  const shards = new Map<string, NaiveLog[]>();
  for (const log of all) {
    const [shard = ''] = sequenceOf(log).split('-');
    shards.set(shard, [...(shards.get(shard) ?? []), log]);
  }
  return shards;
}

function sequenceOf({ fields }: NaiveLog): string {
  return fields.at(-1)?.[1] ?? '';
}

interface Identified {
  readonly cursor: string;
  readonly index: string;
  readonly part: string | undefined;
  readonly received: ReceivedMessage;
}

function identify(received: ReceivedMessage): Identified & { shard: string } {
  const { shard, cursor, index, part, ...rest } = parseStructuredData(received.structuredData)['sls@32473'] ?? {};
  expect(rest).toEqual({ project: 'demo', logstore: 'logs' });
  return { shard: shard!, cursor: cursor!, index: index!, part, received };
}

describe.each<{ name: string; program: 'rsyslog' | 'syslog-ng'; start: () => Promise<RealReceiver> }>([
  { name: 'rsyslog imptcp', program: 'rsyslog', start: () => startRsyslog('imptcp') },
  { name: 'syslog-ng syslog() over TCP', program: 'syslog-ng', start: () => startSyslogNg('syslog-tcp') },
])('$name', ({ name, program, start }) => {
  const missing = missingReceiver(program);
  if (missing) console.warn(`SKIPPED: ${name}: ${missing}`);
  let emulator: Emulator;
  let real: RealReceiver;

  beforeEach(async () => {
    if (missing) return;
    emulator = createEmulator({ profile: 'nasty', shards: 2 });
    real = await start();
  });

  afterEach(async () => {
    if (missing) return;
    await real.dispose();
    await emulator.close();
  });

  it.skipIf(missing).each(['truncate', 'split'] as const)(
    'reads identities and texts of messages over the limit: %s',
    async (oversize) => {
      emulator.append({ logs });
      const daemon = await startDaemon(emulator, {
        receiver: { port: real.port },
        message: { maxMessageBytes: maxBytes, oversize, identity: { enterpriseId: 32473 } },
        group: { until: 'end' },
        delivery: { confirmIntervalMs: 60_000 },
      });
      expect((await daemon.finished).complete).toBe(true);
      const sent = byShard(naiveLogs(await everyLogGroup(emulator)));
      await eventually(async () => {
        const arrived = (await real.messages()).map(identify);
        expect(new Set(arrived.map(({ shard, cursor, index }) => `${shard} ${cursor} ${index}`)).size).toBe(logs);
        if (oversize === 'truncate') return;
        for (const [shard, shardLogs] of sent) {
          const text = arrived.filter((each) => each.shard === shard).map(({ received }) => received.message);
          expect(text.join('').endsWith(`seq=${sequenceOf(shardLogs.at(-1)!)}`)).toBe(true);
        }
      });
      await real.stop();

      const received = (await real.messages()).map(identify);
      expect(
        new Set(received.map(({ shard, cursor, index, part }) => `${shard} ${cursor} ${index} ${part}`)).size,
      ).toBe(received.length);
      let overLimit = 0;
      for (const [shard, shardLogs] of sent) {
        const messages = received.filter((each) => each.shard === shard);
        for (const [place, log] of shardLogs.entries()) {
          const first = messages[0]!;
          const structuredData = (_: number, part?: number) =>
            first.received.structuredData.replace(/ part="1"/, part === undefined ? '' : ` part="${part}"`);
          const cut = { maxBytes, oversize, structuredData };
          const expected = naiveCutMessages(log, 0, naive, cut).map((message) => parse5424(message).message);
          const own = messages.splice(0, expected.length);
          expect(own.map((each) => each.received.message)).toEqual(expected);
          expect(own.map((each) => each.part)).toEqual(
            expected.length === 1 ? [undefined] : expected.map((_, index) => String(index + 1)),
          );
          expect(new Set(own.map(({ cursor, index }) => `${cursor} ${index}`)).size).toBe(1);
          if (place === 0) expect(first.index).toBe('0');
          if (expected.length > 1 || !expected[0]!.endsWith(sequenceOf(log))) overLimit++;
        }
        expect(messages).toEqual([]);
      }
      expect(overLimit).toBeGreaterThan(10);
    },
  );
});

/** Of all shards, by the group's checkpoints. */
function checkpointedLogs(emulator: Emulator): number {
  const checkpoints = emulator.stats().logstores[0]?.consumerGroups[0]?.checkpoints ?? [];
  return checkpoints.reduce((sum, { sequence }) => sum + (sequence ?? 0), 0);
}

const missingSyslogNg = missingReceiver('syslog-ng');
if (missingSyslogNg) console.warn(`SKIPPED: syslog-ng with a limit below ours: ${missingSyslogNg}`);

describe.skipIf(missingSyslogNg)('syslog-ng with a limit below ours, which closes the connection', () => {
  it('gets all but the messages above it, which go to the dead letters', async () => {
    const emulator = createEmulator({ profile: 'nasty', shards: 2 });
    const directory = await mkdtemp(path.join(os.tmpdir(), 'poison-'));
    const deadLetter = { path: path.join(directory, 'dead.jsonl'), maxBytes: 1 << 30, maxFiles: 5 };
    emulator.append({ logs: fewLogs });
    const all = naiveLogs(await everyLogGroup(emulator));
    const sizes = all.map((log) => Buffer.byteLength(naiveCutMessages(log, 0, naive, whole)[0] ?? ''));
    // The largest is well above it.
    const limit = sizes.toSorted((a, b) => b - a)[1] as number;
    const real = await startSyslogNg('syslog-tcp', undefined, false, limit);
    try {
      // Without an end behind the last log: a busy syslog-ng could read a message above its limit after our end has come, and
      // what it does then looks like its answer (docs/delivery.md).
      const daemon = await startDaemon(emulator, {
        receiver: { port: real.port },
        delivery: { onPoison: 'dead-letter', poisonPatienceMs: 1_000, deadLetter, confirmIntervalMs: 10_000 },
      });
      await eventually(() => expect(checkpointedLogs(emulator)).toBe(fewLogs), 240_000);
      const { complete, fields } = await daemon.drain(10_000);
      // syslog-ng takes what is a little above it.
      const poisoned = fields.deadLettered as number;
      expect([complete, poisoned > 0]).toEqual([true, true]);
      expect(poisoned).toBeLessThanOrEqual(sizes.filter((size) => size > limit).length);
      await eventually(async () => {
        const arrived = (await real.messages()).map(({ message }) => /seq=(\S+)$/.exec(message)?.[1]);
        expect(new Set(arrived).size).toBe(fewLogs - poisoned);
      });
      const lines = (await readFile(deadLetter.path, 'utf8')).trim().split('\n');
      expect(lines.map((line) => JSON.parse(line).reason)).toEqual(Array(poisoned).fill('poison'));
    } finally {
      await real.dispose();
      await emulator.close();
      await rm(directory, { recursive: true });
    }
  });
});
