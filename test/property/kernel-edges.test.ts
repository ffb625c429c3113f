/** What generated logs seldom come upon: the kernel's limits, each from both sides. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CorruptBatchError } from '../../src/core/errors.ts';
import { CHUNK_BYTES } from '../../src/encode/encoder-parts.ts';
import type { EncoderOptions } from '../../src/encode/frame/encoder-options.ts';
import { createReferenceEncoder } from '../../src/encode/reference-encoder.ts';
import { createKernelEncoder } from '../../src/kernel/kernel-encoder.ts';
import { KernelMemory } from '../../src/kernel/memory.ts';
import { encodeAll, encoderDefaults, leadWith, rawBody } from '../support/oracles/encode.ts';
import { expectSame, expectSameOf, pairFor } from '../support/oracles/encoder-pair.ts';
import { octetCountingDeframer } from '../support/receivers/deframe.ts';
import { content, group, log, logTag, message, time, timeNs, topic } from '../support/service/wire.ts';

const ORIGIN = { project: 'p', logstore: 'l', shard: 3, cursor: 'MTQ0NzI5' };
const identity = { enterpriseId: 32473 };
const framings = ['octet-counting', 'lf', 'datagram'] as const;
const everyFraming = framings.map((framing): EncoderOptions => ({ ...encoderDefaults, framing }));

function many(count: number, make: (n: number) => Buffer): Buffer[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

describe('a log that looks like another', () => {
  it.each([0, 1, 5, 200, 20_000])('has no TimeNs, though what stands before its Time %i ends like one', (seconds) => {
    // 0x25, the tag of TimeNs, five bytes before the log's end, or four, or six.
    for (const text of ['%', '%%', '%%%', 'a%', '%a', '%aa', '%aaa']) {
      for (const shared of [topic('t'), logTag('k', '%')]) {
        const raw = group(log(time(1), content('k', text)), log(time(seconds)), log(time(seconds)), shared);
        for (const options of everyFraming) expectSameOf(pairFor(options), raw, ORIGIN);
      }
    }
  });

  it('has a TimeNs of its own, after contents of every length', () => {
    const logs = many(300, (n) => log(time(n), content('k', '%'.repeat(n)), timeNs(n * 1_000_003)));
    for (const options of everyFraming) expectSameOf(pairFor(options), group(...logs), ORIGIN);
  });
});

describe('what is larger than the kernel has room for', () => {
  const long = (bytes: number) => 'long\n|"'.repeat(bytes / 7);
  const small = log(time(1), content('k', 'v'));
  const shapes: Readonly<Record<string, Buffer>> = {
    'a log larger than a chunk': group(small, log(time(1), content('k', long(300_000))), small),
    'one of megabytes': group(small, log(time(1), content('k', long(5_000_000))), small),
    'thousands of contents': group(small, log(time(1), ...many(5_000, (n) => content(`k${n}`, 'v\n'))), small),
    'thousands of tags': group(small, ...many(3_000, (n) => logTag(`k${n}`, 'v\n')), small),
    'a large topic': group(small, small, topic(long(100_000))),
    'one group after another, each larger': Buffer.concat(
      many(12, (n) => group(small, topic(long(2 ** n * 100)), ...many(2 ** n, (m) => logTag(`${m}`, '')), small)),
    ),
  };
  const variants: readonly EncoderOptions[] = [
    ...everyFraming,
    { ...encoderDefaults, lead: leadWith({ identity }) },
    { ...encoderDefaults, maxMessageBytes: 65_536, oversize: 'split' },
  ];

  it.each(Object.keys(shapes))('is written as the reference does: %s', (shape) => {
    const raw = shapes[shape]!;
    for (const options of variants) expectSameOf(pairFor(options), raw, ORIGIN);
    expectSameOf(pairFor({ ...encoderDefaults, lead: leadWith({ identity }) }), raw, {
      ...ORIGIN,
      project: 'p'.repeat(3_000),
    });
  });

  it('gets a chunk of its size, and what comes after it ordinary ones', () => {
    const raw = group(
      ...many(3, () => log(time(1), content('k', 'v'.repeat(CHUNK_BYTES + 10_000)))),
      ...many(20_000, () => small),
    );
    const kernel = createKernelEncoder(encoderDefaults);
    // Leaves a region behind that would hold all of it.
    encodeAll(kernel, group(log(time(1), content('k', 'v'.repeat(9_000_000)))));
    const { chunkSizes } = encodeAll(kernel, raw);
    const larger = chunkSizes.filter((size) => size > CHUNK_BYTES);
    expect(larger.map((size) => Math.floor(size / 10_000))).toEqual(
      Array(3).fill(Math.floor(CHUNK_BYTES / 10_000) + 1),
    );
  });

  describe('and for which there is no memory', () => {
    afterEach(() => {
      vi.restoreAllMocks();
    });

    /** From the `nth` request on there is none. */
    function failFrom(method: 'take' | 'allocate', nth: number): () => number {
      const { take, allocate } = KernelMemory.prototype;
      let requests = 0;
      const mayFail = () => {
        if (requests++ >= nth) throw new RangeError('no memory left');
      };
      vi.spyOn(KernelMemory.prototype, method).mockImplementation(function (this: KernelMemory, byteLength: number) {
        mayFail();
        return (method === 'take' ? take.call(this, byteLength) : allocate.call(this, byteLength)) as never;
      });
      return () => requests;
    }

    it.each(['take', 'allocate'] as const)('is left to the reference, whenever %s fails', (method) => {
      const { 'one of megabytes': _, ...smaller } = shapes;
      const raw = Buffer.concat([...Object.values(smaller), group(small, topic('t')), group(small), message(9, 'x')]);
      const limited: EncoderOptions = { ...encoderDefaults, maxMessageBytes: 480, oversize: 'dead-letter' };
      for (const options of [...variants.slice(2), limited]) {
        const expected = encodeAll(createReferenceEncoder(options), raw, ORIGIN);
        let nth = 0;
        let failed: boolean;
        do {
          const kernel = createKernelEncoder(options);
          const requests = failFrom(method, nth);
          expectSame(encodeAll(kernel, raw, ORIGIN), expected);
          failed = requests() > nth;
          vi.restoreAllMocks();
          nth++;
        } while (failed);
        expect(nth).toBeGreaterThan(1);
      }
    });

    it('still comes to an end at damage', () => {
      const raw = Buffer.concat([shapes['thousands of tags']!, Buffer.from([0xff])]);
      const kernel = createKernelEncoder(encoderDefaults);
      failFrom('allocate', 1);
      const { frameCount, error } = encodeAll(kernel, raw);
      expect(frameCount).toBe(2);
      expect(error).toBeInstanceOf(CorruptBatchError);
    });
  });
});

