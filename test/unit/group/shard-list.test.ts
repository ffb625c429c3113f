import { describe, expect, it, vi } from 'vitest';
import type { Shard } from '../../../src/group/log-service.ts';
import { NewShards } from '../../../src/group/new-shards.ts';
import { ShardList } from '../../../src/group/shard-list.ts';

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
    expect([0, 1, 2].map((shard) => list.isLater(shard, undefined))).toEqual([false, true, true]);
    expect(list.made).toEqual([1, 2]);
    expect([list.hasEnded(0), list.hasEnded(1)]).toEqual([true, false]);
  });

  it('where it is younger than something that the group has saved', async () => {
    const list = await listOf([open(0, 1_000), open(1, 5_000), open(2)]);
    expect([0, 1, 2].map((shard) => list.isLater(shard, 3_000))).toEqual([false, true, false]);
    expect(list.isLater(1, undefined)).toBe(false);
  });

  it('perhaps, where another was split before it', async () => {
    const list = await listOf([ended(1), open(0), open(2)]);
    expect([0, 2].map((shard) => list.mayBeMade(shard))).toEqual([false, true]);
  });
});

describe('NewShards', () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

  async function save(held: readonly number[], saved: Readonly<Record<number, string>> = {}) {
    const restored: string[] = [];
    const service = {
      getCursor: async (shard: number) => `begin of ${shard}`,
      getCheckpoint: async (shard: number) => ({ cursor: saved[shard], updatedAtMs: 0, consumer: '' }),
      restoreCheckpoint: async (shard: number, cursor: string) => void restored.push(`${shard}: ${cursor}`),
    };
    const shards = await listOf([open(0), open(3)], [ended(0), open(1), open(2), open(3)]);
    const newShards = new NewShards({ service, shards, log });
    await newShards.save(held, signal);
    await newShards.save(held, signal);
    return restored;
  }

  it('saves the beginning of what its shard was split into, once', async () => {
    expect(await save([0, 3])).toEqual(['1: begin of 1', '2: begin of 2']);
  });

  it('leaves that to whoever holds what was split', async () => {
    expect(await save([3])).toEqual([]);
  });

  it('saves nothing over a checkpoint that is there, nor of a shard that is ours', async () => {
    expect(await save([0, 2], { 1: 'further' })).toEqual([]);
  });
});
