import { describe, expect, it } from 'vitest';
import { GroupModel, type GroupShard } from '../../../../src/emulator/model/group-model.ts';

const TIMEOUT_MS = 60_000;

function createGroup(inOrder = false): GroupModel {
  return new GroupModel('g', { timeoutMs: TIMEOUT_MS, inOrder });
}

function shards(count: number): GroupShard[] {
  return Array.from({ length: count }, (_, id) => shard(id));
}

function shard(id: number, more: Partial<GroupShard> = {}): GroupShard {
  return { id, parentIds: [], status: 'readwrite', beginCursor: 'begin', endCursor: 'end', ...more };
}

describe('membership', () => {
  it('gives the first consumer everything, and a late one nothing until something is let go', () => {
    const group = createGroup();
    expect(group.heartbeat('a', [], shards(4), 0)).toEqual([0, 1, 2, 3]);
    expect(group.heartbeat('b', [], shards(4), 1)).toEqual([]);
  });

  it('moves a shard only once its owner no longer lists it', () => {
    const group = createGroup();
    group.heartbeat('a', [], shards(4), 0);
    group.heartbeat('b', [], shards(4), 1);
    expect(group.heartbeat('a', [0, 1, 2, 3], shards(4), 2)).toEqual([0, 1]);
    expect(group.heartbeat('b', [], shards(4), 3)).toEqual([]);
    expect(group.heartbeat('a', [0, 1, 3], shards(4), 4)).toEqual([0, 1]);
    expect(group.heartbeat('b', [], shards(4), 5)).toEqual([2]);
    expect(group.heartbeat('a', [0, 1], shards(4), 6)).toEqual([0, 1]);
    expect(group.heartbeat('b', [2], shards(4), 7)).toEqual([2, 3]);
  });

  it('keeps the assignment of a consumer that lists nothing', () => {
    const group = createGroup();
    group.heartbeat('a', [], shards(2), 0);
    expect(group.heartbeat('a', [], shards(2), 1)).toEqual([0, 1]);
  });

  it('gives a restarted consumer of the same name its shards at its first heartbeat', () => {
    const group = createGroup();
    group.heartbeat('a', [], shards(4), 0);
    group.heartbeat('b', [], shards(4), 0);
    group.heartbeat('a', [0, 1], shards(4), 1);
    expect(group.heartbeat('b', [], shards(4), 1)).toEqual([2, 3]);
    expect(group.heartbeat('b', [], shards(4), TIMEOUT_MS)).toEqual([2, 3]);
  });

  it('drops a consumer only after more than the timeout', () => {
    const group = createGroup();
    group.heartbeat('a', [], shards(1), 0);
    expect(group.heartbeat('b', [], shards(1), TIMEOUT_MS)).toEqual([]);
    expect(group.heartbeat('b', [], shards(1), TIMEOUT_MS + 1)).toEqual([0]);
  });

  it('keeps more consumers than shards as standbys', () => {
    const group = createGroup();
    const granted = ['a', 'b', 'c'].map((name) => group.heartbeat(name, [], shards(2), 0));
    expect(granted).toEqual([[0, 1], [], []]);
    expect(group.heartbeat('a', [0, 1], shards(2), 1)).toEqual([0]);
    group.heartbeat('a', [0], shards(2), 2);
    expect(group.heartbeat('b', [], shards(2), 3)).toEqual([1]);
    expect(group.heartbeat('c', [], shards(2), 3)).toEqual([]);
  });

  it('moves as few shards as needed when one consumer joins four', () => {
    const group = createGroup();
    const held = new Map<string, number[]>();
    const beat = (name: string, nowMs: number) =>
      held.set(name, group.heartbeat(name, held.get(name) ?? [], shards(16), nowMs));
    const names = ['a', 'b', 'c', 'd'];
    for (let round = 0; round < 4; round++) for (const name of names) beat(name, round);
    const before = new Map(held);
    expect([...before.values()].map((of) => of.length)).toEqual([4, 4, 4, 4]);

    for (let round = 4; round < 8; round++) for (const name of [...names, 'e']) beat(name, round);

    expect(held.get('e')).toHaveLength(3);
    const stayed = names.flatMap((name) => before.get(name)!.filter((id) => held.get(name)!.includes(id)));
    expect(stayed).toHaveLength(13);
  });

  it('does not grant what a consumer that came back from beyond the timeout still lists', () => {
    const group = createGroup();
    group.heartbeat('a', [], shards(1), 0);
    group.heartbeat('b', [], shards(1), TIMEOUT_MS + 1);
    // `a` was away for too long, `b` owns the shard; now `b` is gone and `c` comes.
    group.heartbeat('a', [0], shards(1), 2 * TIMEOUT_MS);
    group.heartbeat('c', [], shards(1), 2 * TIMEOUT_MS + 1);
    expect(group.heartbeat('c', [], shards(1), 2 * TIMEOUT_MS + 10)).toEqual([]);
    expect(group.heartbeat('a', [0], shards(1), 2 * TIMEOUT_MS + 11)).toEqual([0]);
  });
});

