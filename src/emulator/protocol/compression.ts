/**
 * Compresses bodies as the service does: lz4 is the raw *block* (no frame; the size is in `x-log-bodyrawsize`), deflate
 * is the zlib format, zstd needs Node 22.15.
 */
import * as zlib from 'node:zlib';
import lz4 from 'lz4-napi';
import { ApiError } from './api-error.ts';

export type BodyCompression = 'none' | 'lz4' | 'zstd' | 'deflate';

interface ZstdFunctions {
  zstdCompressSync?: (bytes: Uint8Array) => Buffer;
  zstdDecompressSync?: (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer;
}

/** Cast, since the type definitions of the oldest supported Node lack zstd. */
const { zstdCompressSync, zstdDecompressSync }: ZstdFunctions = zlib as unknown as ZstdFunctions;

/** The compressions that this Node has, the service's preferred one first. */
export const SUPPORTED: readonly BodyCompression[] = zstdCompressSync ? ['lz4', 'zstd', 'deflate'] : ['lz4', 'deflate'];

/** lz4-napi writes and expects 4 bytes of little-endian size before a block. */
const LZ4_NAPI_PREFIX_BYTES = 4;

/** The preferred compression in `Accept-Encoding`; `none` when it has no supported one. */
export function chooseCompression(acceptEncoding: string | undefined): BodyCompression {
  const offered = (acceptEncoding ?? '').split(',').map((part) => part.split(';')[0]!.trim().toLowerCase());
  return SUPPORTED.find((compression) => offered.includes(compression)) ?? 'none';
}

export function compress(raw: Uint8Array, compression: BodyCompression): Uint8Array {
  switch (compression) {
    case 'none':
      return raw;
    case 'lz4':
      return lz4.compressSync(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)).subarray(LZ4_NAPI_PREFIX_BYTES);
    case 'deflate':
      return zlib.deflateSync(raw);
    case 'zstd':
      return zstdCompressSync!(raw);
  }
}

/**
 * @param name `x-log-compresstype`; empty for none
 * @param rawSize `x-log-bodyrawsize`, bounded by the caller
 * @throws ApiError InvalidCompressType, PostBodyUncompressError
 */
export function decompress(body: Uint8Array, name: string, rawSize: number): Uint8Array {
  const raw = unpack(body, name, rawSize);
  if (raw.length !== rawSize) {
    throw uncompressError(`the body has ${raw.length} bytes, x-log-bodyrawsize says ${rawSize}`);
  }
  return raw;
}

function unpack(body: Uint8Array, name: string, rawSize: number): Uint8Array {
  const limits = { maxOutputLength: Math.max(rawSize, 1) };
  try {
    if (name === '') return body;
    if (name === 'deflate') return zlib.inflateSync(body, limits);
    if (name === 'zstd' && zstdDecompressSync) return zstdDecompressSync(body, limits);
    if (name === 'lz4') {
      const prefixed = Buffer.allocUnsafe(LZ4_NAPI_PREFIX_BYTES + body.length);
      prefixed.writeUInt32LE(rawSize, 0);
      prefixed.set(body, LZ4_NAPI_PREFIX_BYTES);
      return lz4.uncompressSync(prefixed);
    }
  } catch (cause) {
    throw uncompressError(`the body is not ${name}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  throw new ApiError(
    400,
    'InvalidCompressType',
    `x-log-compresstype ${name} is unsupported, use one of ${SUPPORTED.join(', ')}`,
  );
}

function uncompressError(message: string): ApiError {
  return new ApiError(400, 'PostBodyUncompressError', message);
}
