import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../src/core/time/clock.ts';
import { NewShards } from '../../../../src/group/checkpoint/new-shards.ts';
import { UnownedSaves } from '../../../../src/group/checkpoint/unowned-saves.ts';
import type { Shard } from '../../../../src/group/service/log-service.ts';
import { ShardList } from '../../../../src/group/service/shard-list.ts';

const { signal } = new AbortController();
const open = (id: number, createdAtMs?: number): Shard => ({ id, status: 'readwrite', createdAtMs });
const ended = (id: number): Shard => ({ id, status: 'readonly' });

async function listOf(...answers: (readonly Shard[])[]) {
  const list = new ShardList({ listShards: async () => answers.shift() ?? [] }, signal);
  for (const _ of [...answers]) await list.refresh();
  return list;
}

describe('a shard was made after the group had begun', () => {
  it('where this process has seen the list without it', async () => {
    const list = await listOf([open(0)], [ended(0), open(1), open(2)]);
    expect([0, 1, 2].map((shard) => list.isNewShard(shard, undefined))).toEqual([false, true, true]);
    expect(list.createdSinceStart).toEqual([1, 2]);
    expect([list.hasEnded(0), list.hasEnded(1)]).toEqual([true, false]);
  });

  it('where it is younger than something that the group has saved', async () => {
    const list = await listOf([open(0, 1_000), open(1, 5_000), open(2)]);
    expect([0, 1, 2].map((shard) => list.isNewShard(shard, 3_000))).toEqual([false, true, false]);
    expect(list.isNewShard(1, undefined)).toBe(false);
  });

  it('perhaps, where another was split before it', async () => {
    const list = await listOf([ended(1), open(0), open(2)]);
    expect([0, 2].map((shard) => list.possibleParents(shard))).toEqual([[], [1]]);
  });

  it('not, where it was made together with that', async () => {
    const first = { ...ended(0), createdAtMs: 1_000 };
    const list = await listOf([first, open(1, 1_000), open(2, 2_000)]);
    expect([1, 2].map((shard) => list.possibleParents(shard))).toEqual([[], [0]]);
  });
});

describe('NewShards', () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

  async function newShards() {
    const restored: string[] = [];
    const saved = new Map<number, string>();
    const known = new Map<number, string>();
    const knownCheckpoint = (shard: number) => known.get(shard);
    const service = {
      getCursor: async (shard: number) => `begin of ${shard}`,
      getCheckpoint: async (shard: number) => ({ cursor: saved.get(shard), updatedAtMs: 0, consumer: '' }),
      restoreCheckpoint: async (shard: number, cursor: string) => {
        restored.push(`${shard}: ${cursor}`);
        saved.set(shard, cursor);
      },
    };
    const shards = await listOf([open(0), open(3)], [ended(0), open(1), open(2), open(3)]);
    const those = new NewShards({
      service,
      unowned: new UnownedSaves(service, systemClock),
      shards,
      knownCheckpoint,
      log,
      clock: systemClock,
    });
    return {
      restored,
      saved,
      known,
      save: (held: number[], left: number[] = [], inside: number[] = []) =>
        those.save(held, [...held, ...left], inside, signal),
    };
  }

  it('saves the beginning of what its shard was split into, once', async () => {
    const { save, restored, saved } = await newShards();
    await save([0, 3]);
    expect(restored).toEqual(['1: begin of 1', '2: begin of 2']);
    saved.clear();
    await save([0, 3]);
    expect(restored).toHaveLength(2);
  });

  it('leaves that to whoever has held what was split', async () => {
    const { save, restored } = await newShards();
    await save([3]);
    expect(restored).toEqual([]);
    await save([3], [0]);
    expect(restored).toHaveLength(2);
  });

  it('saves it of what may have been made of a shard that it had to read to its end, though it came later', async () => {
    const { save, restored } = await newShards();
    await save([3], [], [0]);
    expect(restored).toEqual(['1: begin of 1', '2: begin of 2']);
  });

  it('saves nothing over a checkpoint that is there', async () => {
    const { save, restored, saved } = await newShards();
    saved.set(1, 'further');
    await save([0, 2]);
    expect(restored).toEqual([]);
  });

  it('saves nothing of a shard whose checkpoint it knows: it is restored where it is gone, also while this asks', async () => {
    const { save, restored, known } = await newShards();
    known.set(1, 'further');
    const saving = save([0]);
    known.set(2, 'further');
    await saving;
    expect(restored).toEqual([]);
  });

  it('saves it of a shard that was ours, and was given to another before it had one', async () => {
    const { save, restored } = await newShards();
    await save([0, 1, 2]);
    expect(restored).toEqual([]);
    await save([0, 2], [1]);
    expect(restored).toEqual(['1: begin of 1']);
  });
});
