import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdlePause, idlePauseMs, type PullResult, spacingMs } from '../../../../src/group/pull/idle-pause.ts';
import { useVirtualTime } from '../../../support/virtual/virtual-time.ts';

describe('the pause of an idle shard', () => {
  test('is the first one while logs come every few seconds', () => {
    for (const silentMs of [0, 1_000, 3_999]) expect(idlePauseMs(200, silentMs, 12_345)).toBe(200);
  });

  test('is a twentieth of the silence afterwards, and 3 s at most', () => {
    expect(idlePauseMs(200, 10_000, 0)).toBe(500);
    expect(idlePauseMs(200, 30_000, 0)).toBe(1_500);
    expect(idlePauseMs(200, 50_000, 0)).toBe(2_500);
    expect(idlePauseMs(200, 86_400_000, 0)).toBe(3_000);
  });

  test('is never shorter than what was asked for', () => {
    expect(idlePauseMs(60_000, 0, 123)).toBe(60_000);
    expect(idlePauseMs(2_800, 86_400_000, 400)).toBe(2_800);
    expect(idlePauseMs(60_000, 86_400_000, 123)).toBe(60_000);
  });

  test('ends on the same beats for shards that have been idle for long', () => {
    const ends = [0, 120, 340, 499].map((nowMs) => nowMs + idlePauseMs(200, 86_400_000, nowMs));
    expect(ends).toEqual([3_000, 3_000, 3_000, 3_000]);
    const beat = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(beat, (nowMs) => {
        const pauseMs = idlePauseMs(200, 86_400_000, nowMs);
        expect((nowMs + pauseMs) % 500).toBeCloseTo(0, 3);
        expect(pauseMs).toBeGreaterThan(2_499);
        expect(pauseMs).toBeLessThan(3_001);
      }),
    );
  });

  describe('of a shard that was just taken up', () => {
    const { it, time } = useVirtualTime();
    const signal = new AbortController().signal;

    async function nextMs(pause: IdlePause): Promise<number> {
      const tookMs = await time.timed(() => pause.wait(signal));
      expect(time.scheduler.nextAtMs).toBeUndefined();
      return tookMs;
    }

    it('is 2 s where nobody knows of a log, and grows from there', async () => {
      const pause = new IdlePause(200, time.clock);
      expect(await nextMs(pause)).toBeGreaterThan(1_499);
      pause.since(undefined);
      expect(await nextMs(pause)).toBeGreaterThan(1_499);
      expect(await nextMs(pause)).toBeLessThan(2_501);
      await time.sleep(20_000);
      expect(await nextMs(pause)).toBeGreaterThan(2_499);
    });

    it('goes by when its checkpoint was saved', async () => {
      for (const [ageMs, expectedMs] of [
        [0, 200],
        [4_000, 200],
        [10_000, 500],
        [-3_600_000, 200], // a clock that is ahead of ours
      ] as const) {
        const pause = new IdlePause(200, time.clock);
        pause.since(time.clock.now() - ageMs);
        expect(await nextMs(pause)).toBe(expectedMs);
      }
      const old = new IdlePause(200, time.clock);
      old.since(0);
      expect(await nextMs(old)).toBeGreaterThan(1_499);
      expect(await nextMs(old)).toBeLessThan(2_501);
    });

    it('is the first one again as soon as there was a log', async () => {
      const pause = new IdlePause(200, time.clock);
      pause.data();
      expect(await nextMs(pause)).toBe(200);
      await time.sleep(3_000);
      expect(await nextMs(pause)).toBe(200);
    });
  });

  test('says that the shard is idle until data comes, and ends with the signal', async () => {
    const pause = new IdlePause(60_000);
    expect(pause.idle).toBe(false);
    const stop = new AbortController();
    const waiting = pause.wait(stop.signal);
    expect(pause.idle).toBe(true);
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    pause.data();
    expect(pause.idle).toBe(false);
  });
});

describe('the distance between two pulls', () => {
  const brought = (given: Partial<PullResult>): PullResult => ({
    logGroups: 3,
    bytes: 900,
    isFull: false,
    isAll: undefined,
    ...given,
  });

  test('is none where there is more than a pull brings', () => {
    expect(spacingMs(200, brought({ isFull: true }))).toBe(0);
    expect(spacingMs(200, brought({ logGroups: 100 }))).toBe(0);
    expect(spacingMs(200, brought({ bytes: 1 << 20 }))).toBe(0);
  });

  test('is a fetch interval where there is little, whether or not the service says that it is all', () => {
    expect(spacingMs(200, brought({}))).toBe(200);
    expect(spacingMs(200, brought({ isAll: true }))).toBe(200);
    expect(spacingMs(200, brought({ isAll: true, logGroups: 0 }))).toBe(200);
  });

  test('is a part of one where there may be more behind little', () => {
    expect(spacingMs(200, brought({ isAll: false }))).toBe(50);
    // A query that keeps nothing: so it goes on over what it does not want.
    expect(spacingMs(200, brought({ logGroups: 0 }))).toBe(50);
  });

  const { it: inTime, time } = useVirtualTime();

  inTime('keeps a shard with little at five pulls a second, however quick the service is', async () => {
    const pause = new IdlePause(200, time.clock);
    let pulls = 0;
    for (const start = time.elapsedMs; time.elapsedMs - start < 10_000; pulls++) {
      await pause.beforePull(new AbortController().signal);
      await time.sleep(5);
      pause.pulled(brought({}));
    }
    expect(pulls).toBeLessThanOrEqual(51);
  });

  inTime('keeps a shard below its quota, also where what was lost is pulled again', async () => {
    for (const isAgain of [false, true]) {
      const pause = new IdlePause(200, time.clock);
      let pulls = 0;
      for (const start = time.elapsedMs; time.elapsedMs - start < 10_000; pulls++) {
        await pause.beforePull(new AbortController().signal, isAgain);
        await time.sleep(5);
        pause.pulled(brought({ isFull: true }));
      }
      expect(pulls).toBeGreaterThan(900);
      expect(pulls).toBeLessThan(920);
    }
  });

  inTime('does not hold up what is pulled again, but where the quota is used up', async () => {
    const pause = new IdlePause(200, time.clock);
    const { signal } = new AbortController();
    await pause.beforePull(signal);
    pause.pulled(brought({}));
    expect(await time.timed(() => pause.beforePull(signal, true))).toBe(11);
    pause.slowDown();
    expect(await time.timed(() => pause.beforePull(signal, true))).toBe(100);
  });

  inTime('grows while the quota of the shard is used up, and shrinks again', async () => {
    const pause = new IdlePause(1, time.clock);
    const { signal } = new AbortController();
    await pause.beforePull(signal);
    expect(pause.slowDown()).toBe(true);
    expect(pause.slowDown()).toBe(false);
    expect(await time.timed(() => pause.beforePull(signal))).toBe(200);
    for (let refused = 0; refused < 20; refused++) pause.slowDown();
    expect(await time.timed(() => pause.beforePull(signal))).toBe(2_000);
    for (let pulled = 0; pulled < 200; pulled++) pause.pulled(brought({ isFull: true }));
    expect(await time.timed(() => pause.beforePull(signal))).toBe(11);
  });
});
