/** The kernel’s lz4 against the library’s: the same bytes, and the same blocks refused. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { compressSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import type { BatchEncoder } from '../../src/encode/batch-encoder.ts';
import type { BatchBody } from '../../src/encode/bytes.ts';
import { CorruptBatchError } from '../../src/errors.ts';
import { createKernelEncoder } from '../../src/kernel/kernel-encoder.ts';
import { type Encoded, encodeAll, encoderDefaults, rawBody } from '../support/encode.ts';
import { pairFor } from '../support/encoder-pair.ts';
import { anyRaw, applyDamage, damage } from '../support/log-group-arbitraries.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { content, group, log, message, time } from '../support/wire.ts';

describe('the kernel’s lz4', () => {
  const { reference, kernel } = pairFor(encoderDefaults);
  const unpackedAs = (encoder: BatchEncoder, body: BatchBody): Encoded | 'corrupt' => {
    try {
      return { ...encodeBody(encoder, body), chunkSizes: [] };
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptBatchError);
      return 'corrupt';
    }
  };
  const encodeBody = (encoder: BatchEncoder, body: BatchBody): Encoded => {
    const opened = { begin: () => encoder.begin(body) };
    return encodeAll(opened, new Uint8Array(0));
  };
  /** Text that repeats itself from every distance. */
  const repetitive = fc
    .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(40)), { maxLength: 30 })
    .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => Array<Uint8Array>(times + 1).fill(bytes))));
  const unknownField = (bytes: Uint8Array) => message(15, bytes);
  const lists = fc.oneof(
    anyRaw,
    repetitive.map((bytes) => new Uint8Array(unknownField(bytes))),
  );
  const packed = (raw: Uint8Array) => new Uint8Array(compressSync(Buffer.from(raw)).subarray(4));

  it('unpacks what lz4 packs', () => {
    fc.assert(
      fc.property(lists, (raw) => {
        const body: BatchBody = { bytes: packed(raw), compression: 'lz4', rawSize: raw.length };
        const outcome = unpackedAs(kernel, body);
        expect(outcome).not.toBe('corrupt');
        expect(outcome).toEqual(unpackedAs(reference, body));
      }),
      propertyRuns(2_000),
    );
  });

  it('refuses or unpacks damaged blocks as the library does', () => {
    fc.assert(
      fc.property(lists, damage, fc.integer({ min: -3, max: 3 }), (raw, what, lie) => {
        const rawSize = Math.max(0, raw.length + lie);
        const body: BatchBody = { bytes: applyDamage(packed(raw), what), compression: 'lz4', rawSize };
        expect(unpackedAs(kernel, body)).toEqual(unpackedAs(reference, body));
      }),
      propertyRuns(3_000),
    );
  });

  it.each([
    [1, false],
    [2, true],
    [3, true],
    [0, true],
    [0xffff, true],
  ])('looks back at nothing before the region that it is given: %i bytes back from the second', (offset, isRefused) => {
    // One literal, a match of four, and five literals.
    const bytes = Uint8Array.of(0x10, 0x7a, offset & 0xff, offset >> 8, 0x50, 1, 2, 3, 4, 5);
    const begin = () => kernel.begin({ bytes, compression: 'lz4', rawSize: 10 }).close();
    if (isRefused) expect(begin).toThrow(CorruptBatchError);
    else expect(begin).not.toThrow();
  });

  it('writes nothing behind the region that it is given, whatever a block says', () => {
    const value = 'v'.repeat(900_000);
    const raw = group(log(time(1), content('a', value)), log(time(1), content('b', value)));
    const whole = encodeAll(kernel, raw).bytes;
    const tooMuch = packed(new Uint8Array(message(15, 'x'.repeat(3_000_000))));
    const random = new Uint8Array(message(15, randomBytes(2_000_000)));
    const damagedPack = (rawSize: number, bytes: Uint8Array) => ({ bytes, compression: 'lz4' as const, rawSize });
    // Slots have a power of two: the batch that is open lies right behind one of 1 MiB.
    for (const body of [damagedPack(2 ** 20, tooMuch), damagedPack(2 ** 20, packed(random))]) {
      const fresh = createKernelEncoder(encoderDefaults);
      const first = fresh.begin(rawBody(raw.subarray(0, 0)));
      const open = fresh.begin(rawBody(raw));
      first.close();
      expect(() => fresh.begin(body)).toThrow(CorruptBatchError);
      expect(encodeAll({ begin: () => open }, new Uint8Array(0)).bytes.equals(whole)).toBe(true);
    }
  });
});
