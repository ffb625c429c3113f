/** Finds the IP address in a value, as ../../../format/parts/address.ts does. */
import { fallBackLog } from './fallback';

export namespace Address {
  export const NONE: u32 = 0;
  export const IPV4: u32 = 1;
  export const IPV6: u32 = 2;
}

/** An element of a list has at most so many bytes. */
const MAX_ELEMENT: usize = 64;
const MAX_IPV6: usize = 45;
const MAX_PORT: u32 = 0xffff;
const MAX_PORT_DIGITS: usize = 5;
const DOT: u8 = 0x2e;
const COLON: u8 = 0x3a;
const COMMA: u8 = 0x2c;
const OPEN: u8 = 0x5b;
const CLOSE: u8 = 0x5d;
const PERCENT: u8 = 0x25;
const SPACE: u8 = 0x20;
const TAB: u8 = 0x09;
const ZERO: u8 = 0x30;
const GROUPS: u32 = 8;
/** An IPv4-mapped IPv6 address: groups of zeros, and the group behind them. */
const ZERO_GROUPS: u32 = 5;
const ONES: u32 = 0xffff;

/** Where the address found last begins and ends. */
export let address: usize = 0;
export let addressEnd: usize = 0;
/** Where the port of the address begins and ends; 0: there is none. */
export let port: usize = 0;
export let portEnd: usize = 0;
/** Whether the value has only the address and the port: no list, and no zone. */
export let isAll: bool = true;

/** @returns an `Address`; calls `fallBackLog` where the address to write is not in the value as such */
export function findAddress(from: usize, end: usize): u32 {
  address = from;
  addressEnd = end;
  port = portEnd = 0;
  isAll = true;
  return isIpv4(from, end) ? Address.IPV4 : findOther(from, end);
}

function findOther(from: usize, end: usize): u32 {
  const limit = min(end, from + MAX_ELEMENT + 1);
  const comma = firstOf(COMMA, from, limit);
  if (comma - from > MAX_ELEMENT) return Address.NONE;
  let start = from;
  let last = comma;
  while (start < last && isBlank(start)) start++;
  while (start < last && isBlank(last - 1)) last--;
  if (start == last) return Address.NONE;
  isAll = comma == end;
  const isBracketed = load<u8>(start) == OPEN;
  if (isBracketed) {
    const close = firstOf(CLOSE, ++start, last);
    if (close == last || (close + 1 < last && !findPort(close + 1, last))) return Address.NONE;
    last = close;
  } else {
    const colon = firstOf(COLON, start, last);
    // An IPv6 address has two colons at least.
    if (colon < last && firstOf(COLON, colon + 1, last) == last) {
      if (!findPort(colon, last)) return Address.NONE;
      last = colon;
    }
  }
  return findHost(start, last);
}

/** Finds an address with or without a zone. */
function findHost(from: usize, end: usize): u32 {
  const zone = firstOf(PERCENT, from, end);
  if (zone < end) {
    isAll = false;
    if (!isZone(zone + 1, end)) return Address.NONE;
  }
  address = from;
  addressEnd = zone;
  if (isIpv4(from, zone)) return zone == end ? Address.IPV4 : Address.NONE;
  if (!isIpv6(from, zone)) return Address.NONE;
  return isMappedIpv4(from, zone) ? Address.IPV4 : Address.IPV6;
}

/** @param from the address of the colon before the port */
function findPort(from: usize, end: usize): bool {
  if (load<u8>(from) != COLON) return false;
  port = from + 1;
  portEnd = end;
  if (port == end || end - port > MAX_PORT_DIGITS) return false;
  let number: u32 = 0;
  for (let at = port; at < end; at++) {
    const digit: u32 = <u32>load<u8>(at) - ZERO;
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  return number <= MAX_PORT;
}

function isZone(from: usize, end: usize): bool {
  if (from == end) return false;
  for (let at = from; at < end; at++) {
    const byte: u32 = load<u8>(at);
    const isAlphanumeric = byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26;
    // The characters - . _ ~ and the % of escapes.
    if (!isAlphanumeric && byte != 0x2d && byte != 0x2e && byte != 0x5f && byte != 0x7e && byte != PERCENT) return false;
  }
  return true;
}

function isBlank(at: usize): bool {
  const byte = load<u8>(at);
  return byte == SPACE || byte == TAB;
}

/** @returns where the byte stands first, or the end */
function firstOf(byte: u8, from: usize, end: usize): usize {
  let at = from;
  while (at < end && load<u8>(at) != byte) at++;
  return at;
}

/** Checks all bytes at once, without branches: in logs of many clients, the four numbers vary in length. */
function isIpv4(from: usize, end: usize): bool {
  const length = <u32>(end - from);
  if (length < 7 || length > 15) return false;
  const bytes = v128.load(from);
  const all = (<u32>1 << length) - 1;
  const dots = <u32>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(DOT))) & all;
  const digits = <u32>i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10))) & all;
  if ((dots | digits) != all || popcnt(dots) != 3) return false;
  const first = ctz(dots);
  const second = ctz(dots & (dots - 1));
  const third = 31 - clz(dots);
  const isWrong =
    isNoOctet(from, first) |
    isNoOctet(from + first + 1, second - first - 1) |
    isNoOctet(from + second + 1, third - second - 1) |
    isNoOctet(from + third + 1, length - third - 1);
  return isWrong == 0;
}

