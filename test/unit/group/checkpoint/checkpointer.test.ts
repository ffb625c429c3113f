import { beforeEach, describe, expect, vi } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { Checkpointer, type CheckpointerOptions } from '../../../../src/group/checkpoint/checkpointer.ts';
import { Progress } from '../../../../src/group/checkpoint/progress.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

const refused = new AppError('another consumer owns it', { code: 'consumer-not-match', action: 'release-shard' });
const busy = new AppError('busy', { code: 'server-busy', action: 'retry' });

describe('Checkpointer', () => {
  const { it, time } = useVirtualTime();
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const service = { updateCheckpoint: vi.fn(), getCheckpoint: vi.fn(), restoreCheckpoint: vi.fn() };
  const isOurs = vi.fn<CheckpointerOptions['isOurs']>();
  const isPutBack = vi.fn<CheckpointerOptions['isRolledBack']>();
  const { signal } = new AbortController();
  let checkpointer: Checkpointer;

  /** A shard with a log confirmed and not saved, of which the server has `checkpointed`. */
  function shardAt(saved: string | null = '0') {
    const checkpointed = saved ?? undefined;
    const progress = new Progress(0, '0', checkpointed);
    progress.markConfirmed(progress.open('1'));
    const leaving = new AbortController();
    const ownershipLost = vi.fn();
    const { signal: stopped } = leaving;
    const shard = { shard: 0, progress, startedAt: checkpointed, isProven: true, stopped, ownershipLost };
    return { shard, progress, ownershipLost, leave: () => leaving.abort(new Error('left')) };
  }

  beforeEach(() => {
    vi.resetAllMocks();
    isOurs.mockResolvedValue(false);
    isPutBack.mockReturnValue(false);
    checkpointer = new Checkpointer({
      service,
      isOurs,
      isRolledBack: isPutBack,
      onSaving: vi.fn(),
      log,
      clock: time.clock,
    });
  });

  it('leaves a shard that is refused, and not granted any more', async () => {
    const { shard, ownershipLost } = shardAt();
    service.updateCheckpoint.mockRejectedValue(refused);
    service.getCheckpoint.mockResolvedValue({ cursor: '7', updatedAtMs: 1, consumer: 'b' });
    expect(await checkpointer.save(shard, signal)).toBe(true);
    expect(ownershipLost).toHaveBeenCalledOnce();
    expect(service.restoreCheckpoint).not.toHaveBeenCalled();
  });

  it('keeps a shard that is refused, and granted all the same: it is saved again, and told once', async () => {
    const { shard, progress, ownershipLost } = shardAt();
    isOurs.mockResolvedValue(true);
    service.updateCheckpoint.mockRejectedValueOnce(refused).mockRejectedValueOnce(refused);
    expect(await checkpointer.saveUntilDone(shard, signal)).toBe(true);
    expect(progress.unsaved).toBeUndefined();
    expect(ownershipLost).not.toHaveBeenCalled();
    expect(log.warn).toHaveBeenCalledOnce();
  });

  it('ends a save with its shard, and says that it may have arrived', async () => {
    const { shard, leave } = shardAt();
    let given: AbortSignal | undefined;
    service.updateCheckpoint.mockImplementation(
      (_shard: number, _cursor: string, bound: AbortSignal) =>
        new Promise((_, reject) => {
          given = bound;
          bound.addEventListener('abort', () => reject(bound.reason), { once: true });
        }),
    );
    const saving = checkpointer.save(shard, signal);
    await time.sleep(1);
    leave();
    await saving;
    expect(given?.aborted).toBe(true);
    expect(log.warn).toHaveBeenCalledWith(expect.anything(), expect.stringContaining('was still under way'));
  });

  it('says once that nothing is saved, without a stack, and once that it is again', async () => {
    const shards = [shardAt(), shardAt(), shardAt()];
    service.updateCheckpoint.mockRejectedValue(busy);
    for (let round = 0; round < 5; round++) for (const { shard } of shards) await checkpointer.save(shard, signal);
    expect(log.warn).toHaveBeenCalledOnce();
    expect(log.warn.mock.calls[0]?.[0]).not.toHaveProperty('err');
    service.updateCheckpoint.mockResolvedValue(undefined);
    for (const { shard } of shards) await checkpointer.save(shard, signal);
    expect(log.info).toHaveBeenCalledOnce();
  });

  describe('where the group was deleted', () => {
    const none = { cursor: undefined, updatedAtMs: 0, consumer: '' };

    it('saves what is confirmed, whoever owns the shard, where there is no checkpoint', async () => {
      const { shard, progress } = shardAt();
      service.getCheckpoint.mockResolvedValue(none);
      expect(await checkpointer.restoreIfGone(shard, false, signal)).toBe(true);
      expect(service.restoreCheckpoint).toHaveBeenCalledWith(0, '1', expect.any(AbortSignal));
      expect(progress.checkpointed).toBe('1');
    });

    it('saves it over what somebody has remembered, and over nothing else', async () => {
      const { shard } = shardAt();
      service.getCheckpoint.mockResolvedValue({ cursor: '9', updatedAtMs: 1, consumer: 'b' });
      expect(await checkpointer.restoreIfGone(shard, false, signal)).toBe(false);
      isPutBack.mockReturnValue(true);
      expect(await checkpointer.restoreIfGone(shard, false, signal)).toBe(true);
    });

    it('saves nothing of a shard whose position the service has never taken', async () => {
      const { shard } = shardAt();
      service.getCheckpoint.mockResolvedValue(none);
      expect(await checkpointer.restoreIfGone({ ...shard, isProven: false }, false, signal)).toBe(false);
      expect(service.restoreCheckpoint).not.toHaveBeenCalled();
    });

    it('saves nothing of a shard that never had one', async () => {
      const { shard } = shardAt(null);
      service.getCheckpoint.mockResolvedValue(none);
      expect(await checkpointer.restoreIfGone(shard, false, signal)).toBe(false);
      expect(service.restoreCheckpoint).not.toHaveBeenCalled();
    });

    it('gives up a save that is on its way to the group that was', async () => {
      const { shard } = shardAt();
      service.updateCheckpoint.mockImplementation(
        (_shard: number, _cursor: string, bound: AbortSignal) =>
          new Promise((_, reject) => bound.addEventListener('abort', () => reject(bound.reason), { once: true })),
      );
      const saving = checkpointer.save(shard, signal);
      await time.sleep(1);
      await checkpointer.restoreIfGone(shard, true, signal);
      expect(await saving).toBe(false);
      expect(log.warn).not.toHaveBeenCalled();
    });

    it.each(['saves', 'restores'] as const)(
      'gives up what a former consumer of the shard restores when the present one %s',
      async (how) => {
        const [{ shard: former, progress }, { shard: present }] = [shardAt(), shardAt()];
        const { signal: others } = new AbortController();
        const ends: string[] = [];
        service.restoreCheckpoint.mockImplementationOnce(
          (_shard: number, _cursor: string, bound: AbortSignal) =>
            new Promise((_, reject) =>
              bound.addEventListener('abort', () => {
                ends.push('given up');
                reject(bound.reason);
              }),
            ),
        );
        const save = async () => void ends.push('saved');
        service.updateCheckpoint.mockImplementation(save);
        service.restoreCheckpoint.mockImplementation(save);
        const restoring = checkpointer.restoreIfGone(former, true, others);
        await time.sleep(1);
        if (how === 'saves') expect(await checkpointer.save(present, signal)).toBe(true);
        else expect(await checkpointer.restoreIfGone(present, true, signal)).toBe(true);
        expect(ends).toEqual(['given up', 'saved']);
        expect(await restoring).toBe(false);
        expect(progress.checkpointed).toBe('0');
      },
    );

    it('ends a restore with its signal', async () => {
      const { shard } = shardAt();
      const ending = new AbortController();
      service.restoreCheckpoint.mockImplementation(
        (_shard: number, _cursor: string, bound: AbortSignal) =>
          new Promise((_, reject) => bound.addEventListener('abort', () => reject(bound.reason), { once: true })),
      );
      const restoring = checkpointer.restoreIfGone(shard, true, ending.signal);
      await time.sleep(1);
      ending.abort(new Error('the end'));
      await expect(restoring).rejects.toThrow('the end');
    });
  });
});
