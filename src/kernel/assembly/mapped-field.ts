/**
 * A field that a format gives a place of its own, as the host writes it. 56 bytes:
 *
 *     0   u32  `Kind`
 *     4   u32  `Type`
 *     8   u32  most characters, or NO_LIMIT
 *     12  u32  its places, and how many
 *     20  u32  separator, key and sign, or all of a constant field, and the length
 *     28  u32  the same of an IPv6 address, or 0
 *     36  u32  the label with a separator before it, or nothing, and the length
 *     44  u32  the same of an IPv6 address
 *
 * Places are columns, one number each: the first that has such a value is taken. With PORT_PLACE it is the port of the
 * address in the column, and where the address has none, the places behind it do not count.
 */
import { Plan } from './base/layout';
import { writeDecimal, writeText } from './base/text';
import { hasTimeNs, time, timeNs } from './walk';

export namespace Kind {
  export const CONSTANT: u32 = 0;
  export const FIELDS: u32 = 1;
  export const LOG_TIME: u32 = 2;
}

export const PORT_PLACE: u32 = 0x8000_0000;
/** With it: an IPv6 address is one. */
export const PORT_OF_IPV6: u32 = 0x4000_0000;
export const COLUMN_MASK: u32 = 0x3fff_ffff;

export const FIELD_BYTES: usize = 56;
const NANOSECONDS_A_SECOND: u32 = 1_000_000_000;
const NANOSECONDS_A_MILLISECOND: u32 = 1_000_000;

/** What `secondText` was made for. */
let keptSecond: u32 = 0;
let keptSecondLength: u32 = 0;

/** In milliseconds; a TimeNs of a second and more is no fraction. Most logs are of the second of the one before. */
export function writeLogTime(plan: Plan, output: usize): usize {
  const isFraction = hasTimeNs && timeNs < NANOSECONDS_A_SECOND;
  const milliseconds = isFraction ? timeNs / NANOSECONDS_A_MILLISECOND : 0;
  if (time == 0) return writeDecimal(milliseconds, 1, output);
  if (time != keptSecond) {
    keptSecond = time;
    keptSecondLength = <u32>(writeDecimal(time, 1, plan.secondText) - plan.secondText);
  }
  return writeDecimal(milliseconds, 3, writeText(plan.secondText, keptSecondLength, output));
}
