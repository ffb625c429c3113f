/** IP addresses in text. */

export namespace Address {
  export const NONE: u32 = 0;
  export const IPV4: u32 = 1;
  export const IPV6: u32 = 2;
}

const MAX_LENGTH: usize = 45;
const DOT: u32 = 0x2e;
const COLON: u8 = 0x3a;
const GROUPS: u32 = 8;

/** IPv4: four decimal numbers up to 255 without leading zeros; IPv6: RFC 4291, 2.2, in all forms, without zone. */
export function addressIn(from: usize, end: usize): u32 {
  if (end - from > MAX_LENGTH) return Address.NONE;
  if (isIpv4(from, end)) return Address.IPV4;
  return isIpv6(from, end) ? Address.IPV6 : Address.NONE;
}

function isIpv4(from: usize, end: usize): bool {
  let parts: u32 = 1;
  let digits: u32 = 0;
  let value: u32 = 0;
  for (let at = from; at < end; at++) {
    const byte: u32 = load<u8>(at);
    if (byte - 0x30 < 10) {
      // A zero has nothing behind it.
      if (digits != 0 && value == 0) return false;
      value = value * 10 + (byte - 0x30);
      if (value > 255) return false;
      digits++;
    } else {
      if (byte != DOT || digits == 0) return false;
      parts++;
      digits = 0;
      value = 0;
    }
  }
  return parts == 4 && digits != 0;
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
    if (at < end && <u32>load<u8>(at) == DOT) {
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
