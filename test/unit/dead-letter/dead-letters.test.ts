import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { DeadLetters } from '../../../src/dead-letter/dead-letters.ts';
import { eventually } from '../../support/eventually.ts';

const refusal = new AppError('the disk is full', { code: 'dead-letter-file', action: 'retry' });
const { signal } = new AbortController();

/** A disk with room for so many bytes. */
function lettersOn(disk: { room: number }) {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const written: string[] = [];
  const append = vi.fn(async (lines: readonly Uint8Array[]) => {
    const bytes = lines.reduce((sum, line) => sum + line.length, 0);
    if (bytes > disk.room) throw refusal;
    disk.room -= bytes;
    written.push(...lines.map((line) => Buffer.from(line).toString()));
  });
  const backoff = { minMs: 1, maxMs: 2 };
  const file = { path: '/var/dead', append };
  return { letters: new DeadLetters({ file, log, backoff }), log, written, append };
}

describe('DeadLetters', () => {
  it('tells once of a disk that takes small records between large ones, and once when nobody waits', async () => {
    const disk = { room: 10 };
    const { letters, log, written, append } = lettersOn(disk);
    const large = [Buffer.from('large record')];
    await expect(letters.store(large, signal)).rejects.toBe(refusal);
    const storing = letters.storeUntilDone(large, signal);
    // Refused without a try while it fails; whoever waits tries.
    const { length } = append.mock.calls;
    await expect(letters.store([Buffer.from('tiny')], signal)).rejects.toBe(refusal);
    expect(append.mock.calls).toHaveLength(length);
    await letters.storeUntilDone([Buffer.from('tiny')], signal);
    await letters.storeUntilDone([Buffer.from('wee')], signal);
    expect(written).toEqual(['tiny', 'wee']);
    expect(letters.troubleSinceMs).toBeDefined();
    expect(log.info).not.toHaveBeenCalled();
    disk.room = 100;
    await storing;
    expect(written).toEqual(['tiny', 'wee', 'large record']);
    expect(letters.troubleSinceMs).toBeUndefined();
    expect([log.error.mock.calls.length, log.info.mock.calls.length]).toEqual([1, 1]);
    await letters.store([Buffer.from('next')], signal);
    expect(log.info).toHaveBeenCalledOnce();
  });

  it('whoever gives up waiting does not hold the others up', async () => {
    const disk = { room: 0 };
    const { letters, log, written } = lettersOn(disk);
    const stop = new AbortController();
    await expect(letters.store([Buffer.from('a')], signal)).rejects.toBe(refusal);
    const leaving = letters.storeUntilDone([Buffer.from('a')], stop.signal);
    const staying = letters.storeUntilDone([Buffer.from('b')], signal);
    stop.abort(new Error('the shard is stopped'));
    await expect(leaving).rejects.toThrow('the shard is stopped');
    disk.room = 100;
    await staying;
    expect(written).toEqual(['b']);
    expect(log.info).toHaveBeenCalledOnce();
  });

  it('takes a disk that does not answer for one that fails, until it does', async () => {
    let answer: () => void = () => undefined;
    const append = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)));
    const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const backoff = { minMs: 1, maxMs: 2 };
    const letters = new DeadLetters({ file: { path: 'x', append }, log, backoff, writeTimeoutMs: 20 });
    const line = [Buffer.from('a')];
    await expect(letters.store(line, signal)).rejects.toMatchObject({ code: 'dead-letter-file' });
    await expect(letters.store(line, signal)).rejects.toMatchObject({ code: 'dead-letter-file' });
    const storing = letters.storeUntilDone(line, signal);
    expect(append).toHaveBeenCalledOnce();
    expect(letters.troubleSinceMs).toBeDefined();
    answer();
    await eventually(() => expect(append).toHaveBeenCalledTimes(2));
    answer();
    await storing;
    expect(letters.troubleSinceMs).toBeUndefined();
    expect([log.error.mock.calls.length, log.info.mock.calls.length]).toEqual([1, 1]);
  });

  it('writes one after the other, whoever asks', async () => {
    let open = 0;
    const append = async () => {
      expect(++open).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      open--;
    };
    const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const letters = new DeadLetters({ file: { path: 'x', append }, log });
    await Promise.all(
      Array.from({ length: 20 }, () => letters.store([Buffer.from('x')], new AbortController().signal)),
    );
    expect(log.error).not.toHaveBeenCalled();
  });
});
