/**
 * Unpacks the body of a pull into the bytes of a LogGroupList.
 *
 * The size that the service claims is not trusted: a wrong claim must cost neither memory nor time. Before memory is
 * allocated, the claim is compared with the limit, and with the most that the lz4 could hold; afterwards with the
 * actual size.
 */
import * as zlib from 'node:zlib';
import { uncompressSync } from 'lz4-napi';
import type { BatchBody } from '../../core/bytes.ts';
import { CorruptBatchError } from '../../core/errors.ts';

/** A byte of 255 in an lz4 length adds 255 bytes of output: no block grows more than that. */
const LZ4_MAX_RATIO = 255;
const LZ4_SIZE_PREFIX_BYTES = 4;

/**
 * @returns exactly `rawSize` bytes; for `none` the body itself, not a copy
 * @throws CorruptBatchError
 */
export function unpack(body: BatchBody, maxRawBytes: number): Uint8Array {
  checkClaim(body, maxRawBytes);
  const raw = plainView(decompress(body));
  checkSize(body, raw.length);
  return raw;
}

/** @throws CorruptBatchError when the body has unpacked to another size than was claimed */
export function checkSize(body: BatchBody, unpackedBytes: number): void {
  if (unpackedBytes === body.rawSize) return;
  throw corrupt(body, `it unpacks to ${unpackedBytes} bytes, but x-log-bodyrawsize says ${body.rawSize}`);
}

/** @throws CorruptBatchError when the claimed size is impossible, or over the limit */
export function checkClaim(body: BatchBody, maxRawBytes: number): void {
  const { rawSize } = body;
  if (!Number.isSafeInteger(rawSize) || rawSize < 0) {
    throw corrupt(body, `x-log-bodyrawsize is ${rawSize}, which is no size`);
  }
  if (rawSize > maxRawBytes) {
    throw corrupt(body, `x-log-bodyrawsize says ${rawSize} bytes, and more than ${maxRawBytes} are not accepted`);
  }
  if (body.compression === 'lz4' && rawSize > body.bytes.length * LZ4_MAX_RATIO) {
    throw corrupt(body, `x-log-bodyrawsize says ${rawSize} bytes, which ${body.bytes.length} bytes of lz4 cannot hold`);
  }
}

function decompress(body: BatchBody): Uint8Array {
  if (body.bytes.length === 0) return body.bytes;
  try {
    switch (body.compression) {
      case 'none':
        return body.bytes;
      case 'lz4':
        return uncompressSync(withSizePrefix(body));
      case 'deflate':
        return zlib.inflateSync(body.bytes, outputLimit(body));
      case 'zstd':
        return zstdDecompress(body.bytes, outputLimit(body));
    }
  } catch (error) {
    throw corrupt(body, error instanceof Error ? error.message : String(error), error);
  }
}

/** lz4-napi wants the size as 4 bytes, little-endian, in front of the block: this is the only copy. */
function withSizePrefix(body: BatchBody): Uint8Array {
  const prefixed = Buffer.allocUnsafeSlow(LZ4_SIZE_PREFIX_BYTES + body.bytes.length);
  prefixed.writeUInt32LE(body.rawSize, 0);
  prefixed.set(body.bytes, LZ4_SIZE_PREFIX_BYTES);
  return prefixed;
}

/** zlib does not take a limit of 0; `checkSize` finds the byte too many. */
function outputLimit(body: BatchBody): { maxOutputLength: number } {
  return { maxOutputLength: Math.max(1, body.rawSize) };
}

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** node:zlib has zstd from Node 22.15; the types in this project are those of Node 20. */
const zstdDecompress: Decompress =
  (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync ??
  (() => {
    throw new Error(`Node ${process.versions.node} has no zstd (it came with 22.15): ask the service for lz4`);
  });

/** True where this Node can unpack zstd. */
export const hasZstd = 'zstdDecompressSync' in zlib;

/** A plain Uint8Array over the same memory, so that loops over bytes see one hidden class, not Buffer's too. */
function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function corrupt(body: BatchBody, why: string, cause?: unknown): CorruptBatchError {
  const { compression, rawSize } = body;
  return new CorruptBatchError(
    `A pull's body (${compression}, ${body.bytes.length} bytes) cannot be unpacked: ${why}.`,
    { compression, rawSize, bodyBytes: body.bytes.length },
    cause,
  );
}
