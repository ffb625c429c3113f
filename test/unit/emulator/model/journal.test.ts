import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../../src/core/time/clock.ts';
import { createEmulator, type Emulator } from '../../../../src/emulator/emulator.ts';
import type { Change } from '../../../../src/emulator/model/journal.ts';
import { applyChange } from '../../../../src/emulator/model/replay.ts';
import { Store } from '../../../../src/emulator/model/store.ts';

let directory: string;
let stateFile: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'journal-'));
  stateFile = path.join(directory, 'state');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function create(): Emulator {
  return createEmulator({ stateFile, shards: 3, clock: { ...systemClock, now: () => 1_700_000_000_000 } });
}

it('restores logs, shards, splits, merges and what has expired', async () => {
  const first = create();
  expect(first.isRestored).toBe(false);
  first.append({ logs: 1_000 });
  const [child] = first.split({ shard: 0 });
  first.append({ logs: 500 });
  first.merge({ shard: child as number });
  first.expire({ shard: 1, logGroups: 2 });
  first.createLogstore('other', 'more', 2);
  await first.close();

  const second = create();
  expect(second.isRestored).toBe(true);
  expect(second.stats().logstores).toEqual(first.stats().logstores);
  expect(second.stats().logsGenerated).toBe(1_500);
  second.append({ logs: 10 });
  await second.close();
  const third = create();
  expect(third.stats().logsGenerated).toBe(1_510);
  await third.close();
});

it('restores groups, who owns what, and checkpoints', () => {
  const changes: [Change, Uint8Array | undefined][] = [];
  const store = new Store({ ...systemClock, now: () => 1_000 }, (change, bytes) => changes.push([change, bytes]));
  store.createProject('demo');
  const logs = store.createLogstore('demo', 'logs', 4, undefined);
  logs.shard(2).append(Buffer.from('x'), 3, 1_000, 'generated');
  const group = logs.createConsumerGroup('siem', { timeoutMs: 5_000, inOrder: false });
  logs.createConsumerGroup('gone', { timeoutMs: 5_000, inOrder: true });
  logs.deleteConsumerGroup('gone');
  group.update({ timeoutMs: 9_000 });
  group.heartbeat('a', [], logs.groupShards(), 1_000);
  group.heartbeat('b', [], logs.groupShards(), 2_000);
  group.heartbeat('a', [0, 1], logs.groupShards(), 2_500);
  group.heartbeat('b', [], logs.groupShards(), 3_000);
  group.saveCheckpoint(2, logs.shard(2).cursorAt(1), undefined, true, 3_000);

  const again = new Store({ ...systemClock, now: () => 9_000 });
  for (const [change, bytes = new Uint8Array(0)] of changes)
    applyChange(again, JSON.parse(JSON.stringify(change)), bytes);
  const [restored, ...others] = again.logstore('demo', 'logs').consumerGroups();
  expect(others).toEqual([]);
  expect(restored?.settings).toEqual(group.settings);
  expect(restored?.consumers()).toEqual(group.consumers());
  expect(restored?.consumers().some(({ owned }) => owned.length > 0)).toBe(true);
  expect(restored?.checkpoint(2)).toEqual(group.checkpoint(2));
  expect(
    Buffer.from(
      again.logstore('demo', 'logs').shard(2).read({ firstIndex: 0, groupCount: 1, logCount: 3, rawBytes: 3 }),
    ),
  ).toEqual(Buffer.from('\n\x01x'));
});

it('cuts off a change that was being written when the process was killed', async () => {
  const first = create();
  first.append({ logs: 100 });
  await first.close();
  const whole = (await stat(stateFile)).size;
  const line = JSON.stringify({
    do: 'append',
    project: 'demo',
    logstore: 'logs',
    shard: 0,
    logs: 1,
    receivedMs: 1,
    origin: 'put',
    bytes: 50,
  });
  for (const half of [line.slice(0, 30), `${line}\n`, `${line}\nonly some`]) {
    await appendFile(stateFile, half);
    const again = create();
    expect(again.stats().logsGenerated).toBe(100);
    expect(again.stats().logsPut).toBe(0);
    await again.close();
    expect((await stat(stateFile)).size).toBe(whole);
  }
});

it('refuses a file that is something else, and leaves it alone', async () => {
  await writeFile(stateFile, 'precious\nnotes\n');
  expect(create).toThrow(/is not an emulator's state, or damaged, at byte 0/);
  expect(await readFile(stateFile, 'utf8')).toBe('precious\nnotes\n');
});
