/** The first thing that is wrong with the bytes. Reading goes on to nothing: whoever reads looks here at its end. */

/** The texts are in ../damage.ts, in this order. */
export namespace Fault {
  export const NONE: u32 = 0;
  export const ZERO_FIELD: u32 = 1;
  export const LENGTH_PAST_END: u32 = 2;
  export const FIELD_PAST_END: u32 = 3;
  export const GROUPS_TOO_DEEP: u32 = 4;
  export const WIRE_TYPE: u32 = 5;
  export const GROUP_END: u32 = 6;
  export const VARINT_TOO_LONG: u32 = 7;
  export const TAG_TOO_LARGE: u32 = 8;
  export const LENGTH_TOO_LARGE: u32 = 9;
  export const NO_TIME: u32 = 10;
  export const CONTENT_WITHOUT_KEY: u32 = 11;
  export const CONTENT_WITHOUT_VALUE: u32 = 12;
  export const TAG_WITHOUT_KEY: u32 = 13;
  export const TAG_WITHOUT_VALUE: u32 = 14;
}

let first: u32 = Fault.NONE;
let firstAt: usize = 0;
let firstDetail: u32 = 0;

export function clearFault(): void {
  first = Fault.NONE;
}

/** @param at the address that the report names */
export function fail(fault: u32, at: usize, detail: u32 = 0): void {
  if (first != Fault.NONE) return;
  first = fault;
  firstAt = at;
  firstDetail = detail;
}

@inline
export function failed(): bool {
  return first != Fault.NONE;
}

export function fault(): u32 {
  return first;
}

export function faultAt(): usize {
  return firstAt;
}

export function faultDetail(): u32 {
  return firstDetail;
}
