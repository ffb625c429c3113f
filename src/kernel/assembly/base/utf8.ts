/** Checks UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. */

/** Whether all bytes are UTF-8; sixteen are checked at a time as long as they are ASCII. */
@inline
export function isUtf8(from: usize, end: usize): bool {
  if (end - from <= 16) {
    const high = <u32>i8x16.bitmask(v128.load(from)) & ((1 << <u32>(end - from)) - 1);
    return high == 0 || areCharacters(from + ctz(high), end);
  }
  const stop = asciiEnd(from, end);
  return stop == end || areCharacters(stop, end);
}

/** Where the first byte is that is not ASCII, or `end`. */
export function asciiEnd(from: usize, end: usize): usize {
  let at = from;
  for (; at + 64 <= end; at += 64) {
    const low = v128.or(v128.load(at), v128.load(at, 16));
    const high = v128.or(v128.load(at, 32), v128.load(at, 48));
    if (i8x16.bitmask(v128.or(low, high)) != 0) break;
  }
  for (; at < end; at += 16) {
    const high = i8x16.bitmask(v128.load(at));
    if (high != 0) return min(end, at + ctz(high));
  }
  return end;
}

function areCharacters(from: usize, end: usize): bool {
  let at = from;
  while (at < end) {
    const length = characterLength(at, end);
    if (length == 0) return false;
    at += length;
    if (length == 1) at = asciiEnd(at, end);
  }
  return true;
}

/**
 * Where the first `count` characters end, or `end` where there are fewer.
 * @returns 0 where there is invalid UTF-8 before that
 */
export function charactersEnd(from: usize, end: usize, count: u32): usize {
  let at = from;
  for (let left = count; left > 0 && at < end; left--) {
    const length = characterLength(at, end);
    if (length == 0) return 0;
    at += length;
  }
  return at;
}

/** Bytes of the character, 1 to 4; 0 where there is none. */
function characterLength(at: usize, end: usize): usize {
  const first: u32 = load<u8>(at);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length: usize = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  const second: u32 = load<u8>(at, 1);
  if ((second & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  if (length > 2 && (load<u8>(at, 2) & 0xc0) != 0x80) return 0;
  if (length > 3 && (load<u8>(at, 3) & 0xc0) != 0x80) return 0;
  return length;
}
