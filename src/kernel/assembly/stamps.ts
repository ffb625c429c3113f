/**
 * Stamps tell whether two fields of a log are written under one name. Each written name has a stamp of two numbers: the
 * last log with a field of that name, and the last group with one.
 */
import { stampOf } from './names';

let logStamp: u32 = 0;
let groupStamp: u32 = 0;

export function newGroupStamp(): void {
  groupStamp++;
}

export function newLogStamp(): void {
  logStamp++;
}

/** The number of the group that was read last; never 0. */
@inline
export function presentGroup(): u32 {
  return groupStamp;
}

/** Whether the present group has a field of that name. */
@inline
export function isOfPresentGroup(stamp: usize): bool {
  return load<u32>(stamp, 4) == groupStamp;
}

/** Stamps the name of a content. @returns true where the log has that name already */
@inline
export function isRepeated(record: usize): bool {
  return stampLog(stampOf(record));
}

@inline
export function stampLog(stamp: usize): bool {
  if (load<u32>(stamp) == logStamp || load<u32>(stamp, 4) == groupStamp) return true;
  store<u32>(stamp, logStamp);
  return false;
}

/** Stamps the name of a group's field. @returns true where the group has that name already */
export function stampGroup(stamp: usize): bool {
  if (load<u32>(stamp, 4) == groupStamp) return true;
  store<u32>(stamp, groupStamp, 4);
  return false;
}