describe('a batch of which nothing comes', () => {
  /** A call deals with so many tags at most, and with a group's own fields. */
  const TAGS_A_CALL = 200_000;
  const count = 1_500_000;
  const repeat = (part: Buffer) => Buffer.alloc(part.length * count, part);
  const shapes: Readonly<Record<string, Buffer>> = {
    'empty groups': repeat(group()),
    'groups with a topic': repeat(group(topic(''))),
    'unknown fields': repeat(message(9)),
    'a group of empty fields': group(repeat(topic(''))),
    'a group of unknown fields': group(repeat(message(9))),
    'a group of tags': group(repeat(logTag('', '')).subarray(0, logTag('', '').length * 300_000)),
  };

  it.each(Object.keys(shapes))('does not hold the event loop: %s', (shape) => {
    const raw = Buffer.concat([shapes[shape]!, group(log(time(1), content('k', 'last')))]);
    const batch = createKernelEncoder(encoderDefaults).begin(rawBody(raw));
    let calls = 0;
    let frames = 0;
    for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) {
      expect(chunk.bytes.length > 0).toBe(chunk.frameCount > 0);
      frames += chunk.frameCount;
      calls++;
      chunk.release();
    }
    batch.close();
    expect(frames).toBe(1);
    expect(batch.counts).toMatchObject({ logs: 1, rawBytes: raw.length });
    const tags = shape === 'a group of tags' ? 300_000 : count;
    expect(calls).toBeGreaterThan(tags / TAGS_A_CALL);
  });

  it('is damaged where it is damaged', () => {
    for (const harm of [Buffer.from([0xff]), Buffer.from([0x0a, 0x05]), group(Buffer.from([0x0b]))]) {
      expectSameOf(pairFor(encoderDefaults), Buffer.concat([shapes['empty groups']!, harm]), ORIGIN);
    }
  });
});

describe('a chunk’s end', () => {
  /** Value before key: nothing that the kernel's usual way takes. */
  const unusual = (text: string) => message(2, message(2, text), message(1, 'k'));
  const ways = { usual: (text: string) => content('k', text), unusual };

  it.each(
    (['octet-counting', 'lf'] as const).flatMap((framing) =>
      (['usual', 'unusual'] as const).map((way) => ({ framing, way })),
    ),
  )('is where the frames fill it to the byte, or one less or more: $framing, $way', ({ framing, way }) => {
    const pair = pairFor({ ...encoderDefaults, framing });
    const sizes = new Set<number>();
    const make = ways[way];
    for (let shift = -80; shift <= 80; shift++) {
      const filling = many(40, (n) => log(time(1), make(String(n).padEnd(6_000, 'f'))));
      // Small logs stand where the chunk ends, and each shift moves them by a byte.
      const first = log(time(1), make('a'.repeat(CHUNK_BYTES - 240_000 - 20_000 + shift)));
      const raw = group(first, ...filling, ...many(300, (n) => log(time(1), make(`${n}`))));
      const encoded = encodeAll(pair.kernel, raw);
      expectSame(encoded, encodeAll(pair.reference, raw));
      for (const size of encoded.chunkSizes) {
        expect(size).toBeLessThanOrEqual(CHUNK_BYTES);
        sizes.add(size);
      }
    }
    expect(sizes.size).toBeGreaterThan(40);
  });

  it.each([0, 1, 2])(
    'holds a log that needs the whole of it, with and without %i bytes that are escaped',
    (escaped) => {
      for (const options of everyFraming) {
        const { kernel, reference } = pairFor(options);
        const bare = encodeAll(reference, group(log(time(1), content('k', '')))).bytes.length;
        for (let size = CHUNK_BYTES - 40; size <= CHUNK_BYTES + 40; size++) {
          const text = '\n'.repeat(escaped) + 'a'.repeat(size - bare - 2 * escaped);
          const raw = group(log(time(1), content('k', 'v')), log(time(1), content('k', text)), log(time(1)));
          const encoded = encodeAll(kernel, raw);
          expectSame(encoded, encodeAll(reference, raw));
          if (options.framing !== 'octet-counting') continue;
          const deframer = octetCountingDeframer();
          expect(deframer.push(encoded.bytes)).toHaveLength(3);
        }
      }
    },
  );
});
