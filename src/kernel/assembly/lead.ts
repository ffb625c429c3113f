/**
 * Leads, which stand before each text. The host, which knows calendars and time zones, makes a lead for each second,
 * variant (rules.ts) and combination of the values in leads. Some are kept, each in a slot: a `LeadSlot`, the lead, and
 * at `Plan.leadValuesAt` the values.
 */
import { columnEnd, columnStart } from './columns';
import { AUTO_DIGITS, LEAD_SLOT_BYTES, LEAD_VALUES_BYTES, LeadSlot, MAX_FIELD_BYTES, NO_FRACTION, Plan } from './base/interface';
import { writeDecimal, writeText } from './base/text';
import { countWork } from './base/work';
import { hashOf, isSame } from './names';

/** Writes a lead and the `length` and `fractionAt` of its slot. */
@external("host", "makeLead")
declare function makeLead(time: u32, variant: u32, slot: usize): void;

/** Slots between two variants, so that all variants of a second and of the seconds around it have their own. */
const VARIANT_STEP: u32 = 11;
/** Work of making a lead, in tags, where each log may need another lead. */
const MAKE_WORK: u32 = 1_000;
const MAX_DIGITS: u32 = 6;
const NANOSECONDS_A_SECOND: u32 = 1_000_000_000;
const DOT: u8 = 0x2e;
const TEXT: usize = LEAD_SLOT_BYTES;

/** @returns the slot of the lead */
export function leadOf(plan: Plan, time: u32, variant: u32): usize {
  if (plan.leadColumnCount != 0) return leadOfValues(plan, time, variant);
  const slot = slotOf(plan, time + variant * VARIANT_STEP);
  const kept = changetype<LeadSlot>(slot);
  if (kept.second == time && kept.variant == variant + 1) return slot;
  makeLead(time, variant, slot);
  kept.second = time;
  kept.variant = variant + 1;
  return slot;
}

function leadOfValues(plan: Plan, time: u32, variant: u32): usize {
  const slot = slotOf(plan, time + variant * VARIANT_STEP + hashOfValues(plan));
  const kept = changetype<LeadSlot>(slot);
  if (kept.second == time && kept.variant == variant + 1 && hasSameValues(plan, slot)) return slot;
  countWork(MAKE_WORK);
  makeLead(time, variant, slot);
  kept.second = time;
  kept.variant = keepValues(plan, slot) ? variant + 1 : 0;
  return slot;
}

@inline
function slotOf(plan: Plan, hash: u32): usize {
  return plan.leads + <usize>(hash & plan.leadMask) * plan.leadStride;
}

/** The column of a value. */
@inline
function columnAt(plan: Plan, index: u32): u32 {
  return load<u32>(plan.leadColumns + (<usize>index << 2));
}

@inline
function lengthOf(plan: Plan, column: u32): u32 {
  return min(<u32>(columnEnd(plan, column) - columnStart(plan, column)), MAX_FIELD_BYTES);
}

function hashOfValues(plan: Plan): u32 {
  let hash: u32 = 0;
  for (let index: u32 = 0; index < plan.leadColumnCount; index++) {
    const column = columnAt(plan, index);
    const from = columnStart(plan, column);
    hash = rotl<u32>(hash, 7) ^ (from == 0 ? 0 : hashOf(from, lengthOf(plan, column)));
  }
  return hash;
}

function hasSameValues(plan: Plan, slot: usize): bool {
  let at = slot + plan.leadValuesAt;
  for (let index: u32 = 0; index < plan.leadColumnCount; index++) {
    const column = columnAt(plan, index);
    const from = columnStart(plan, column);
    const length = from == 0 ? 0 : lengthOf(plan, column);
    if (load<u32>(at) != (from == 0 ? 0 : length + 1)) return false;
    if (!isSame(at + 4, from, length)) return false;
    at += 4 + length;
  }
  return true;
}

/** Stores each column's length + 1 (0: the log has no value), and value. @returns false: there is no room */
function keepValues(plan: Plan, slot: usize): bool {
  let at = slot + plan.leadValuesAt;
  const limit = at + LEAD_VALUES_BYTES;
  for (let index: u32 = 0; index < plan.leadColumnCount; index++) {
    const column = columnAt(plan, index);
    const from = columnStart(plan, column);
    const length = from == 0 ? 0 : lengthOf(plan, column);
    if (at + 4 + length > limit) return false;
    store<u32>(at, from == 0 ? 0 : length + 1);
    memory.copy(at + 4, from, length);
    at += 4 + length;
  }
  return true;
}

/** Digits of a lead's fraction; 0: no digits, and no point. */
@inline
function fractionDigits(plan: Plan, slot: usize, isFraction: bool): u32 {
  if (changetype<LeadSlot>(slot).fractionAt == NO_FRACTION) return 0;
  if (plan.fractionDigits != AUTO_DIGITS) return plan.fractionDigits;
  return isFraction ? MAX_DIGITS : 0;
}

export function leadLength(plan: Plan, slot: usize, hasTimeNs: bool, timeNs: u32): u32 {
  const count = fractionDigits(plan, slot, hasTimeNs && timeNs < NANOSECONDS_A_SECOND);
  return changetype<LeadSlot>(slot).length + (count == 0 ? 0 : 1 + count);
}

export function writeLead(plan: Plan, slot: usize, hasTimeNs: bool, timeNs: u32, output: usize): usize {
  const length = changetype<LeadSlot>(slot).length;
  const isFraction = hasTimeNs && timeNs < NANOSECONDS_A_SECOND;
  const count = fractionDigits(plan, slot, isFraction);
  if (count == 0) return writeText(slot + TEXT, length, output);
  const before = changetype<LeadSlot>(slot).fractionAt;
  let to = writeText(slot + TEXT, before, output);
  store<u8>(to, DOT);
  to = writeDecimal(isFraction ? cut(timeNs / 1_000, count) : 0, count, to + 1);
  return writeText(slot + TEXT + before, length - before, to);
}

/** The first `count` digits of microseconds. */
@inline
function cut(microseconds: u32, count: u32): u32 {
  let value = microseconds;
  for (let left = count; left < MAX_DIGITS; left++) value /= 10;
  return value;
}
