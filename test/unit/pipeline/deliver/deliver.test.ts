import { describe, expect, it, vi } from 'vitest';
import type { FrameChunk } from '../../../../src/core/bytes.ts';
import { AppError, CorruptBatchError, DeliveryLostError } from '../../../../src/core/errors.ts';
import { DeadLetters } from '../../../../src/dead-letter/dead-letters.ts';
import type { BatchCounts, BatchEncoder, RejectedLog } from '../../../../src/encode/frame/batch-encoder.ts';
import type { TextFormat } from '../../../../src/format/parts/text-format.ts';
import type { Ticket } from '../../../../src/group/checkpoint/progress.ts';
import { createKernelEncoder } from '../../../../src/kernel/kernel-encoder.ts';
import { createDeliver } from '../../../../src/pipeline/deliver/deliver.ts';
import { noTotals } from '../../../../src/pipeline/deliver/delivery-totals.ts';
import { EncodeLimiter } from '../../../../src/pipeline/deliver/encode-limiter.ts';
import { createPace, type Pace } from '../../../../src/pipeline/deliver/pacer.ts';
import { eventually } from '../../../support/eventually.ts';
import { encoderDefaults, rawBody } from '../../../support/oracles/encode.ts';
import { encoders } from '../../../support/oracles/encoders.ts';
import * as wire from '../../../support/service/wire.ts';

const body = { bytes: Buffer.from('x'), compression: 'none' as const, rawSize: 1 };
const ticket: Ticket = { shard: 0, stream: '0', from: 'a', to: 'b', ordinal: 0 };
const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

