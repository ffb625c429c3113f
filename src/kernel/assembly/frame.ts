/** Writes a log's frame: lead, identity, text, framing. */
import { groupColumnBytes } from './columns';
import { leadLength, leadOf, writeLead } from './lead';
import { Framing, Job, Plan, Status } from './base/interface';
import { beginLog, fallsBack } from './base/fallback';
import { MAX_TIME_NS_DIGITS, maxMappedLength, writeMapped, writeShapedMapped } from './mapped';
import {
  exactLength,
  hasShared,
  maxLength,
  plainLength,
  sharedLength,
  writeBeforeContents,
  writeMessage,
  writeShapedMessage,
} from './message';
import { writeNamedContents } from './named';
import { beginRenamed } from './base/renamed';
import { isKept, variant } from './rules';
import { isShapeTried, noteShape, readShaped } from './shape';
import { digits, writeDecimal, writeText } from './base/text';
import { writeContents } from './fast-path';
import { beginFields, endFields, hasTimeNs, readFastTimes, time, timeNs, fastContentsEnd } from './walk';

/** An octet count of ten digits, and a space. */
const MAX_FRAMING_BYTES: u64 = 11;
/** Largest `out` for one log; no log is unpacked to more, and one that might need more falls back to the reference. */
const MAX_OUT_BYTES: u64 = 1 << 28;
const LINE_FEED: u8 = 0x0a;
const SPACE: u8 = 0x20;

/** Not a `Status`: go on. */
export const READY: u32 = 0xffff_ffff;
/** In place of where a frame ends: a filter has dropped the log. */
export const DROPPED: usize = 1;

/** The slot of the lead, and the lengths, of the log that `fit` has measured. */
let lead: usize = 0;
let headBytes: u32 = 0;
let plainBytes: u64 = 0;
/** Bytes of the last text with mapped fields. */
let lastMappedBytes: usize = 0;
/** Digits of the last message's length: the next message's has as many, most of the time. */
let lastDigits: u32 = 3;

/**
 * Writes the frame of a regular log (fast-path.ts) that is certain to fit.
 * @returns where the output ends, or 0
 */
export function writeFast(plan: Plan, job: Job, log: usize, logEnd: usize, start: usize, room: u32): usize {
  if (plan.fastExpansion == 0 || !hasShared()) return 0;
  const grown = <u64>(logEnd - log) * plan.fastExpansion;
  const most = grown + sharedLength() + plan.leadStride + job.identityLength + plan.fastMaxConstants;
  if (most > room) return 0;
  const contents = readFastTimes(log, logEnd);
  if (contents == 0) return 0;
  beginLog();
  if (plan.named != 0) {
    beginFields(plan);
    endFields(plan);
  }
  if (fallsBack()) return 0;
  beginRenamed();

  let messageStart = start;
  if (plan.framing == Framing.OCTET_COUNTING) messageStart += lastDigits + 1;
  let to = writeLead(plan, leadOf(plan, time, 0), hasTimeNs, timeNs, messageStart);
  if (job.identityLength != 0) to = writeIdentity(plan, job, to);
  to = writeBeforeContents(plan, hasTimeNs, timeNs, to);
  if (plan.named == 0) to = writeContents(plan, contents, fastContentsEnd, to);
  else to = writeNamedContents(plan, contents, fastContentsEnd, to);
  if (to == 0) return 0;
  to = writeText(plan.tail, plan.tailLength, to);
  if (to - messageStart > plan.maxMessageBytes) return 0;
  return endFrame(plan, start, messageStart, to);
}

/**
 * Writes the frame of a log of the recorded shape (shape.ts), where columns have to be known first.
 * @returns where the output ends; DROPPED, by a filter; or 0
 */
export function writeShaped(plan: Plan, job: Job, log: usize, logEnd: usize, start: usize, room: u32): usize {
  if (!isShapeTried(plan) || mostShapedBytes(plan, job, <u64>(logEnd - log)) > room) return 0;
  const end = writeAsRecorded(plan, job, log, logEnd, start);
  noteShape(plan, end != 0);
  return end;
}

function mostShapedBytes(plan: Plan, job: Job, logBytes: u64): u64 {
  const columns = (logBytes + groupColumnBytes + MAX_TIME_NS_DIGITS) * plan.mappedGrowth;
  const rest = plan.shape.keyBytes + logBytes * plan.valueExpansion + sharedLength();
  const constants = plan.leadStride + job.identityLength + plan.fastMaxConstants + plan.mappedConstants;
  return columns + rest + constants;
}

