/**
 * Whether two fields of a log are written under one name. Each name that is written has a stamp, two numbers: of the
 * last log that has a field of that name, and of the last group that gives its logs one.
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

/** Of the group that was read last; never 0. */
@inline
export function presentGroup(): u32 {
  return groupStamp;
}

/** Whether the group gives its logs a field of that name. */
@inline
export function isOfPresentGroup(stamp: usize): bool {
  return load<u32>(stamp, 4) == groupStamp;
}

/** Of a content. @returns true where the log has that name already */
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

/** Of a field that all logs of a group have. @returns true where they have that name already */
export function stampGroup(stamp: usize): bool {
  if (load<u32>(stamp, 4) == groupStamp) return true;
  store<u32>(stamp, groupStamp, 4);
  return false;
}
