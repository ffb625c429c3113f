/**
 * Finds a field's value for a mapped field: ../../format/parts/mapped.ts has the types, and what is a value of each.
 * The value found is text in memory, not escaped yet.
 */
import { Address, address, addressEnd, findAddress, isAll, port, portEnd } from './base/addresses';
import { MAX_TYPED_BYTES, Plan, ValueKind } from './base/interface';
import { fallBackLog } from './base/fallback';
import { asciiEnd, charactersEnd } from './base/utf8';

/** Writes a time in epoch milliseconds. @returns how many digits; 0: the text is no time */
@external("host", "readTime")
declare function readTime(from: usize, end: usize, output: usize): u32;

const MAX_INTEGER_DIGITS: usize = 18;
const SECONDS_DIGITS: usize = 10;
const MILLISECONDS_DIGITS: usize = 13;
const NANOSECONDS_DIGITS: usize = 19;
const MINUS: u8 = 0x2d;

export let found: usize = 0;
export let foundEnd: usize = 0;
export let isIpv6: bool = false;
/** Whether the field has only the value found (for a port: and its address). */
export let isWhole: bool = false;

/** Results of `findPort`. */
export namespace Port {
  export const NO_ADDRESS: u32 = 0;
  /** An address without a port. */
  export const NONE: u32 = 1;
  export const FOUND: u32 = 2;
}

/** Takes any text as the value found. */
@inline
export function findText(from: usize, end: usize): void {
  found = from;
  foundEnd = end;
  isIpv6 = false;
  isWhole = true;
}

/** Finds the port of the address that the value begins with. @returns a `Port` */
export function findPort(takesIpv6: bool, from: usize, end: usize): u32 {
  if (from == end) return Port.NO_ADDRESS;
  const kind = findAddress(from, end);
  if (kind == Address.NONE || (kind == Address.IPV6 && !takesIpv6)) return Port.NO_ADDRESS;
  if (port == 0) return Port.NONE;
  findText(port, portEnd);
  isWhole = isAll;
  return Port.FOUND;
}

/** @returns false where the field has no value of that type; calls `fallBackLog` where the kernel cannot tell */
@inline
export function isSuch(plan: Plan, type: u32, takesIpv6: bool, from: usize, end: usize): bool {
  if (from == end) return false;
  if (type != ValueKind.TEXT) return isValue(plan, type, takesIpv6, from, end);
  findText(from, end);
  return true;
}

/** `isSuch` for a field that is not empty, and a type that is not `ValueKind.TEXT`. */
function isValue(plan: Plan, type: u32, takesIpv6: bool, from: usize, end: usize): bool {
  findText(from, end);
  if (type == ValueKind.IP) return isAddress(takesIpv6, from, end);
  if (end - from > MAX_TYPED_BYTES) return false;
  if (type == ValueKind.INTEGER) {
    const digits = load<u8>(from) == MINUS ? from + 1 : from;
    return end - digits <= MAX_INTEGER_DIGITS && digits < end && areDigits(digits, end);
  }
  return isTime(plan, from, end);
}

function isAddress(takesIpv6: bool, from: usize, end: usize): bool {
  const kind = findAddress(from, end);
  isIpv6 = kind == Address.IPV6;
  found = address;
  foundEnd = addressEnd;
  isWhole = isAll && port == 0;
  return kind == Address.IPV4 || (isIpv6 && takesIpv6);
}

function isTime(plan: Plan, from: usize, end: usize): bool {
  const length = end - from;
  const isRegular = length <= NANOSECONDS_DIGITS && areDigits(from, end);
  if (isRegular && length > SECONDS_DIGITS && (length - SECONDS_DIGITS) % 3 == 0) {
    foundEnd = from + MILLISECONDS_DIGITS;
    return true;
  }
  found = plan.timeText;
  if (isRegular && length == SECONDS_DIGITS) {
    v128.store(found, v128.load(from));
    store<u32>(found, 0x303030, SECONDS_DIGITS);
    foundEnd = found + MILLISECONDS_DIGITS;
    return true;
  }
  const digits = readTime(from, end, found);
  foundEnd = found + digits;
  return digits != 0;
}

/** Cuts the value found to so many characters. */
@inline
export function limit(maxCharacters: u32): void {
  // No character is shorter than a byte.
  if (foundEnd - found > maxCharacters) cutTo(maxCharacters);
}

function cutTo(maxCharacters: u32): void {
  const cut = found + maxCharacters;
  if (asciiEnd(found, cut) == cut) {
    foundEnd = cut;
    return;
  }
  const end = charactersEnd(found, foundEnd, maxCharacters);
  if (end == 0) fallBackLog();
  else foundEnd = end;
}

/** Looks at 32 bytes at most: no caller has more. */
@inline
function areDigits(from: usize, end: usize): bool {
  const count = <u64>(end - from);
  const others = <u64>othersIn(v128.load(from)) | (<u64>othersIn(v128.load(from, 16)) << 16);
  return (others & ((<u64>1 << count) - 1)) == 0;
}

/** Bit n: byte n is no digit. */
@inline
function othersIn(bytes: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.gt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(9)));
}
