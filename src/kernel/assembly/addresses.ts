/** IP addresses in text. */

export namespace Address {
  export const NONE: u32 = 0;
  export const IPV4: u32 = 1;
  export const IPV6: u32 = 2;
}

const MAX_LENGTH: usize = 45;
const DOT: u8 = 0x2e;
const COLON: u8 = 0x3a;
const GROUPS: u32 = 8;

/** IPv4: four decimal numbers up to 255 without leading zeros; IPv6: RFC 4291, 2.2, in all forms, without zone. */
export function addressIn(from: usize, end: usize): u32 {
  if (end - from > MAX_LENGTH) return Address.NONE;
  if (isIpv4(from, end)) return Address.IPV4;
  return isIpv6(from, end) ? Address.IPV6 : Address.NONE;
}

/** All of it at once: in logs of many clients, the lengths of the four numbers cannot be foreseen. */
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

/** Of digits: 0 where they are a number up to 255 without leading zeros. */
@inline
function isNoOctet(from: usize, length: u32): u32 {
  const text = bswap(load<u32>(from)) >>> 8;
  const isLong = u32(length == 3) & u32(text > 0x323535);
  return u32(length - 1 > 2) | (u32(length != 1) & u32(text >>> 16 == 0x30)) | isLong;
}

function isIpv6(from: usize, end: usize): bool {
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
