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
import { HEADER_SLOTS, Plan } from './layout';
import { writeDecimal, writeText } from './text';

/** Writes a header into a slot, all but its first eight bytes. */
@external("host", "makeHeader")
declare function makeHeader(time: u32, variant: u32, slot: usize): void;

const NO_FRACTION: u32 = 0xffff_ffff;
/** So that the variants of one second have slots of their own, and of the seconds around it too. */
const VARIANT_STEP: u32 = 11;
const FRACTION_BYTES: u32 = 7;
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

@inline
function hasFraction(slot: usize, hasTimeNs: bool, timeNs: u32): bool {
  return hasTimeNs && timeNs < NANOSECONDS_A_SECOND && load<u32>(slot, 12) != NO_FRACTION;
}

export function headerLength(slot: usize, hasTimeNs: bool, timeNs: u32): u32 {
  return load<u32>(slot, 8) + (hasFraction(slot, hasTimeNs, timeNs) ? FRACTION_BYTES : 0);
}

export function writeHeader(slot: usize, hasTimeNs: bool, timeNs: u32, output: usize): usize {
  const length = load<u32>(slot, 8);
  if (!hasFraction(slot, hasTimeNs, timeNs)) return writeText(slot + TEXT, length, output);
  const before = load<u32>(slot, 12);
  let to = writeText(slot + TEXT, before, output);
  store<u8>(to, DOT);
  to = writeDecimal(timeNs / 1_000, FRACTION_BYTES - 1, to + 1);
  return writeText(slot + TEXT + before, length - before, to);
}
