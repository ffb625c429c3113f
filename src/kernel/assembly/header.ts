/**
 * Headers. The host makes one for each second (it knows calendars and time zones) and each variant (rules.ts); 64 of
 * them are kept:
 *
 *     0   u32  the second
 *     4   u32  the variant + 1; 0: the slot is not filled
 *     8   u32  length of the header
 *     12  u32  where in it a fraction of the second goes, or NO_FRACTION
 *     16  …    the header
 */
import { HEADER_SLOTS, Plan } from './base/layout';
import { writeDecimal, writeText } from './base/text';

/** Writes a header into a slot, all but its first eight bytes. */
@external("host", "makeHeader")
declare function makeHeader(time: u32, variant: u32, slot: usize): void;

const NO_FRACTION: u32 = 0xffff_ffff;
/** So that the variants of one second have slots of their own, and of the seconds around it too. */
const VARIANT_STEP: u32 = 11;
/** Of a Plan's `timestampDigits`: six where the log has a fraction, none otherwise. */
const AUTO_DIGITS: u32 = 7;
const MAX_DIGITS: u32 = 6;
const NANOSECONDS_A_SECOND: u32 = 1_000_000_000;
const DOT: u8 = 0x2e;
const TEXT: usize = 16;

/** @returns the slot */
export function headerOf(plan: Plan, time: u32, variant: u32): usize {
  const slot = plan.headers + ((time + variant * VARIANT_STEP) & (HEADER_SLOTS - 1)) * plan.headerStride;
  if (load<u32>(slot) == time && load<u32>(slot, 4) == variant + 1) return slot;
  makeHeader(time, variant, slot);
  store<u32>(slot, time);
  store<u32>(slot, variant + 1, 4);
  return slot;
}

/** Below the second, in a header that has a place for them; 0: neither they nor the point. */
@inline
function fractionDigits(plan: Plan, slot: usize, isFraction: bool): u32 {
  if (load<u32>(slot, 12) == NO_FRACTION) return 0;
  if (plan.timestampDigits != AUTO_DIGITS) return plan.timestampDigits;
  return isFraction ? MAX_DIGITS : 0;
}

export function headerLength(plan: Plan, slot: usize, hasTimeNs: bool, timeNs: u32): u32 {
  const count = fractionDigits(plan, slot, hasTimeNs && timeNs < NANOSECONDS_A_SECOND);
  return load<u32>(slot, 8) + (count == 0 ? 0 : 1 + count);
}

export function writeHeader(plan: Plan, slot: usize, hasTimeNs: bool, timeNs: u32, output: usize): usize {
  const length = load<u32>(slot, 8);
  const isFraction = hasTimeNs && timeNs < NANOSECONDS_A_SECOND;
  const count = fractionDigits(plan, slot, isFraction);
  if (count == 0) return writeText(slot + TEXT, length, output);
  const before = load<u32>(slot, 12);
  let to = writeText(slot + TEXT, before, output);
  store<u8>(to, DOT);
  to = writeDecimal(isFraction ? cut(timeNs / 1_000, count) : 0, count, to + 1);
  return writeText(slot + TEXT + before, length - before, to);
}

/** Of microseconds the first digits. */
@inline
function cut(microseconds: u32, count: u32): u32 {
  let value = microseconds;
  for (let left = count; left < MAX_DIGITS; left++) value /= 10;
  return value;
}
