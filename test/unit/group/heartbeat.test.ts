import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { Heartbeat } from '../../../src/group/heartbeat.ts';
import { useVirtualTime } from '../../support/virtual/virtual-time.ts';

const busy = () => new AppError('busy', { code: 'server-busy', action: 'retry' });

describe('Heartbeat', () => {
  const { it, time } = useVirtualTime();
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  let heartbeat: Heartbeat;
  let beat: ReturnType<typeof vi.fn<(signal: AbortSignal) => Promise<void>>>;
  let acts: ReturnType<typeof vi.fn<(beat: number) => void>>;
  let onFenced: ReturnType<typeof vi.fn<() => void>>;

  beforeEach(() => {
    vi.clearAllMocks();
    beat = vi.fn<(signal: AbortSignal) => Promise<void>>(async () => undefined);
    onFenced = vi.fn<() => void>();
    acts = vi.fn<(beat: number) => void>();
    let beats = 0;
    heartbeat = new Heartbeat({
      intervalMs: () => 40,
      timeoutMs: () => 120,
      send: async (_phase, signal) => {
        const which = ++beats;
        await beat(signal);
        return () => acts(which);
      },
      onFenced,
      log,
      clock: time.clock,
    });
  });

  afterEach(() => void heartbeat.stop());

  it('beats at once and then every interval', async () => {
    await heartbeat.start();
    expect(beat).toHaveBeenCalledTimes(1);
    await time.sleep(119);
    expect(beat).toHaveBeenCalledTimes(3);
    await time.sleep(1);
    expect(beat).toHaveBeenCalledTimes(4);
    expect(onFenced).not.toHaveBeenCalled();
  });

  it('rejects the start on a wrong configuration', async () => {
    beat.mockRejectedValue(new AppError('no such key', { code: 'unauthorized', action: 'fatal' }));
    await expect(heartbeat.start()).rejects.toThrow('no such key');
  });

  it('goes on when only the first beat fails for a passing reason', async () => {
    beat.mockRejectedValueOnce(busy());
    await heartbeat.start();
    await time.until(() => expect(heartbeat.lastAnsweredAtMs).toBeDefined());
    expect(log.warn).toHaveBeenCalledOnce();
    expect(log.info).toHaveBeenCalledWith(expect.anything(), 'heartbeat answered again');
  });

  it('fences once after a timeout without an answer, and again only after another answer', async () => {
    await heartbeat.start();
    beat.mockRejectedValue(busy());
    await time.until(() => expect(onFenced).toHaveBeenCalledTimes(1));
    expect(time.elapsedMs).toBe(120);
    const calls = beat.mock.calls.length;
    await time.until(() => expect(beat.mock.calls.length).toBeGreaterThan(calls + 5));
    expect(onFenced).toHaveBeenCalledTimes(1);
    expect(heartbeat.lastAnsweredAtMs).toBeUndefined();
    expect(log.warn).toHaveBeenCalledTimes(1);
    beat.mockResolvedValue(undefined);
    await time.until(() => expect(heartbeat.lastAnsweredAtMs).toBeDefined());
    beat.mockRejectedValue(busy());
    await time.until(() => expect(onFenced).toHaveBeenCalledTimes(2));
  });

  it('gives a beat up after the timeout, whatever the garbage collector does', async () => {
    v8.setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const aborts = vi.fn();
    beat.mockImplementation(
      (signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            aborts();
            reject(busy());
          }),
        ),
    );
    const starting = heartbeat.start();
    collect();
    await time.sleep(10);
    collect();
    expect(await time.timed(() => starting)).toBe(110);
    expect(aborts).toHaveBeenCalledOnce();
  });

  it('fences on time although a beat hangs', async () => {
    await heartbeat.start();
    beat.mockImplementation((signal) => new Promise((_, no) => signal.addEventListener('abort', () => no(busy()))));
    await time.until(() => expect(onFenced).toHaveBeenCalledTimes(1));
    expect(time.elapsedMs).toBe(120);
  });

  it('keeps its lease though every answer takes longer than an interval', async () => {
    beat.mockImplementation(() => time.sleep(70));
    await heartbeat.start();
    await time.sleep(2_000);
    expect(onFenced).not.toHaveBeenCalled();
    expect(log.warn).not.toHaveBeenCalled();
    expect(beat.mock.calls.length).toBeGreaterThan(40);
  });

  it('acts on the answer to the latest beat only', async () => {
    const takes = [0, 100, 10];
    beat.mockImplementation(() => time.sleep(takes.shift() ?? 0));
    await heartbeat.start();
    await time.sleep(140);
    expect(acts.mock.calls.map(([which]) => which)).toEqual([1, 3, 4]);
  });

  it('beats soon when it is asked to, and says when that was answered', async () => {
    await heartbeat.start();
    await time.sleep(15);
    beat.mockImplementation(() => time.sleep(5));
    expect(await time.timed(() => heartbeat.nextAnswer())).toBeLessThan(10);
    beat.mockRejectedValue(busy());
    expect(await heartbeat.nextAnswer()).toBe(false);
    expect(onFenced).toHaveBeenCalledOnce();
  });

  it('does not end for an exception of somebody else', async () => {
    beat.mockRejectedValueOnce(new DOMException('The operation was aborted', 'AbortError'));
    await heartbeat.start();
    await time.until(() => expect(heartbeat.lastAnsweredAtMs).toBeDefined());
  });

  it('stops: no beat and no fence follows', async () => {
    await heartbeat.start();
    await heartbeat.stop();
    const calls = beat.mock.calls.length;
    await time.sleep(200);
    expect(beat.mock.calls.length).toBe(calls);
    expect(onFenced).not.toHaveBeenCalled();
  });
});
