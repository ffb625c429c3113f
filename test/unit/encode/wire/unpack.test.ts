import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import { compressSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';
import type { BatchBody, Compression } from '../../../../src/core/bytes.ts';
import { CorruptBatchError } from '../../../../src/core/errors.ts';
import { hasZstd, unpack } from '../../../../src/encode/wire/unpack.ts';

const MAX = 1024 * 1024;
const text = Buffer.from('a log group list '.repeat(100));

function lz4(bytes: Uint8Array): Uint8Array {
  return compressSync(Buffer.from(bytes)).subarray(4);
}

function body(compression: Compression, bytes: Uint8Array, rawSize = text.length): BatchBody {
  return { bytes, compression, rawSize };
}

const packed: [Compression, Uint8Array][] = [
  ['none', text],
  ['lz4', lz4(text)],
  ['deflate', zlib.deflateSync(text)],
];

describe.each(packed)('unpack of %s', (compression, bytes) => {
  it('gives the raw bytes', () => {
    expect(Buffer.from(unpack(body(compression, bytes), MAX)).equals(text)).toBe(true);
  });

  it('gives nothing for an empty body of size 0', () => {
    expect(unpack(body(compression, new Uint8Array(0), 0), MAX)).toHaveLength(0);
  });

  it.each([
    ['too large by one', 1],
    ['too small by one', -1],
    ['far too large', 5000],
  ])('refuses a claimed size that is %s', (_, difference) => {
    expect(() => unpack(body(compression, bytes, text.length + difference), MAX)).toThrow(CorruptBatchError);
  });

  it('refuses a claim of 0 for a body that is there, and of anything for one that is not', () => {
    expect(() => unpack(body(compression, bytes, 0), MAX)).toThrow(CorruptBatchError);
    expect(() => unpack(body(compression, new Uint8Array(0), 5), MAX)).toThrow(CorruptBatchError);
  });

  it('refuses a body that is cut off', () => {
    expect(() => unpack(body(compression, bytes.subarray(0, bytes.length - 3)), MAX)).toThrow(CorruptBatchError);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses the size %s', (rawSize) => {
    expect(() => unpack(body(compression, bytes, rawSize), MAX)).toThrow(/x-log-bodyrawsize/);
  });
});

describe('unpack', () => {
  it('makes no copy of what is not compressed', () => {
    const raw = unpack(body('none', text), MAX);
    expect(raw.buffer).toBe(text.buffer);
    expect(raw.byteOffset).toBe(text.byteOffset);
  });

  it('refuses a size over the limit, and takes one at it', () => {
    expect(() => unpack(body('none', text), text.length - 1)).toThrow(`more than ${text.length - 1} are not accepted`);
    expect(unpack(body('none', text), text.length)).toHaveLength(text.length);
  });

  it('refuses a size that lz4 cannot reach, before anything so large is allocated', () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => unpack(body('lz4', new Uint8Array(1000), 2 ** 31 - 1), 2 ** 31)).toThrow('cannot hold');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });

  it('takes the densest lz4 that there is', () => {
    const zeros = Buffer.alloc(MAX);
    expect(unpack(body('lz4', lz4(zeros), MAX), MAX)).toHaveLength(MAX);
  });

  it('keeps deflate within the claimed size: a bomb ends there', () => {
    const bomb = zlib.deflateSync(Buffer.alloc(MAX));
    // Refused by zlib on its way, not by the comparison afterwards.
    expect(() => unpack(body('deflate', bomb, 1000), MAX)).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' }) }),
    );
  });

  it('refuses bytes that are no such compression, and says which', () => {
    const noise = Buffer.from('ffffffffffffffff', 'hex');
    expect(() => unpack(body('lz4', noise), MAX)).toThrow(/\(lz4, 8 bytes\) cannot be unpacked/);
    expect(() => unpack(body('deflate', noise), MAX)).toThrow(
      expect.objectContaining({
        code: 'corrupt-batch',
        action: 'reject',
        context: { compression: 'deflate', rawSize: text.length, bodyBytes: 8 },
      }),
    );
  });

  it('unpacks zstd where this Node can, and says what to do where it cannot', () => {
    const native = createRequire(import.meta.url)('node:zlib') as { zstdCompressSync?: (bytes: Uint8Array) => Buffer };
    expect(hasZstd).toBe(native.zstdCompressSync !== undefined);
    if (native.zstdCompressSync === undefined) {
      expect(() => unpack(body('zstd', text), MAX)).toThrow(/has no zstd .* ask the service for lz4/);
    } else {
      const bytes = native.zstdCompressSync(text);
      expect(Buffer.from(unpack(body('zstd', bytes), MAX)).equals(text)).toBe(true);
      expect(() => unpack(body('zstd', bytes, text.length - 1), MAX)).toThrow(CorruptBatchError);
    }
  });
});
