/**
 * Headers. The host makes one for each second (it knows calendars and time zones) and each variant (rules.ts); 64 of
 * them are kept, each behind a `HeaderSlot`.
 */
import { AUTO_DIGITS, HEADER_SLOT_BYTES, HEADER_SLOTS, HeaderSlot, NO_FRACTION, Plan } from './base/interface';
import { writeDecimal, writeText } from './base/text';

/** Writes a header and its slot, all but second and variant. */
@external("host", "makeHeader")
declare function makeHeader(time: u32, variant: u32, slot: usize): void;

/** So that the variants of one second have slots of their own, and of the seconds around it too. */
const VARIANT_STEP: u32 = 11;
const MAX_DIGITS: u32 = 6;
const NANOSECONDS_A_SECOND: u32 = 1_000_000_000;
const DOT: u8 = 0x2e;
const TEXT: usize = HEADER_SLOT_BYTES;

/** @returns the slot */
export function headerOf(plan: Plan, time: u32, variant: u32): usize {
  const slot = plan.headers + ((time + variant * VARIANT_STEP) & (HEADER_SLOTS - 1)) * plan.headerStride;
  const kept = changetype<HeaderSlot>(slot);
  if (kept.second == time && kept.variant == variant + 1) return slot;
  makeHeader(time, variant, slot);
  kept.second = time;
  kept.variant = variant + 1;
  return slot;
}

/** Below the second, in a header that has a place for them; 0: neither they nor the point. */
@inline
function fractionDigits(plan: Plan, slot: usize, isFraction: bool): u32 {
  if (changetype<HeaderSlot>(slot).fractionAt == NO_FRACTION) return 0;
  if (plan.timestampDigits != AUTO_DIGITS) return plan.timestampDigits;
  return isFraction ? MAX_DIGITS : 0;
}

export function headerLength(plan: Plan, slot: usize, hasTimeNs: bool, timeNs: u32): u32 {
  const count = fractionDigits(plan, slot, hasTimeNs && timeNs < NANOSECONDS_A_SECOND);
  return changetype<HeaderSlot>(slot).length + (count == 0 ? 0 : 1 + count);
}

export function writeHeader(plan: Plan, slot: usize, hasTimeNs: bool, timeNs: u32, output: usize): usize {
  const length = changetype<HeaderSlot>(slot).length;
  const isFraction = hasTimeNs && timeNs < NANOSECONDS_A_SECOND;
  const count = fractionDigits(plan, slot, isFraction);
  if (count == 0) return writeText(slot + TEXT, length, output);
  const before = changetype<HeaderSlot>(slot).fractionAt;
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
