import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveGroupSettings } from '../../../src/group/live-group-settings.ts';
import type { FoundConsumerGroup } from '../../../src/group/service/log-service.ts';

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
let nowMs = 0;
const clock = { monotonic: () => nowMs } as never;
const found = (timeoutMs: number | undefined, inOrder: boolean | undefined = false): FoundConsumerGroup => ({
  timeoutMs,
  inOrder,
  isNew: false,
});

function terms(
  service: { findConsumerGroup(): Promise<FoundConsumerGroup | undefined> } = { findConsumerGroup: vi.fn() },
) {
  return new LiveGroupSettings({ service, heartbeatIntervalMs: 20_000, timeoutMs: 60_000, inOrder: false, log, clock });
}

beforeEach(() => {
  vi.clearAllMocks();
  nowMs = 0;
});

describe('the terms of a group', () => {
  it('are ours where the service does not say them', () => {
    const its = terms();
    expect(its.found(found(undefined, undefined))).toBe(false);
    expect(its.found(found(0))).toBe(false);
    expect([its.timeoutMs, its.heartbeatIntervalMs]).toEqual([60_000, 20_000]);
    expect(log.warn).not.toHaveBeenCalled();
  });

  it('are followed at once where the timeout is shorter, with three heartbeats in it, and told once', () => {
    const its = terms();
    expect(its.found(found(1_000))).toBe(true);
    expect(its.found(found(1_000))).toBe(false);
    expect([its.timeoutMs, Math.round(its.heartbeatIntervalMs)]).toEqual([1_000, 333]);
    expect(log.warn).toHaveBeenCalledOnce();
    const [, message] = log.warn.mock.calls[0] as [unknown, string];
    for (const part of ['timeout is 1s', 'say 60s', '--update-group', "Ask who set the group's timeout"])
      expect(message).toContain(part);
  });

  it('are followed only when they were read twice where the timeout is longer, and never beat less often', () => {
    const its = terms();
    expect(its.found(found(600_000))).toBe(false);
    expect(its.timeoutMs).toBe(60_000);
    expect(its.found(found(60_000))).toBe(false);
    expect(its.found(found(600_000))).toBe(false);
    expect(its.found(found(600_000))).toBe(true);
    expect([its.timeoutMs, its.heartbeatIntervalMs]).toEqual([600_000, 20_000]);
  });

  it('say so when they are as they are set here again', () => {
    const its = terms();
    its.found(found(1_000));
    its.found(found(60_000));
    expect(its.found(found(60_000))).toBe(true);
    expect(log.info).toHaveBeenCalledOnce();
  });

  it('say once that the order is another', () => {
    const its = terms();
    its.found(found(60_000, true));
    its.found(found(60_000, true));
    expect(log.warn).toHaveBeenCalledOnce();
  });

  it('are read every half minute, oftener where the timeout is shorter, and soon where something is odd', async () => {
    const findConsumerGroup = vi.fn(async () => found(60_000));
    const its = terms({ findConsumerGroup });
    const signal = new AbortController().signal;
    await its.read(signal);
    nowMs = 29_000;
    await its.read(signal);
    expect(findConsumerGroup).toHaveBeenCalledTimes(1);
    nowMs = 30_000;
    await its.read(signal);
    its.readSoon();
    await its.read(signal);
    expect(findConsumerGroup).toHaveBeenCalledTimes(3);
  });

  it('stay where they cannot be read', async () => {
    const its = terms({ findConsumerGroup: () => Promise.reject(new Error('busy')) });
    expect(await its.read(new AbortController().signal)).toBe(false);
    expect(its.timeoutMs).toBe(60_000);
  });
});
