import { describe, expect, it, vi } from 'vitest';
import { createDeliver } from '../../src/deliver.ts';
import type { BatchCounts, BatchEncoder } from '../../src/encode/batch-encoder.ts';
import type { FrameChunk } from '../../src/encode/bytes.ts';
import { CorruptBatchError, DeliveryLostError } from '../../src/errors.ts';
import type { Ticket } from '../../src/group/progress.ts';
import { createPace } from '../../src/pacer.ts';

const body = { bytes: Buffer.from('x'), compression: 'none' as const, rawSize: 1 };
const ticket: Ticket = { shard: 0, stream: '0', from: 'a', to: 'b', ordinal: 0 };
const noTotals = () => ({ batches: 0, logs: 0, rawBytes: 0, frameBytes: 0, truncated: 0, split: 0, deadLettered: 0 });

/** An encoder whose batch is these chunks; a string in their place is thrown. */
function encoderOf(chunks: (number | string)[]) {
  const close = vi.fn();
  const origins: unknown[] = [];
  const counts: BatchCounts = { logs: 0, rawBytes: 1, frameBytes: 0, truncated: 2, split: 3, deadLettered: 0 };
  const encoder: BatchEncoder = {
    begin: (_, origin) => {
      origins.push(origin);
      const left = [...chunks];
      return {
        counts,
        close,
        takeRejected: () => [],
        next: (): FrameChunk | undefined => {
          const each = left.shift();
          if (typeof each === 'string') throw new CorruptBatchError(each);
          if (each === undefined) return undefined;
          counts.logs++;
          counts.frameBytes += each;
          return { bytes: Buffer.alloc(each), frameCount: 1, release: () => undefined };
        },
      };
    },
  };
  return { encoder, close, origins };
}

function sinkOf(write: (chunk: FrameChunk) => Promise<void> | undefined) {
  const delivery = { write: vi.fn(write), end: vi.fn(), abandon: vi.fn() };
  return { delivery, sink: { deliver: () => delivery } };
}

describe('createDeliver', () => {
  it('writes every chunk, ends the delivery, and counts', async () => {
    const { encoder, close, origins } = encoderOf([10, 20]);
    const { delivery, sink } = sinkOf(() => undefined);
    const totals = noTotals();
    await createDeliver(encoder, sink, totals)(body, ticket, new AbortController().signal);
    expect(delivery.write).toHaveBeenCalledTimes(2);
    expect(delivery.end).toHaveBeenCalledOnce();
    expect(delivery.abandon).not.toHaveBeenCalled();
    expect(close).toHaveBeenCalledOnce();
    expect(totals).toEqual({
      batches: 1,
      logs: 2,
      rawBytes: 1,
      frameBytes: 30,
      truncated: 2,
      split: 3,
      deadLettered: 0,
    });
    expect(origins).toEqual([{ shard: 0, cursor: 'a' }]);
  });

  it('makes the next slice only when the sink wants more, and leaves the event loop free in between', async () => {
    const { encoder } = encoderOf([1, 1, 1]);
    let open: () => void = () => undefined;
    const { delivery, sink } = sinkOf(() => new Promise<void>((resolve) => (open = resolve)));
    const delivering = createDeliver(encoder, sink, noTotals())(body, ticket, new AbortController().signal);
    for (let expected = 1; expected <= 3; expected++) {
      await vi.waitFor(() => expect(delivery.write).toHaveBeenCalledTimes(expected));
      await new Promise((resolve) => setImmediate(resolve));
      expect(delivery.write).toHaveBeenCalledTimes(expected);
      open();
    }
    await delivering;
  });

  it('abandons the delivery when the batch turns out to be corrupt, and closes it', async () => {
    const { encoder, close } = encoderOf([1, 'bad length']);
    const { delivery, sink } = sinkOf(() => undefined);
    const totals = noTotals();
    const delivering = createDeliver(encoder, sink, totals)(body, ticket, new AbortController().signal);
    await expect(delivering).rejects.toBeInstanceOf(CorruptBatchError);
    expect(delivery.end).not.toHaveBeenCalled();
    expect(delivery.abandon).toHaveBeenCalled();
    expect(close).toHaveBeenCalledOnce();
    expect(totals.batches).toBe(0);
  });

  it('abandons the delivery at once when its signal aborts while the sink makes it wait', async () => {
    const { encoder, close } = encoderOf([1, 1]);
    let reject: (reason: unknown) => void = () => undefined;
    const { delivery, sink } = sinkOf(() => new Promise<void>((_, no) => (reject = no)));
    delivery.abandon.mockImplementation(() => reject(new DeliveryLostError('abandoned')));
    const stop = new AbortController();
    const delivering = createDeliver(encoder, sink, noTotals())(body, ticket, stop.signal);
    await vi.waitFor(() => expect(delivery.write).toHaveBeenCalledOnce());
    stop.abort(new DeliveryLostError('stopped by the test'));
    await expect(delivering).rejects.toBeInstanceOf(DeliveryLostError);
    expect(delivery.write).toHaveBeenCalledOnce();
    expect(close).toHaveBeenCalledOnce();
  });

  it('makes no slice before the pace lets it, and is gone at once when its signal aborts meanwhile', async () => {
    const { encoder, close } = encoderOf([1, 1, 1]);
    const { delivery, sink } = sinkOf(() => undefined);
    const pace = createPace({ maxBytesPerSecond: 0.001 });
    const stop = new AbortController();
    const delivering = createDeliver(encoder, sink, noTotals(), pace)(body, ticket, stop.signal);
    await vi.waitFor(() => expect(delivery.write).toHaveBeenCalledOnce());
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort(new DeliveryLostError('stopped by the test'));
    await expect(delivering).rejects.toThrow('stopped by the test');
    expect(delivery.write).toHaveBeenCalledOnce();
    expect(delivery.abandon).toHaveBeenCalled();
    expect(delivery.end).not.toHaveBeenCalled();
    expect(close).toHaveBeenCalledOnce();
  });

  it('counts frames and bytes for the pace', async () => {
    const { encoder } = encoderOf([10, 20]);
    const { sink } = sinkOf(() => undefined);
    const counted: unknown[] = [];
    await createDeliver(encoder, sink, noTotals(), async (send) => {
      const sent = send();
      counted.push(sent);
      return sent !== undefined;
    })(body, ticket, new AbortController().signal);
    expect(counted).toEqual([
      { frames: 1, bytes: 10, taken: undefined },
      { frames: 1, bytes: 20, taken: undefined },
      undefined,
    ]);
  });
});
