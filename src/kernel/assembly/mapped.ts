/**
 * The fields that a format gives a place of their own (../../format/mapped.ts), and the text that they are a part of:
 *
 *     head  lead mapped field  separator mapped field  …  separator other field  …  tail
 *
 * A part of the head, 32 bytes:
 *
 *     0   u32  1: a value; 0: eight constants, by severity
 *     4   u32  address: of the constants, each address and length; or of the value's escape table
 *     8   u32  of the value: most characters
 *     12  u32  what stands in its place, and its length
 *     20  u32  its places, and how many
 *
 * A field, 56 bytes:
 *
 *     0   u32  `Kind`
 *     4   u32  `Type`
 *     8   u32  most characters, or NO_LIMIT
 *     12  u32  its places, and how many
 *     20  u32  key and sign, or all of a constant field, and the length
 *     28  u32  the same of an IPv6 address, or 0
 *     36  u32  the label with a separator before it, or nothing, and the length
 *     44  u32  the same of an IPv6 address
 *
 * Places are columns, one number each: the first that has such a value is taken.
 */
import { columnEnd, columnStart, isTaken, takeColumn } from './columns';
import { writeEscaped } from './escape';
import { Job, OwnField, Plan } from './layout';
import { isLeft } from './left';
import { hasGroupPart, hasTagPart, sharedLength, writeGroupFields, writeTagFields } from './message';
import { columnOf, textLength, textOf } from './names';
import { variant } from './rules';
import { writeDecimal, writeText } from './text';
import { found, foundEnd, isIpv6, isValue, limit, Type } from './values';
import {
  contentsEnd,
  hasTimeNs,
  keyBytes,
  SPAN_BYTES,
  source,
  sourceEnd,
  tagsEnd,
  time,
  timeNs,
  topic,
  topicEnd,
  valueBytes,
} from './walk';

namespace Kind {
  export const CONSTANT: u32 = 0;
  export const FIELDS: u32 = 1;
  export const LOG_TIME: u32 = 2;
}

const HEAD_PART_BYTES: usize = 32;
const FIELD_BYTES: usize = 56;
const NANOSECONDS_A_SECOND: u32 = 1_000_000_000;
const NANOSECONDS_A_MILLISECOND: u32 = 1_000_000;

/** One that is longer is made for each log. */
const MAX_KEPT_HEAD: u32 = 1024;

/** A field was written; one of the group's was taken. */
let hasField: bool = false;
let isGroupTaken: bool = false;
/** What `headText` and `secondText` were made for. */
let keptHeadJob: u32 = 0;
let keptHeadVariant: u32 = 0;
let keptHeadLength: u32 = 0;
let keptSecond: u32 = 0;
let keptSecondLength: u32 = 0;

/** No text of the log that was read is longer. */
export function maxMappedLength(plan: Plan): u64 {
  let columns: u64 = 0;
  for (let column: u32 = 0; column < plan.columnCount; column++) {
    columns += columnEnd(plan, column) - columnStart(plan, column);
  }
  const rest: u64 = keyBytes + <u64>valueBytes * plan.valueExpansion + sharedLength();
  return plan.mappedConstants + columns * plan.mappedGrowth + rest;
}

/** @returns where the output ends */
export function writeMapped(plan: Plan, job: Job, output: usize): usize {
  hasField = false;
  isGroupTaken = false;
  let to = writeHead(plan, job, output);
  const fieldsEnd = plan.mappedFields + <usize>plan.mappedFieldCount * FIELD_BYTES;
  for (let field = plan.mappedFields; field < fieldsEnd; field += FIELD_BYTES) to = writeMappedField(plan, field, to);
  to = isGroupTaken ? writeOwnFields(plan, job.tags, to) : writeSharedFields(plan, to);
  to = writeSpans(plan, job.contents, contentsEnd, to);
  if (!hasField) return writeText(plan.suffix, plan.suffixLength, to);
  return writeText(plan.tail, plan.tailLength, to);
}

/** The head of the last log serves, where it has its values from the same places: those of a group. */
function writeHead(plan: Plan, job: Job, output: usize): usize {
  if (isSameHead(plan, job)) return writeText(plan.headText, keptHeadLength, output);
  const end = writeHeadParts(plan, output);
  const length = <u32>(end - output);
  if (length > MAX_KEPT_HEAD || isLeft()) {
    keptHeadJob = 0;
    return end;
  }
  memory.copy(plan.headText, output, length);
  keptHeadLength = length;
  return end;
}

/** Remembers the places if they are others. */
function isSameHead(plan: Plan, job: Job): bool {
  let isSame = keptHeadJob == job.id && keptHeadVariant == variant;
  for (let index: u32 = 0; index < plan.headColumnCount; index++) {
    const column = load<u32>(plan.headColumns + (<usize>index << 2));
    const kept = plan.headPlaces + (<usize>index << 3);
    const from = columnStart(plan, column);
    const end = columnEnd(plan, column);
    // What TimeNs is as text lies at the same place each time.
    if (load<usize>(kept) == from && load<usize>(kept, 4) == end && from != plan.timeNsText) continue;
    isSame = false;
    store<usize>(kept, from);
    store<usize>(kept, end, 4);
  }
  keptHeadJob = job.id;
  keptHeadVariant = variant;
  return isSame;
}

