/**
 * Cursors: base64 of a 19-digit decimal, one per log group, consecutive. The number is above 2^53, so it is a
 * bigint everywhere. The service shows cursors with and without padding; both are read, padding is written.
 */
import { invalidCursor } from './api-error.ts';

const CURSOR_DIGITS = 19;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const NINETEEN_DIGITS = /^[1-9]\d{18}$/;

export function encodeCursor(position: bigint): string {
  return Buffer.from(position.toString(), 'latin1').toString('base64');
}

/** @throws ApiError InvalidCursor when the cursor is not base64 of a 19-digit decimal */
export function decodeCursor(cursor: string): bigint {
  const digits = BASE64.test(cursor) ? Buffer.from(cursor, 'base64').toString('latin1') : '';
  if (!NINETEEN_DIGITS.test(digits)) {
    throw invalidCursor(cursor, `it is not base64 of a ${CURSOR_DIGITS}-digit number`);
  }
  return BigInt(digits);
}

/**
 * The position of a shard's first group: milliseconds of the shard's creation × 10^6, which has 19 digits, plus an
 * offset by the shard's id, so that a cursor of one shard is almost certainly outside the range of another.
 */
export function firstPosition(createdMs: number, shard: number): bigint {
  return BigInt(Math.trunc(createdMs)) * 1_000_000n + BigInt(shard) * 10_000_000_000n;
}
