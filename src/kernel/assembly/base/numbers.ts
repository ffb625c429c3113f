/** Compares decimal numbers in text. */

export namespace Answer {
  export const NO: u32 = 0;
  export const YES: u32 = 1;
  /** The number takes more than exact arithmetic on doubles. */
  export const UNKNOWN: u32 = 2;
}

const MAX_LENGTH: u32 = 32;
/** Doubles are exact for whole numbers of so many digits, and for powers of ten up to this one. */
const EXACT_DIGITS: u32 = 15;
const EXACT_POWER: u32 = 22;
const PLUS: u32 = 0x2b;
const MINUS: u32 = 0x2d;
const POINT: u32 = 0x2e;
const ZERO: u32 = 0x30;

/**
 * Whether a text is `[+-]?`, digits, perhaps a point and digits, and the number within bounds, as doubles: one division
 * of two exact numbers is rounded correctly.
 * @param bounds two doubles: the lowest and the highest
 */
export function inRange(bounds: usize, from: usize, length: u32): u32 {
  if (length == 0 || length > MAX_LENGTH) return Answer.NO;
  const end = from + length;
  const sign: u32 = load<u8>(from);
  let at = sign == PLUS || sign == MINUS ? from + 1 : from;
  let whole: u64 = 0;
  let digits: u32 = 0;
  let places: u32 = 0;
  let point: usize = 0;
  for (; at < end; at++) {
    const byte: u32 = load<u8>(at);
    if (byte == POINT) {
      if (point != 0) return Answer.NO;
      point = at;
      continue;
    }
    const digit = byte - ZERO;
    if (digit > 9) return Answer.NO;
    // From the 16th digit on, `whole` may overflow: it is not used then.
    whole = whole * 10 + digit;
    if (whole != 0) digits++;
    if (point != 0) places++;
  }
  const first = sign == PLUS || sign == MINUS ? from + 1 : from;
  if (first == end || point == first || (point != 0 && places == 0)) return Answer.NO;
  if (digits > EXACT_DIGITS || places > EXACT_POWER) return Answer.UNKNOWN;
  const size = <f64>whole / power(places);
  const value = sign == MINUS ? -size : size;
  return value >= load<f64>(bounds) && value <= load<f64>(bounds, 8) ? Answer.YES : Answer.NO;
}

/** The power of ten, exact. */
function power(places: u32): f64 {
  let value: f64 = 1;
  for (let place: u32 = 0; place < places; place++) value *= 10;
  return value;
}
