/** Writes the log's time as the value of a mapped field. */
import { Plan } from './base/interface';
import { writeDecimal, writeText } from './base/text';
import { hasTimeNs, time, timeNs } from './walk';

const NANOSECONDS_A_SECOND: u32 = 1_000_000_000;
const NANOSECONDS_A_MILLISECOND: u32 = 1_000_000;

/** The second in `secondText`. */
let keptSecond: u32 = 0;
let keptSecondLength: u32 = 0;

/** Writes milliseconds; a TimeNs of a second and more is no fraction. Most logs have the second of the log before. */
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
