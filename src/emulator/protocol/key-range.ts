/**
 * Shard key ranges: `[begin, end)` over 128-bit MD5 values, written as 32 hex digits. The last shard's end is
 * written `ffffffffffffffffffffffffffffffff` and includes that value.
 */
import { parameterInvalid } from './api-error.ts';

export interface KeyRange {
  readonly begin: bigint;
  readonly end: bigint;
}

export const LAST_KEY = (1n << 128n) - 1n;
const HEX_KEY = /^[0-9a-f]{32}$/i;

export function formatKey(key: bigint): string {
  return key.toString(16).padStart(32, '0');
}

/** @throws ApiError ParameterInvalid when the text is not 32 hex digits */
export function parseKey(text: string): bigint {
  if (!HEX_KEY.test(text)) throw parameterInvalid(`key ${JSON.stringify(text)} is not an MD5 value of 32 hex digits`);
  return BigInt(`0x${text}`);
}

export function contains(range: KeyRange, key: bigint): boolean {
  return key >= range.begin && (key < range.end || (key === LAST_KEY && range.end === LAST_KEY));
}

/** Divides a range into `count` nearly equal parts; the whole key space as the service does, at 2^128 × i / count. */
export function divide(range: KeyRange, count: number): KeyRange[] {
  const exclusiveEnd = range.end === LAST_KEY ? LAST_KEY + 1n : range.end;
  const width = exclusiveEnd - range.begin;
  const edge = (i: number): bigint => (i === count ? range.end : range.begin + (width * BigInt(i)) / BigInt(count));
  return Array.from({ length: count }, (_, i) => ({ begin: edge(i), end: edge(i + 1) }));
}
