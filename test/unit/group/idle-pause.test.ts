import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdlePause, idlePauseMs } from '../../../src/group/idle-pause.ts';

describe('the pause of an idle shard', () => {
  test('is the first one while logs come every few seconds', () => {
    for (const silentMs of [0, 1_000, 3_999]) expect(idlePauseMs(200, silentMs, 12_345)).toBe(200);
  });

  test('is a twentieth of the silence afterwards, and 2 s at most', () => {
    expect(idlePauseMs(200, 10_000, 0)).toBe(500);
    expect(idlePauseMs(200, 30_000, 0)).toBe(1_500);
    expect(idlePauseMs(200, 86_400_000, 0)).toBe(2_000);
  });

  test('is never shorter than what was asked for', () => {
    expect(idlePauseMs(60_000, 0, 123)).toBe(60_000);
    expect(idlePauseMs(1_800, 86_400_000, 400)).toBe(1_800);
    expect(idlePauseMs(60_000, 86_400_000, 123)).toBe(60_000);
  });

  test('ends on the same beats for shards that have been idle for long', () => {
    const ends = [0, 120, 340, 499].map((nowMs) => nowMs + idlePauseMs(200, 86_400_000, nowMs));
    expect(ends).toEqual([2_000, 2_000, 2_000, 2_000]);
    const beat = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(beat, (nowMs) => {
        const pauseMs = idlePauseMs(200, 86_400_000, nowMs);
        expect((nowMs + pauseMs) % 500).toBeCloseTo(0, 3);
        expect(pauseMs).toBeGreaterThan(1_499);
        expect(pauseMs).toBeLessThan(2_001);
      }),
    );
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