/** An encoder whose batch is these chunks; a string in their place is thrown. */
function encoderOf(chunks: (number | string)[]) {
  const close = vi.fn();
  const origins: unknown[] = [];
  const counts: BatchCounts = {
    logs: 0,
    rawBytes: 1,
    frameBytes: 0,
    truncated: 2,
    split: 3,
    renamedFields: 4,
    deadLettered: 0,
    dropped: 0,
    droppedBy: [],
  };
  const encoder: Pick<BatchEncoder, 'begin'> = {
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

const origin = { project: 'web-logs', logstore: 'access_log' };

describe('createDeliver', () => {
  it('writes every chunk, ends the delivery, and counts', async () => {
    const { encoder, close, origins } = encoderOf([10, 20]);
    const { delivery, sink } = sinkOf(() => undefined);
    const totals = noTotals();
    await createDeliver({ encoder, origin, sink, totals, log })(body, ticket, new AbortController().signal);
    expect(delivery.write).toHaveBeenCalledTimes(2);
    expect(delivery.end).toHaveBeenCalledOnce();
    expect(delivery.abandon).not.toHaveBeenCalled();
    expect(close).toHaveBeenCalledOnce();
    expect(totals).toEqual({
      ...noTotals(),
      batches: 1,
      logs: 2,
      rawBytes: 1,
      frameBytes: 30,
      truncated: 2,
      split: 3,
      renamedFields: 4,
    });
    expect(origins).toEqual([{ ...origin, shard: 0, cursor: 'a' }]);
  });

  it('makes the next slice only when the sink wants more, and leaves the event loop free in between', async () => {
    const { encoder } = encoderOf([1, 1, 1]);
    let open: () => void = () => undefined;
    const { delivery, sink } = sinkOf(() => new Promise<void>((resolve) => (open = resolve)));
    const delivering = createDeliver({ encoder, origin, sink, totals: noTotals(), log })(
      body,
      ticket,
      new AbortController().signal,
    );
    for (let expected = 1; expected <= 3; expected++) {
      await eventually(() => expect(delivery.write).toHaveBeenCalledTimes(expected));
      await new Promise((resolve) => setImmediate(resolve));
      expect(delivery.write).toHaveBeenCalledTimes(expected);
      open();
    }
    await delivering;
  });

  it('tells when it begins, which is when it has its turn', async () => {
    const { encoder } = encoderOf([1]);
    const { delivery, sink } = sinkOf(() => undefined);
    const turns = new EncodeLimiter({ count: 1 });
    const { signal } = new AbortController();
    const other = await turns.acquire(signal);
    const begun: number[] = [];
    const onBegun = () => begun.push(delivery.write.mock.calls.length);
    const deliver = createDeliver({ encoder, origin, sink, totals: noTotals(), encodeLimiter: turns, log });
    const delivering = deliver(body, ticket, signal, 'send', onBegun);
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual([]);
    other.end();
    await delivering;
    expect(begun).toEqual([0]);
  });

  it('abandons the delivery when the batch turns out to be corrupt, and closes it', async () => {
    const { encoder, close } = encoderOf([1, 'bad length']);
    const { delivery, sink } = sinkOf(() => undefined);
    const totals = noTotals();
    const delivering = createDeliver({ encoder, origin, sink, totals, log })(
      body,
      ticket,
      new AbortController().signal,
    );
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
    const delivering = createDeliver({ encoder, origin, sink, totals: noTotals(), log })(body, ticket, stop.signal);
    await eventually(() => expect(delivery.write).toHaveBeenCalledOnce());
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
    const delivering = createDeliver({ encoder, origin, sink, totals: noTotals(), pace, log })(
      body,
      ticket,
      stop.signal,
    );
    await eventually(() => expect(delivery.write).toHaveBeenCalledOnce());
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
    const pace: Pace = async (send) => {
      const sent = send();
      counted.push(sent);
      return sent !== undefined;
    };
    await createDeliver({ encoder, origin, sink, totals: noTotals(), pace, log })(
      body,
      ticket,
      new AbortController().signal,
    );
    expect(counted).toEqual([
      { frames: 1, bytes: 10, taken: undefined },
      { frames: 1, bytes: 20, taken: undefined },
      undefined,
    ]);
  });
});

describe('createDeliver with a batch of which hardly anything comes', () => {
  const empty = wire.group();
  const last = wire.group(wire.log(wire.time(1)));
  const raw = Buffer.concat([Buffer.alloc(empty.length * 1_000_000, empty), last]);

  it.each([{ limits: {} }, { limits: { maxMessagesPerSecond: 1_000_000 } }])(
    'writes what comes, and leaves the event loop its turns meanwhile: $limits',
    async ({ limits }) => {
      const { delivery, sink } = sinkOf(() => undefined);
      const totals = noTotals();
      let turns = 0;
      const turn = () => {
        turns++;
        next = setImmediate(turn);
      };
      let next = setImmediate(turn);
      const encoder = createKernelEncoder(encoderDefaults);
      const deliver = createDeliver({ encoder, origin, sink, totals, pace: createPace(limits), log });
      await deliver(rawBody(raw), ticket, new AbortController().signal);
      clearImmediate(next);
      expect(turns).toBeGreaterThanOrEqual(4);
      expect(delivery.write.mock.calls.map(([{ frameCount }]) => frameCount)).toEqual([1]);
      expect(totals).toMatchObject({ batches: 1, logs: 1 });
    },
  );
});

describe('createDeliver with a dead-letter file', () => {
  const rejected: RejectedLog = { index: 1, reason: 'oversize', logGroupList: Buffer.from('the log') };
  const refusal = new AppError('the disk is full', { code: 'dead-letter-file', action: 'retry' });

  /** One frame, a rejected log in a slice without frames, and another frame, or damage in its place. */
  function rejectingEncoder(last: number | string) {
    const { encoder, close } = encoderOf([10, 0, last]);
    const counts: BatchCounts = {
      logs: 0,
      rawBytes: 1,
      frameBytes: 0,
      truncated: 0,
      split: 0,
      renamedFields: 0,
      deadLettered: 0,
      dropped: 0,
      droppedBy: [],
    };
    const begin: BatchEncoder['begin'] = (...args) => {
      const batch = encoder.begin(...args);
      let slices = 0;
      counts.logs = counts.deadLettered = 0;
      return {
        ...batch,
        counts,
        next: () => {
          const chunk = batch.next();
          if (!chunk) return undefined;
          if (++slices === 2) counts.deadLettered++;
          else counts.logs++;
          return slices === 2 ? { ...chunk, frameCount: 0 } : chunk;
        },
        takeRejected: () => (slices === 2 ? [rejected] : []),
      };
    };
    return { encoder: { begin }, close };
  }

  function lettersOn(append: (lines: readonly Uint8Array[]) => Promise<void>) {
    const lines: Record<string, unknown>[] = [];
    const file = {
      path: '/var/dead',
      append: vi.fn(async (given: readonly Uint8Array[]) => {
        await append(given);
        lines.push(...given.map((line) => JSON.parse(Buffer.from(line).toString())));
      }),
    };
    const backoff = { minMs: 1, maxMs: 1 };
    const deadLetters = new DeadLetters({ file, log, backoff });
    return { deadLetters, file, lines };
  }

  it('sets a rejected log aside before the delivery ends; a slice without frames is not written', async () => {
    const { encoder } = rejectingEncoder(20);
    const { delivery, sink } = sinkOf(() => undefined);
    const totals = noTotals();
    const { deadLetters, lines } = lettersOn(async () => expect(delivery.end).not.toHaveBeenCalled());
    const signal = new AbortController().signal;
    await createDeliver({ encoder, origin, sink, totals, deadLetters, log })(body, ticket, signal);
    const log64 = Buffer.from('the log').toString('base64');
    const { time, ...record } = lines[0] ?? {};
    expect(Date.parse(String(time))).toBeGreaterThan(0);
    expect(record).toEqual({
      ...{ ...origin, shard: 0, cursor: 'a', index: 1 },
      ...{ reason: 'oversize', log: log64 },
    });
    expect(lines).toHaveLength(1);
    expect(delivery.write).toHaveBeenCalledTimes(2);
    expect(delivery.end).toHaveBeenCalledOnce();
    expect(totals).toMatchObject({ logs: 2, deadLettered: 1, batches: 1 });
  });

  it('has no delivery open while the file cannot be written, and sends the batch anew once it can', async () => {
    const { encoder } = rejectingEncoder(20);
    const { delivery, sink } = sinkOf(() => undefined);
    const opened = vi.spyOn(sink, 'deliver');
    const totals = noTotals();
    let isFull = true;
    const { deadLetters, file, lines } = lettersOn(async () => {
      if (isFull) throw refusal;
    });
    log.error.mockClear();
    log.info.mockClear();
    const signal = new AbortController().signal;
    const delivering = createDeliver({ encoder, origin, sink, totals, deadLetters, log })(body, ticket, signal);
    await eventually(() => expect(file.append.mock.calls.length).toBeGreaterThan(3));
    expect(delivery.abandon).toHaveBeenCalled();
    expect(delivery.end).not.toHaveBeenCalled();
    expect(opened).toHaveBeenCalledOnce();
    expect(deadLetters.troubleSinceMs).toBeGreaterThan(0);
    isFull = false;
    await delivering;
    expect(opened).toHaveBeenCalledTimes(2);
    expect(delivery.end).toHaveBeenCalledOnce();
    expect(lines).toHaveLength(1);
    expect(totals).toMatchObject({ logs: 2, deadLettered: 1, batches: 1 });
    expect(log.error).toHaveBeenCalledOnce();
    expect(log.error.mock.lastCall?.[0]).toMatchObject({ since: expect.stringMatching(/Z$/) });
    expect(log.info).toHaveBeenCalledOnce();
    expect(deadLetters.troubleSinceMs).toBeUndefined();
  });

  it('is gone at once when its signal aborts while the file cannot be written, or hangs', async () => {
    for (const append of [() => Promise.reject(refusal), () => new Promise<void>(() => undefined)]) {
      const { encoder } = rejectingEncoder(20);
      const { delivery, sink } = sinkOf(() => undefined);
      const { deadLetters, file } = lettersOn(append);
      const stop = new AbortController();
      const deliver = createDeliver({ encoder, origin, sink, totals: noTotals(), deadLetters, log });
      const delivering = deliver(body, ticket, stop.signal);
      await eventually(() => expect(file.append).toHaveBeenCalled());
      stop.abort(new DeliveryLostError('stopped by the test'));
      await expect(delivering).rejects.toThrow('stopped by the test');
      expect(delivery.end).not.toHaveBeenCalled();
    }
  });

  it('skips the rest of a damaged batch when it may: on record before the delivery ends', async () => {
    const { encoder, close } = rejectingEncoder('bad length');
    const { delivery, sink } = sinkOf(() => undefined);
    const totals = noTotals();
    const { deadLetters, lines } = lettersOn(async () => expect(delivery.end).not.toHaveBeenCalled());
    const deliver = createDeliver({ encoder, origin, sink, totals, deadLetters, log });
    const { signal } = new AbortController();
    await expect(deliver(body, ticket, signal, 'send')).rejects.toBeInstanceOf(CorruptBatchError);
    expect(lines).toEqual([]);
    await deliver(body, ticket, signal, 'skip');
    expect(lines[0]).toMatchObject({ index: 1, reason: 'oversize' });
    expect(lines[1]).toMatchObject({ cursor: 'a', nextCursor: 'b', index: 2, reason: 'bad length' });
    expect(lines).toHaveLength(2);
    expect(delivery.end).toHaveBeenCalledOnce();
    expect(close).toHaveBeenCalledTimes(2);
    expect(totals).toMatchObject({ logs: 1, deadLettered: 1, batches: 1, batchesSkipped: 1 });
  });

  it('puts the rest on record once, also when the file could not be written at first', async () => {
    const { encoder } = rejectingEncoder('bad length');
    const { sink } = sinkOf(() => undefined);
    let failures = 2;
    const { deadLetters, lines } = lettersOn(async () => {
      if (failures-- > 0) throw refusal;
    });
    const deliver = createDeliver({ encoder, origin, sink, totals: noTotals(), deadLetters, log });
    await deliver(body, ticket, new AbortController().signal, 'skip');
    expect(lines.map(({ index }) => index)).toEqual([1, 2]);
  });

  it('skips a batch that was refused unread', async () => {
    const { encoder } = encoderOf([]);
    const { delivery, sink } = sinkOf(() => undefined);
    const { deadLetters, lines } = lettersOn(async () => undefined);
    const refused = { ...body, refused: new CorruptBatchError('too large') };
    const deliver = createDeliver({ encoder, origin, sink, totals: noTotals(), deadLetters, log });
    const { signal } = new AbortController();
    await expect(deliver(refused, ticket, signal)).rejects.toBe(refused.refused);
    await deliver(refused, ticket, signal, 'skip');
    expect(lines).toMatchObject([{ index: 0, reason: 'too large', nextCursor: 'b' }]);
    expect(delivery.end).toHaveBeenCalledOnce();
  });

  it.each(encoders)(
    'delivers what stands in front of the damage, with the $kind encoder',
    async ({ createEncoder }) => {
      const one = (text: string) => wire.group(wire.log(wire.time(1), wire.content('k', text)));
      const raw = Buffer.concat([one('a'), one('b'.repeat(600)), one('c'), Buffer.from([0xff])]);
      const encoder = createEncoder({ ...encoderDefaults, maxMessageBytes: 480, oversize: 'dead-letter' });
      const { delivery, sink } = sinkOf(() => undefined);
      const totals = noTotals();
      const { deadLetters, lines } = lettersOn(async () => undefined);
      const deliver = createDeliver({ encoder, origin, sink, totals, deadLetters, log });
      await deliver(rawBody(raw), ticket, new AbortController().signal, 'skip');
      expect(lines).toMatchObject([
        { index: 1, reason: 'oversize' },
        { index: 3, nextCursor: 'b' },
      ]);
      expect(delivery.write.mock.calls.map(([{ frameCount }]) => frameCount)).toEqual([1, 1]);
      expect(delivery.end).toHaveBeenCalledOnce();
      expect(totals).toMatchObject({ logs: 2, deadLettered: 1, batchesSkipped: 1 });
    },
  );

  it.each(encoders)(
    'sets aside what the format fails over, says where and not what, and counts what filters drop; $kind encoder',
    async ({ createEncoder }) => {
      const one = (text: string) => wire.group(wire.log(wire.time(1), wire.content('k', text)));
      const raw = Buffer.concat(['sent', 'secret', 'noise', 'noise', 'sent'].map(one));
      const field = Buffer.from('k');
      const noise = { kind: 'in' as const, field, values: [Buffer.from('noise')] };
      const rules = {
        filters: [
          { name: 'everything', keep: { kind: 'exists' as const, field } },
          { name: 'no noise', keep: { kind: 'not' as const, of: noise } },
        ],
        classes: [],
      };
      const format: TextFormat = {
        kind: 'text',
        name: 'test',
        format(view) {
          if (view.get('k') === 'secret') throw new RangeError(`cannot format ${view.get('k')}`);
          return 'text';
        },
      };
      const { delivery, sink } = sinkOf(() => undefined);
      const totals = noTotals();
      const { deadLetters, lines } = lettersOn(async () => undefined);
      log.warn.mockClear();
      const encoder = createEncoder({ ...encoderDefaults, format, rules });
      const deliver = createDeliver({ encoder, origin, sink, totals, deadLetters, log });
      for (let time = 0; time < 2; time++) await deliver(rawBody(raw), ticket, new AbortController().signal);
      expect(lines).toMatchObject([
        { index: 1, reason: 'format', log: Buffer.from(one('secret')).toString('base64') },
        { index: 1, reason: 'format' },
      ]);
      expect(delivery.end).toHaveBeenCalledTimes(2);
      expect(totals).toMatchObject({ logs: 4, deadLettered: 2, dropped: 4, droppedBy: { 'no noise': 4 } });
      expect(totals.droppedBy).not.toHaveProperty('everything');
      expect(log.warn).toHaveBeenCalledOnce();
      const [fields] = log.warn.mock.lastCall!;
      expect(fields).toMatchObject({ error: 'RangeError', at: expect.stringContaining('deliver.test.ts'), logs: 1 });
      expect(JSON.stringify(fields)).not.toContain('secret');
    },
  );
});