/** 0 where the digits are a number up to 255 without leading zeros. */
@inline
function isNoOctet(from: usize, length: u32): u32 {
  const text = bswap(load<u32>(from)) >>> 8;
  const isLong = u32(length == 3) & u32(text > 0x323535);
  return u32(length - 1 > 2) | (u32(length != 1) & u32(text >>> 16 == 0x30)) | isLong;
}

function isIpv6(from: usize, end: usize): bool {
  if (end - from > MAX_IPV6) return false;
  let at = from;
  let groups: u32 = 0;
  let isShortened = false;
  if (end - from >= 2 && load<u8>(from) == COLON) {
    if (load<u8>(from, 1) != COLON) return false;
    isShortened = true;
    at += 2;
  }
  while (at < end) {
    const start = at;
    while (at < end && at - start < 5 && isHex(at)) at++;
    if (at < end && load<u8>(at) == DOT) {
      if (!isIpv4(start, end)) return false;
      groups += 2;
      at = end;
      break;
    }
    if (at == start || at - start > 4) return false;
    groups++;
    if (at == end) break;
    if (load<u8>(at++) != COLON || at == end) return false;
    if (load<u8>(at) != COLON) continue;
    if (isShortened) return false;
    isShortened = true;
    at++;
  }
  return isShortened ? groups < GROUPS : groups == GROUPS;
}

@inline
function isHex(at: usize): bool {
  const byte: u32 = load<u8>(at);
  return byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 6;
}

/** Whether an IPv6 address is IPv4-mapped (RFC 4291, section 2.5.5.2); the address found is then the IPv4 address. */
function isMappedIpv4(from: usize, end: usize): bool {
  const first = load<u8>(from);
  if (first != COLON && first != ZERO) return false;
  countGroups(from, end);
  // Groups behind a :: are counted from the end.
  const missing = GROUPS - groupCount;
  let hasOnes = false;
  let at = from;
  for (let group: u32 = 0; group < groupCount && at != dotted; group++) {
    while (load<u8>(at) == COLON) at++;
    if (at == dotted) break;
    let value: u32 = 0;
    for (; at < end && isHex(at); at++) value = (value << 4) | hexOf(at);
    const place = group < gap ? group : group + missing;
    if (place < ZERO_GROUPS && value != 0) return false;
    if (place != ZERO_GROUPS) continue;
    if (value != ONES) return false;
    hasOnes = true;
  }
  if (!hasOnes) return false;
  if (dotted == 0) fallBackLog();
  else address = dotted;
  return true;
}

/** Results of `countGroups`: groups, those of them before a ::, and where an IPv4 address at the end begins, or 0. */
let groupCount: u32 = 0;
let gap: u32 = 0;
let dotted: usize = 0;

function countGroups(from: usize, end: usize): void {
  groupCount = 0;
  gap = GROUPS;
  dotted = 0;
  let at = from;
  while (at < end) {
    if (load<u8>(at) == COLON) {
      if (at + 1 < end && load<u8>(at, 1) == COLON) gap = groupCount;
      at++;
      continue;
    }
    const start = at;
    while (at < end && isHex(at)) at++;
    groupCount++;
    if (at == end || load<u8>(at) != DOT) continue;
    groupCount++;
    dotted = start;
    return;
  }
}

@inline
function hexOf(at: usize): u32 {
  const byte: u32 = load<u8>(at);
  return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x61 + 10;
}
