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
import { OwnField, Plan } from './layout';
import { columnOf, textLength, textOf } from './names';
import { variant } from './rules';
import { writeDecimal, writeText } from './text';
import { check, found, foundEnd, isIpv6, isValue, limit, Type } from './values';
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

/** A field was written. */
let hasField: bool = false;

/** No text of the log that was read is longer. */
export function maxMappedLength(plan: Plan, tags: usize): u64 {
  let columns: u64 = 0;
  for (let column: u32 = 0; column < plan.columnCount; column++) {
    columns += columnEnd(plan, column) - columnStart(plan, column);
  }
  let rest: u64 = keyBytes + <u64>valueBytes * plan.valueExpansion;
  rest += <u64>(topicEnd - topic + sourceEnd - source) * plan.valueExpansion;
  for (let span = tags; span < tagsEnd; span += SPAN_BYTES) {
    rest += textLength(load<usize>(span));
    rest += <u64>(load<usize>(span, 12) - load<usize>(span, 8)) * plan.valueExpansion;
  }
  return plan.mappedConstants + columns * plan.mappedGrowth + rest;
}

/** @returns where the output ends */
export function writeMapped(plan: Plan, tags: usize, contents: usize, output: usize): usize {
  hasField = false;
  let to = writeHead(plan, output);
  const fieldsEnd = plan.mappedFields + <usize>plan.mappedFieldCount * FIELD_BYTES;
  for (let field = plan.mappedFields; field < fieldsEnd; field += FIELD_BYTES) to = writeMappedField(plan, field, to);
  to = writeOthers(plan, tags, contents, to);
  if (!hasField) return writeText(plan.suffix, plan.suffixLength, to);
  return writeText(plan.tail, plan.tailLength, to);
}

function writeHead(plan: Plan, output: usize): usize {
  let to = output;
  const end = plan.mappedHead + <usize>plan.mappedHeadCount * HEAD_PART_BYTES;
  for (let part = plan.mappedHead; part < end; part += HEAD_PART_BYTES) {
    if (load<u32>(part) == 0) {
      const severity: usize = load<u8>(plan.severities + variant);
      const text = load<usize>(part, 4) + severity * 8;
      to = writeText(load<usize>(text), load<u32>(text, 4), to);
    } else if (find(plan, load<usize>(part, 20), load<u32>(part, 24), Type.TEXT, false, false)) {
      limit(load<u32>(part, 8));
      check(plan);
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
    check(plan);
    to = writeFound(plan.valueEscape, to);
  } else if (kind == Kind.LOG_TIME) {
    to = writeLogTime(to);
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
    if (takes) takeColumn(plan, column);
    return true;
  }
  return false;
}

function writeFound(escape: usize, output: usize): usize {
  return writeEscaped(escape, v128.load(escape), v128.load(escape, 16), found, foundEnd, output);
}

/** In milliseconds; a TimeNs of a second and more is no fraction. */
function writeLogTime(output: usize): usize {
  const isFraction = hasTimeNs && timeNs < NANOSECONDS_A_SECOND;
  const milliseconds = isFraction ? timeNs / NANOSECONDS_A_MILLISECOND : 0;
  if (time == 0) return writeDecimal(milliseconds, 1, output);
  return writeDecimal(milliseconds, 3, writeDecimal(time, 1, output));
}

function writeBetween(plan: Plan, output: usize): usize {
  if (hasField) return writeText(plan.separator, plan.separatorLength, output);
  hasField = true;
  return writeText(plan.lead, plan.leadLength, output);
}

/** The fields without a place of their own, and those that have one but were not taken. */
function writeOthers(plan: Plan, tags: usize, contents: usize, output: usize): usize {
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
  const hasOwn = hasTimeNs && timeNs != 0 && (plan.ownFields & OwnField.TIME_NS) != 0;
  if (hasOwn && !isTaken(plan, plan.timeNsColumn, plan.timeNsText)) {
    to = writeText(plan.sign, plan.signLength, writeText(plan.timeNsKey, plan.timeNsKeyLength, writeBetween(plan, to)));
    to = writeDecimal(timeNs, 1, to);
  }
  return writeSpans(plan, contents, contentsEnd, writeSpans(plan, tags, tagsEnd, to));
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
