import { beforeEach, describe, expect, vi } from 'vitest';
import { AppError, ServiceError } from '../../../../src/core/errors.ts';
import type { CheckpointedShard } from '../../../../src/group/checkpoint/checkpointer.ts';
import { GroupRecovery } from '../../../../src/group/checkpoint/group-recovery.ts';
import { Progress } from '../../../../src/group/checkpoint/progress.ts';
import { UnownedSaves } from '../../../../src/group/checkpoint/unowned-saves.ts';
import type { Checkpoint } from '../../../../src/group/service/log-service.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

const gone = new ServiceError('the group is gone', {
  code: 'consumer-group-not-exist',
  action: 'retry',
  status: 404,
  serviceCode: 'ConsumerGroupNotExist',
  requestId: '',
});

function shardAt(shard: number, checkpointed = '1'): CheckpointedShard {
  const progress = new Progress(shard, checkpointed, checkpointed);
  const { signal: left } = new AbortController();
  return { shard, progress, startedAt: checkpointed, isProven: true, stopped: left, ownershipLost: vi.fn() };
}

describe('a group that was deleted', () => {
  const { it, time } = useVirtualTime();
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const service = {
    ensureConsumerGroup: vi.fn(),
    getCursor: vi.fn(),
    getCursorTime: vi.fn(),
    listCheckpoints: vi.fn(),
    restoreCheckpoint: vi.fn(),
  };
  const restoreIfGone = vi.fn();
  const { signal } = new AbortController();
  let saved: Map<number, Checkpoint>;
  let loss: GroupRecovery;
  let unowned: UnownedSaves;

  beforeEach(() => {
    vi.resetAllMocks();
    saved = new Map();
    service.ensureConsumerGroup.mockResolvedValue({ timeoutMs: 60_000, inOrder: false, isNew: true });
    service.listCheckpoints.mockImplementation(async () => saved);
    restoreIfGone.mockResolvedValue(true);
    service.restoreCheckpoint.mockImplementation(async (shard: number, cursor: string) => {
      saved.set(shard, { cursor, updatedAtMs: 1, consumer: 'a' });
    });
    unowned = new UnownedSaves(service, time.clock);
    loss = new GroupRecovery({
      service,
      unowned,
      started: () => [],
      checkpointer: { restoreIfGone },
      settings: { timeoutMs: 60_000, inOrder: false },
      isRolledBack: () => false,
      graceMs: () => 60_000,
      ending: signal,
      log,
      clock: time.clock,
    });
  });

  it('is made again, what is confirmed is saved at once, and it is said once', async () => {
    await loss.recover([shardAt(0), shardAt(1)], signal);
    expect(restoreIfGone.mock.calls.map(([{ shard }]) => shard)).toEqual([0, 1]);
    expect(log.error).toHaveBeenCalledOnce();
  });

  it('leaves alone what another consumer has saved since', async () => {
    saved.set(1, { cursor: '7', updatedAtMs: 5, consumer: 'b' });
    await loss.recover([shardAt(0), shardAt(1)], signal);
    expect(restoreIfGone.mock.calls.map(([{ shard }]) => shard)).toEqual([0]);
  });

  it('keeps what could not be saved, stops nobody for it, and asks for the group again when that is gone again', async () => {
    service.listCheckpoints.mockRejectedValueOnce(new AppError('busy', { code: 'server-busy', action: 'retry' }));
    await loss.recover([shardAt(0)], signal);
    service.listCheckpoints.mockRejectedValueOnce(gone);
    await expect(loss.restorePending(signal)).rejects.toBe(gone);
    expect(await loss.restorePending(signal)).toEqual([0]);
    expect(await loss.restorePending(signal)).toEqual([]);
  });

  it('saves for shards that were dropped for want of an answer, too', async () => {
    loss.noteFenced([shardAt(3)]);
    await loss.recover([], signal);
    expect(restoreIfGone.mock.calls.map(([{ shard }]) => shard)).toEqual([3]);
    loss.noteAnswered();
    await loss.recover([], signal);
    expect(restoreIfGone).toHaveBeenCalledTimes(1);
  });

  it('lets others come first, with a shard that has no checkpoint', async () => {
    const fresh = { wasOurs: false, isNewShard: false };
    expect(loss.waitMs(0, fresh)).toBe(0);
    await loss.recover([], signal);
    expect(loss.waitMs(0, fresh)).toBe(60_000);
    await time.sleep(60_000);
    expect(loss.waitMs(0, fresh)).toBe(0);
  });

  it.each([
    [
      'it was seen',
      () => loss.noteCheckpoints(new Map([[0, { cursor: '5', updatedAtMs: 1 }]])),
      { wasOurs: false, isNewShard: false },
    ],
    ['it was ours', () => undefined, { wasOurs: true, isNewShard: false }],
  ])('lets others come first where one should be there: %s', async (_, given, shard) => {
    given();
    expect(loss.waitMs(0, shard)).toBe(60_000);
  });

  it('waits for a save that is on its way, where a split may have made the shard', () => {
    expect(loss.waitMs(0, { wasOurs: false, isNewShard: 'perhaps' })).toBe(120_000);
  });

  it('lets others come first where it has been a member for long, but not with a shard that is new', async () => {
    loss.noteAnswered();
    await time.sleep(61_000);
    expect(loss.waitMs(1, { wasOurs: false, isNewShard: true })).toBe(0);
    expect(loss.waitMs(0, { wasOurs: false, isNewShard: false })).toBe(60_000);
  });

  it('is noticed within 20 s by who finds it there again', async () => {
    saved.set(0, { cursor: '1', updatedAtMs: 1, consumer: 'a' });
    const held = () => [shardAt(0)];
    await loss.check(held, signal);
    saved.clear();
    await loss.check(held, signal);
    expect(restoreIfGone).not.toHaveBeenCalled();
    await time.sleep(20_000);
    await loss.check(held, signal);
    expect(restoreIfGone).toHaveBeenCalledOnce();
    expect(log.error).toHaveBeenCalledOnce();
  });

  const restored = () => service.restoreCheckpoint.mock.calls.map(([shard, cursor]) => [shard, cursor]);

  it('gets back what was only seen at once, for nobody else may be left to know it', async () => {
    loss.noteCheckpoints(new Map([[4, { cursor: '44', updatedAtMs: 1 }]]));
    loss.noteCheckpoints(new Map([[5, { cursor: '55', updatedAtMs: 1 }]]));
    saved.set(5, { cursor: '66', updatedAtMs: 2, consumer: 'b' });
    await loss.recover([], signal);
    await time.until(() => expect(restored()).toEqual([[4, '44']]));
  });

  it('gets back what only was seen where another has made the group again, and ours were gone as well', async () => {
    loss.noteCheckpoints(new Map([[4, { cursor: '44', updatedAtMs: 1 }]]));
    await loss.check(() => [shardAt(0)], signal);
    await time.until(() => expect(restored()).toEqual([[4, '44']]));
  });

  it('and where it holds no shard: none of those that were seen are there', async () => {
    loss.noteCheckpoints(new Map([[4, { cursor: '44', updatedAtMs: 1 }]]));
    await loss.check(() => [], signal);
    await time.until(() => expect(restored()).toEqual([[4, '44']]));
  });

  describe('a save of what was only seen, which takes long', () => {
    /** @returns the signal of each request, in order */
    async function saveSlowly(): Promise<readonly AbortSignal[]> {
      const given: AbortSignal[] = [];
      service.restoreCheckpoint.mockImplementation((_shard: number, _cursor: string, bound: AbortSignal) => {
        given.push(bound);
        return new Promise((_, reject) => bound.addEventListener('abort', () => reject(bound.reason)));
      });
      loss.noteCheckpoints(new Map([[4, { cursor: '44', updatedAtMs: 1 }]]));
      await loss.recover([], signal);
      await time.until(() => expect(given).toHaveLength(1));
      return given;
    }

    it('is given up when this process has confirmed more: late, it would put that back', async () => {
      const [first] = await saveSlowly();
      unowned.abort(5);
      expect(first?.aborted).toBe(false);
      unowned.abort(4);
      expect(first?.aborted).toBe(true);
    });

    it('is given up when those who hold it had time to save better, and tried once more', async () => {
      const given = await saveSlowly();
      await time.sleep(29_000);
      expect(given[0]?.aborted).toBe(false);
      await time.sleep(2_000);
      expect(given[0]?.aborted).toBe(true);
      await time.sleep(30_000);
      expect(given).toHaveLength(2);
    });
  });

  it('gets it back when those who hold it had time to save better, where it could not be saved at once', async () => {
    loss.noteCheckpoints(new Map([[4, { cursor: '44', updatedAtMs: 1 }]]));
    service.getCursorTime.mockRejectedValueOnce(new AppError('busy', { code: 'server-busy', action: 'retry' }));
    await loss.recover([], signal);
    await time.sleep(29_000);
    expect(restored()).toEqual([]);
    await time.sleep(2_000);
    expect(restored()).toEqual([[4, '44']]);
  });

  it('does not get back what the service does not take: somebody has set it, and it is no cursor', async () => {
    loss.noteCheckpoints(new Map([[4, { cursor: 'garbage', updatedAtMs: 1 }]]));
    loss.noteCheckpoints(new Map([[5, { cursor: '55', updatedAtMs: 1 }]]));
    const refused = new AppError('no time', { code: 'invalid-cursor', action: 'reject' });
    // Nor has the end of a shard a time, and that is a cursor.
    service.getCursorTime.mockRejectedValue(refused);
    service.getCursor.mockImplementation(async (shard: number) => (shard === 5 ? '55' : '99'));
    await loss.recover([], signal);
    await time.sleep(31_000);
    expect(restored()).toEqual([[5, '55']]);
  });

  it('has a save that arrived late mended', async () => {
    const shard = shardAt(0, '9');
    saved.set(0, { cursor: '2', updatedAtMs: 1, consumer: 'a' });
    const mending = new GroupRecovery({
      service,
      unowned,
      started: () => [],
      checkpointer: { restoreIfGone },
      settings: { timeoutMs: 60_000, inOrder: false },
      isRolledBack: (_, cursor) => cursor === '2',
      graceMs: () => 60_000,
      ending: signal,
      log,
      clock: time.clock,
    });
    await mending.check(() => [shard], signal);
    expect(shard.progress?.unsaved).toBe('9');
  });
});