function writeHeadParts(plan: Plan, output: usize): usize {
  let to = output;
  const end = plan.mappedHead + <usize>plan.mappedHeadCount * HEAD_PART_BYTES;
  for (let part = plan.mappedHead; part < end; part += HEAD_PART_BYTES) {
    if (load<u32>(part) == 0) {
      const severity: usize = load<u8>(plan.severities + variant);
      const text = load<usize>(part, 4) + severity * 8;
      to = writeText(load<usize>(text), load<u32>(text, 4), to);
    } else if (find(plan, load<usize>(part, 20), load<u32>(part, 24), Type.TEXT, false, false)) {
      limit(load<u32>(part, 8));
      to = writeFound(load<usize>(part, 4), to);
    } else {
      to = writeText(load<usize>(part, 12), load<u32>(part, 16), to);
    }
  }
  return to;
}

function writeMappedField(plan: Plan, field: usize, output: usize): usize {
  const kind = load<u32>(field);
  let record = field + 20;
  let label = field + 36;
  if (kind == Kind.FIELDS) {
    const type = load<u32>(field, 4);
    const takesIpv6 = load<usize>(field, 28) != 0;
    if (!find(plan, load<usize>(field, 12), load<u32>(field, 16), type, takesIpv6, true)) return output;
    if (isIpv6) {
      record = field + 28;
      label = field + 44;
    }
  }
  let to = writeBetween(plan, output);
  to = writeText(load<usize>(record), load<u32>(record, 4), to);
  if (kind == Kind.FIELDS) {
    limit(load<u32>(field, 8));
    to = writeFound(plan.valueEscape, to);
  } else if (kind == Kind.LOG_TIME) {
    to = writeLogTime(plan, to);
  }
  return writeText(load<usize>(label), load<u32>(label, 4), to);
}

/** The first place that has such a value. */
function find(plan: Plan, places: usize, count: u32, type: u32, takesIpv6: bool, takes: bool): bool {
  for (let place: usize = 0; place < count; place++) {
    const column = load<u32>(places + (place << 2));
    const from = columnStart(plan, column);
    const end = columnEnd(plan, column);
    if (from == end || !isValue(plan, type, takesIpv6, from, end)) continue;
    if (takes && takeColumn(plan, column)) isGroupTaken = true;
    return true;
  }
  return false;
}

function writeFound(escape: usize, output: usize): usize {
  return writeEscaped(escape, v128.load(escape), v128.load(escape, 16), found, foundEnd, output);
}

/** In milliseconds; a TimeNs of a second and more is no fraction. Most logs are of the second of the one before. */
function writeLogTime(plan: Plan, output: usize): usize {
  const isFraction = hasTimeNs && timeNs < NANOSECONDS_A_SECOND;
  const milliseconds = isFraction ? timeNs / NANOSECONDS_A_MILLISECOND : 0;
  if (time == 0) return writeDecimal(milliseconds, 1, output);
  if (time != keptSecond) {
    keptSecond = time;
    keptSecondLength = <u32>(writeDecimal(time, 1, plan.secondText) - plan.secondText);
  }
  return writeDecimal(milliseconds, 3, writeText(plan.secondText, keptSecondLength, output));
}

function writeBetween(plan: Plan, output: usize): usize {
  if (hasField) return writeText(plan.separator, plan.separatorLength, output);
  hasField = true;
  return writeText(plan.lead, plan.leadLength, output);
}

/** The group's fields, none of which has a place of its own in this log, with TimeNs among them. */
function writeSharedFields(plan: Plan, output: usize): usize {
  let to = output;
  if (hasGroupPart()) to = writeGroupFields(writeBetween(plan, to));
  to = writeTimeNs(plan, to);
  return hasTagPart() ? writeTagFields(writeBetween(plan, to)) : to;
}

/** The same one by one: those that are not taken. */
function writeOwnFields(plan: Plan, tags: usize, output: usize): usize {
  const escape = plan.valueEscape;
  let to = output;
  if ((plan.ownFields & OwnField.TOPIC) != 0 && !isTaken(plan, plan.topicColumn, topic)) {
    to = writeText(plan.sign, plan.signLength, writeText(plan.topicKey, plan.topicKeyLength, writeBetween(plan, to)));
    to = writeEscaped(escape, v128.load(escape), v128.load(escape, 16), topic, topicEnd, to);
  }
  if ((plan.ownFields & OwnField.SOURCE) != 0 && !isTaken(plan, plan.sourceColumn, source)) {
    to = writeText(plan.sign, plan.signLength, writeText(plan.sourceKey, plan.sourceKeyLength, writeBetween(plan, to)));
    to = writeEscaped(escape, v128.load(escape), v128.load(escape, 16), source, sourceEnd, to);
  }
  return writeSpans(plan, tags, tagsEnd, writeTimeNs(plan, to));
}

function writeTimeNs(plan: Plan, output: usize): usize {
  if (!hasTimeNs || timeNs == 0 || (plan.ownFields & OwnField.TIME_NS) == 0) return output;
  if (isTaken(plan, plan.timeNsColumn, plan.timeNsText)) return output;
  const to = writeText(plan.timeNsKey, plan.timeNsKeyLength, writeBetween(plan, output));
  return writeDecimal(timeNs, 1, writeText(plan.sign, plan.signLength, to));
}

function writeSpans(plan: Plan, spans: usize, spansEnd: usize, output: usize): usize {
  const escape = plan.valueEscape;
  const low = v128.load(escape);
  const high = v128.load(escape, 16);
  const separatorLength = plan.separatorLength;
  let to = output;
  for (let span = spans; span < spansEnd; span += SPAN_BYTES) {
    const record = load<usize>(span);
    const value = load<usize>(span, 8);
    if (isTaken(plan, columnOf(record), value)) continue;
    if (hasField) to = writeText(textOf(record), textLength(record), to);
    else to = writeText(textOf(record) + separatorLength, textLength(record) - separatorLength, writeBetween(plan, to));
    to = writeEscaped(escape, low, high, value, load<usize>(span, 12), to);
  }
  return to;
}