describe('checkpoints', () => {
  it('are taken from the owner, also while it drains', () => {
    const group = createGroup();
    group.heartbeat('a', [], shards(2), 0);
    group.heartbeat('b', [], shards(2), 0);
    expect(group.heartbeat('a', [0, 1], shards(2), 1)).toEqual([0]);
    group.saveCheckpoint(1, 'c1', 'a', false, 2);
    expect(group.checkpoint(1)).toEqual({ shard: 1, cursor: 'c1', updatedMs: 2, consumer: 'a' });
  });

  it('are refused from a consumer that does not own the shard, or was dropped, unless forced', () => {
    const group = createGroup();
    group.heartbeat('a', [], shards(1), 0);
    group.heartbeat('b', [], shards(1), 0);
    expect(() => group.saveCheckpoint(0, 'x', 'b', false, 1)).toThrow(
      expect.objectContaining({ code: 'ConsumerNotMatch' }),
    );
    expect(() => group.saveCheckpoint(0, 'x', 'z', false, 1)).toThrow(
      expect.objectContaining({ code: 'ConsumerNotExsit' }),
    );
    const late = TIMEOUT_MS + 1;
    expect(() => group.saveCheckpoint(0, 'x', 'a', false, late)).toThrow(
      expect.objectContaining({ code: 'ConsumerNotExsit' }),
    );
    expect(() => group.saveCheckpoint(0, 'x', undefined, false, 1)).toThrow(
      expect.objectContaining({ code: 'ParameterInvalid' }),
    );
    expect(group.checkpoint(0).cursor).toBe('');
    group.saveCheckpoint(0, 'forced', undefined, true, 3);
    expect(group.checkpoint(0)).toMatchObject({ cursor: 'forced', consumer: '' });
  });
});

describe('order', () => {
  const family = [
    shard(0, { status: 'readonly' }),
    shard(1, { parentIds: [0], status: 'readonly' }),
    shard(2, { parentIds: [0] }),
    shard(3, { parentIds: [1] }),
  ];

  it('holds back children, and grandchildren, until their parents are consumed', () => {
    const group = createGroup(true);
    expect(group.heartbeat('a', [], family, 0)).toEqual([0]);
    group.saveCheckpoint(0, 'middle', 'a', false, 1);
    expect(group.heartbeat('a', [0], family, 1)).toEqual([0]);
    group.saveCheckpoint(0, 'end', 'a', false, 2);
    expect(group.heartbeat('a', [0], family, 2)).toEqual([0, 1, 2]);
    group.saveCheckpoint(1, 'end', 'a', false, 3);
    expect(group.heartbeat('a', [0, 1, 2], family, 3)).toEqual([0, 1, 2, 3]);
  });

  it('waits for both parents of a merge', () => {
    const merge = [shard(0, { status: 'readonly' }), shard(1, { status: 'readonly' }), shard(2, { parentIds: [0, 1] })];
    const group = createGroup(true);
    group.heartbeat('a', [], merge, 0);
    group.saveCheckpoint(0, 'end', 'a', false, 1);
    expect(group.heartbeat('a', [0, 1], merge, 1)).toEqual([0, 1]);
    group.saveCheckpoint(1, 'end', 'a', false, 2);
    expect(group.heartbeat('a', [0, 1], merge, 2)).toEqual([0, 1, 2]);
  });

  it('does not wait for a parent without data, and waits for nothing when it is off', () => {
    const empty = [shard(0, { status: 'readonly', beginCursor: 'end' }), shard(1, { parentIds: [0] })];
    expect(createGroup(true).heartbeat('a', [], empty, 0)).toEqual([0, 1]);
    expect(createGroup(false).heartbeat('a', [], family, 0)).toEqual([0, 1, 2, 3]);
  });
});
