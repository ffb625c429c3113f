/** The kernel’s lz4 against the library’s: the same bytes, and the same blocks refused. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { compressSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import type { BatchBody } from '../../src/core/bytes.ts';
import { CorruptBatchError } from '../../src/core/errors.ts';
import { createEncoderParts } from '../../src/encode/encoder-parts.ts';
import type { BatchEncoder } from '../../src/encode/frame/batch-encoder.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { isPossible } from '../../src/kernel/plan.ts';
import { anyRaw, applyDamage, damage } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { type Encoded, encodeAll, encoderDefaults } from '../support/oracles/encode.ts';
import { pairFor } from '../support/oracles/encoder-pair.ts';
import { message } from '../support/service/wire.ts';

interface Sequence {
  readonly literals: number;
  /** How far back its match begins; taken modulo what there is. */
  readonly back: number;
  readonly length: number;
}

/** A block of these sequences, with so many literals behind them, and what it unpacks to. */
function packSequences(sequences: readonly Sequence[], last: number): { block: Uint8Array; raw: Uint8Array } {
  const block: number[] = [];
  const raw: number[] = [];
  const more = (length: number) => {
    if (length < 15) return;
    for (length -= 15; length >= 255; length -= 255) block.push(255);
    block.push(length);
  };
  const literal = (count: number) => {
    for (let n = 0; n < count; n++) {
      const byte = (raw.length * 167) & 0xff;
      raw.push(byte);
      block.push(byte);
    }
  };
  for (const { literals, back, length } of sequences) {
    const count = raw.length === 0 ? Math.max(1, literals) : literals;
    block.push((Math.min(count, 15) << 4) | Math.min(length - 4, 15));
    more(count);
    literal(count);
    const offset = 1 + ((back - 1) % Math.min(raw.length, 0xffff));
    block.push(offset & 0xff, offset >> 8);
    more(length - 4);
    for (let n = 0; n < length; n++) raw.push(raw[raw.length - offset]!);
  }
  block.push(Math.min(last, 15) << 4);
  more(last);
  literal(last);
  return { block: Uint8Array.from(block), raw: Uint8Array.from(raw) };
}

/** By the format's description, with every byte checked. @returns undefined when it is damaged, or of another size */
function unpackPlainly(block: Uint8Array, rawSize: number): Uint8Array | undefined {
  const raw: number[] = [];
  let at = 0;
  const length = (nibble: number): number => {
    let sum = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; sum += byte) byte = block[at++] ?? Number.NaN;
    return sum;
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = length(token >> 4);
    if (!(at + literals <= block.length && raw.length + literals <= rawSize)) return undefined;
    for (let n = 0; n < literals; n++) raw.push(block[at++]!);
    if (at === block.length) return raw.length === rawSize ? Uint8Array.from(raw) : undefined;
    const offset = (block[at] ?? Number.NaN) + 256 * (block[at + 1] ?? Number.NaN);
    at += 2;
    const match = length(token & 15) + 4;
    if (!(offset >= 1 && offset <= raw.length && raw.length + match <= rawSize)) return undefined;
    for (let n = 0; n < match; n++) raw.push(raw[raw.length - offset]!);
  }
  return undefined;
}

function isSame(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left && right ? Buffer.compare(left, right) === 0 : left === right;
}

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
  const parts = createEncoderParts(encoderDefaults);
  if (!isPossible(parts)) throw new Error('the kernel cannot write the format');
  const bare = new Kernel(parts);
  /** What is in the kernel's memory then; undefined when the block is refused. */
  const unpackInto = (bytes: Uint8Array, rawSize: number): Uint8Array | undefined => {
    try {
      const { raw, groups } = bare.load({ bytes, compression: 'lz4', rawSize });
      const unpacked = bare.memory.bytes.slice(raw.at, raw.at + rawSize);
      for (const slot of [groups, raw]) bare.memory.give(slot);
      return unpacked;
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptBatchError);
      return undefined;
    }
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

  /** Lengths at which an encoding of them changes, or how they are copied. */
  const lengths = (...special: number[]) => fc.oneof(fc.constantFrom(...special), fc.nat(70));
  const sequences = fc.array(
    fc.record({
      literals: lengths(0, 14, 15, 16, 17, 269, 270, 271, 600),
      back: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 0xffff })),
      length: lengths(4, 18, 19, 64, 65, 272, 273, 274, 528, 529, 2_000).map((length) => Math.max(4, length)),
    }),
    { minLength: 1, maxLength: 60 },
  );

  it('unpacks any sequences, byte for byte', () => {
    fc.assert(
      fc.property(sequences, fc.nat(600), (all, last) => {
        const { block, raw } = packSequences(all, last);
        expect(isSame(unpackPlainly(block, raw.length), raw)).toBe(true);
        expect(isSame(unpackInto(block, raw.length), raw)).toBe(true);
      }),
      propertyRuns(2_000),
    );
  });

  it('and refuses or unpacks them damaged as a decoder does that checks each byte', () => {
    fc.assert(
      fc.property(sequences, fc.nat(20), damage, fc.integer({ min: -3, max: 3 }), (all, last, what, lie) => {
        const { block, raw } = packSequences(all, last);
        const damaged = applyDamage(block, what);
        const rawSize = raw.length + lie;
        expect(isSame(unpackInto(damaged, rawSize), unpackPlainly(damaged, rawSize))).toBe(true);
      }),
      propertyRuns(3_000),
    );
  });

  it('looks back at nothing before what it has written, from anywhere in a block', () => {
    fc.assert(
      fc.property(sequences, fc.integer({ min: 1, max: 40 }), fc.boolean(), (all, beyond, isBeyond) => {
        const { block, raw } = packSequences(all.slice(0, 8), 0);
        const offset = Math.min(raw.length, 0xff00) + (isBeyond ? beyond : 0);
        const match = [0x04, offset & 0xff, offset >> 8];
        const tail = packSequences([], 600).block;
        const bytes = Uint8Array.from([...block.subarray(0, -1), ...match, ...tail]);
        const unpacked = unpackInto(bytes, raw.length + 8 + 600);
        expect(unpacked === undefined).toBe(offset > raw.length);
      }),
      propertyRuns(2_000),
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

  it('writes nothing behind the region that it is given and its padding, whatever a block says', () => {
    const size = 2 ** 20;
    const tooMuch = packed(new Uint8Array(message(15, 'x'.repeat(3_000_000))));
    const random = packed(new Uint8Array(message(15, randomBytes(2_000_000))));
    const usual = Array.from({ length: 10_000 }, () => ({ literals: 3, back: 40, length: 250 }));
    for (const bytes of [tooMuch, random, packSequences(usual, 5).block]) {
      const kernel = new Kernel(parts);
      const region = kernel.memory.take(size);
      const behind = kernel.memory.take(4 * size);
      expect(behind.at - region.at).toBeLessThan(size + 1024);
      kernel.memory.give(region);
      kernel.memory.bytes.fill(0x5a, behind.at, behind.at + behind.capacity);
      expect(() => kernel.load({ bytes, compression: 'lz4', rawSize: size })).toThrow(CorruptBatchError);
      expect(kernel.memory.bytes.subarray(behind.at, behind.at + behind.capacity).every((byte) => byte === 0x5a)).toBe(
        true,
      );
      expect(kernel.memory.take(size).at, 'it was this region').toBe(region.at);
    }
  });
});