function writeAsRecorded(plan: Plan, job: Job, log: usize, logEnd: usize, start: usize): usize {
  const contents = readFastTimes(log, logEnd);
  beginLog();
  if (contents == 0 || !readShaped(plan, contents)) return 0;
  const isDropped = !isKept(plan);
  if (fallsBack()) return 0;
  if (isDropped) return DROPPED;
  beginRenamed();
  const messageStart = plan.framing == Framing.OCTET_COUNTING ? start + lastDigits + 1 : start;
  let to = writeLead(plan, leadOf(plan, time, variant), hasTimeNs, timeNs, messageStart);
  if (job.identityLength != 0) to = writeIdentity(plan, job, to);
  to = plan.mapped != 0 ? writeShapedMapped(plan, job, to) : writeShapedMessage(plan, to);
  if (to == 0 || fallsBack() || to - messageStart > plan.maxMessageBytes) return 0;
  return endFrame(plan, start, messageStart, to);
}

/**
 * Whether the message of the log that was read is within the limit, and its frame fits into what is left of the chunk.
 * @param logBytes of the log as received
 */
export function fit(plan: Plan, job: Job, logBytes: u32, room: u32, isFirst: bool): u32 {
  lead = leadOf(plan, time, variant);
  headBytes = leadLength(plan, lead, hasTimeNs, timeNs);
  if (job.identityLength != 0) headBytes += job.identityLength + digits(job.index) + plan.identityEndLength;
  if (plan.mapped != 0) return fitMapped(plan, job, logBytes, room, isFirst);
  plainBytes = plainLength(plan, job.contents);
  let messageBytes = headBytes + maxLength(plan, plainBytes);
  if (messageBytes <= plan.maxMessageBytes && messageBytes + MAX_FRAMING_BYTES <= room) return READY;
  messageBytes = headBytes + exactLength(plan, job.contents, plainBytes);
  if (messageBytes > plan.maxMessageBytes) return Status.FALL_BACK;
  if (messageBytes + MAX_FRAMING_BYTES <= room) return READY;
  job.need = <u32>(messageBytes + MAX_FRAMING_BYTES);
  return isFirst ? Status.GROW_OUT : Status.CHUNK;
}

/** A mapped text is bounded, not measured: the limit is checked once the text is written. */
function fitMapped(plan: Plan, job: Job, logBytes: u32, room: u32, isFirst: bool): u32 {
  plainBytes = lastMappedBytes;
  const most = headBytes + maxMappedLength(plan, logBytes) + MAX_FRAMING_BYTES;
  if (most <= room) return READY;
  if (most > MAX_OUT_BYTES) return Status.FALL_BACK;
  job.need = <u32>most;
  return isFirst ? Status.GROW_OUT : Status.CHUNK;
}

/** Writes the frame of a log that fits. @returns where the output ends; 0: the log falls back to the reference */
export function writeFrame(plan: Plan, job: Job, start: usize): usize {
  beginRenamed();
  let messageStart = start;
  // A guess at the number of digits: right where nothing has to be escaped.
  if (plan.framing == Framing.OCTET_COUNTING) messageStart += digits(headBytes + <u32>plainBytes) + 1;
  let to = writeLead(plan, lead, hasTimeNs, timeNs, messageStart);
  if (job.identityLength != 0) to = writeIdentity(plan, job, to);
  if (plan.mapped == 0) return endFrame(plan, start, messageStart, writeMessage(plan, job.contents, to));
  const textStart = to;
  to = writeMapped(plan, job, to);
  lastMappedBytes = to - textStart;
  if (fallsBack() || to - messageStart > plan.maxMessageBytes) return 0;
  return endFrame(plan, start, messageStart, to);
}

function writeIdentity(plan: Plan, job: Job, output: usize): usize {
  const to = writeDecimal(job.index, 1, writeText(job.identity, job.identityLength, output));
  store<u32>(to, plan.identityEnd);
  return to + plan.identityEndLength;
}

/** Adds the framing. The message is moved where its octet count has more or fewer digits than there is room for. */
function endFrame(plan: Plan, start: usize, messageStart: usize, end: usize): usize {
  if (plan.framing == Framing.LF) {
    store<u8>(end, LINE_FEED);
    return end + 1;
  }
  if (plan.framing != Framing.OCTET_COUNTING) return end;
  const length = <u32>(end - messageStart);
  lastDigits = digits(length);
  const countEnd = start + lastDigits;
  if (countEnd + 1 != messageStart) memory.copy(countEnd + 1, messageStart, length);
  writeDecimal(length, 1, start);
  store<u8>(countEnd, SPACE);
  return countEnd + 1 + length;
}
