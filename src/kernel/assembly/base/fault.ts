/** Keeps the first fault. A fault leaves nothing more to read (wire.ts): readers check for one at their end. */
import { Fault } from './interface';

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
