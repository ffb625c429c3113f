/**
 * Writes texts with mapped fields (../../format/parts/mapped.ts):
 *
 *     head  firstSeparator mapped field  separator mapped field  …  separator other field  …  tail
 *
 * The host writes the parts of the head as `HeadPart`s and the fields as `MappedField`s (../interface/records.ts).
 */
import { columnEnd, columnStart, groupColumnBytes, isOfGroup, isTaken, takeColumn } from './columns';
import { writeEscaped } from './base/escape';
import {
  COLUMN_MASK,
  FieldKind,
  HEAD_PART_BYTES,
  HeadKind,
  HeadPart,
  Job,
  MAPPED_FIELD_BYTES,
  MappedField,
  MAX_KEPT_HEAD_BYTES,
  OwnField,
  Plan,
  PORT_OF_IPV6,
  PORT_PLACE,
  SPAN_BYTES,
  ValueKind,
} from './base/interface';
import { fallsBack } from './base/fallback';
import { writeLogTime } from './log-time';
import { writeRecordedFields } from './mapped-record';
import { hasGroupPart, hasTagPart, sharedLength, writeGroupFields, writeTagFields } from './message';
import { columnOf, isRenamed, textLength, textOf } from './names';
import { addRenamed } from './base/renamed';
import { variant } from './rules';
import { mappedOf, writeRest } from './shape';
import { writeDecimal, writeText } from './base/text';
import { findPort, found, foundEnd, isIpv6, isSuch, isWhole, limit, Port } from './values';
import {
  contentsEnd,
  hasTimeNs,
  keyBytes,
  source,
  sourceEnd,
  tagsEnd,
  timeNs,
  topic,
  topicEnd,
  valueBytes,
} from './walk';


export const MAX_TIME_NS_DIGITS: u32 = 10;

/** Whether a field was written, and whether one of the group's fields was taken. */
let hasField: bool = false;
let isGroupTaken: bool = false;
/** The head in `headText`: its job, group, variant and length. */
let keptHeadJob: u32 = 0;
let keptHeadGroup: usize = 0;
let keptHeadVariant: u32 = 0;
let keptHeadLength: u32 = 0;

/**
 * Upper bound of the bytes of the text of the log that was read.
 * @param logBytes of the log as received: its own values are never longer, all columns together
 */
export function maxMappedLength(plan: Plan, logBytes: u32): u64 {
  const columns: u64 = <u64>logBytes + groupColumnBytes + MAX_TIME_NS_DIGITS;
  const rest: u64 = keyBytes + <u64>valueBytes * plan.valueExpansion + sharedLength();
  return plan.mappedConstants + columns * plan.mappedGrowth + rest;
}

/** @returns where the output ends */
export function writeMapped(plan: Plan, job: Job, output: usize): usize {
  hasField = false;
  isGroupTaken = false;
  let to = writeHead(plan, job, output);
  to = writeMappedFields(plan, to);
  to = isGroupTaken ? writeOwnFields(plan, job.tags, to) : writeSharedFields(plan, to);
  to = writeSpans(plan, job.contents, contentsEnd, to);
  if (!hasField) return writeText(plan.suffix, plan.suffixLength, to);
  return writeText(plan.tail, plan.tailLength, to);
}

/** Writes a log that was read by the record of its shape. @returns where the output ends; 0: the log differs */
export function writeShapedMapped(plan: Plan, job: Job, output: usize): usize {
  const shape = plan.shape;
  let to = writeHead(plan, job, output);
  hasField = shape.hasMappedField != 0;
  if (hasField) to = writeText(plan.firstSeparator, plan.firstSeparatorLength, to);
  to = writeRecordedFields(plan, mappedOf(shape), shape.mappedCount, to);
  if (to == 0) return 0;
  to = shape.isGroupTaken != 0 ? writeOwnFields(plan, job.tags, to) : writeSharedFields(plan, to);
  if (shape.restCount != 0) to = writeRest(plan, hasField, to);
  else if (!hasField) return writeText(plan.suffix, plan.suffixLength, to);
  return writeText(plan.tail, plan.tailLength, to);
}

/** Writes the head, which is kept for the logs of one group and variant, if it has no value of a log's own. */
function writeHead(plan: Plan, job: Job, output: usize): usize {
  if (!isHeadOfGroup(plan)) return writeHeadParts(plan, output);
  if (keptHeadJob == job.id && keptHeadGroup == job.group && keptHeadVariant == variant) {
    return writeText(plan.headText, keptHeadLength, output);
  }
  const end = writeHeadParts(plan, output);
  const length = <u32>(end - output);
  if (length > MAX_KEPT_HEAD_BYTES || fallsBack()) return end;
  memory.copy(plan.headText, output, length);
  keptHeadJob = job.id;
  keptHeadGroup = job.group;
  keptHeadVariant = variant;
  keptHeadLength = length;
  return end;
}

function isHeadOfGroup(plan: Plan): bool {
  const end = plan.headColumns + (<usize>plan.headColumnCount << 2);
  for (let at = plan.headColumns; at < end; at += 4) if (!isOfGroup(plan, load<u32>(at))) return false;
  return true;
}

function writeHeadParts(plan: Plan, output: usize): usize {
  let to = output;
  const end = plan.mappedHead + <usize>plan.mappedHeadCount * HEAD_PART_BYTES;
  for (let at = plan.mappedHead; at < end; at += HEAD_PART_BYTES) {
    const part = changetype<HeadPart>(at);
    if (part.kind == HeadKind.SEVERITY) {
      const severity: usize = load<u8>(plan.severities + variant);
      const text = part.table + severity * 8;
      to = writeText(load<usize>(text), load<u32>(text, 4), to);
    } else if (find(plan, part.places, part.placeCount, ValueKind.TEXT, false, false)) {
      limit(part.maxCharacters);
      const escape = part.table;
      to = writeEscaped(escape, v128.load(escape), v128.load(escape, 16), found, foundEnd, to);
    } else {
      to = writeText(part.orElse, part.orElseLength, to);
    }
  }
  return to;
}

function writeMappedFields(plan: Plan, output: usize): usize {
  const escape = plan.valueEscape;
  const low = v128.load(escape);
  const high = v128.load(escape, 16);
  const end = plan.mappedFields + <usize>plan.mappedFieldCount * MAPPED_FIELD_BYTES;
  let to = output;
  for (let at = plan.mappedFields; at < end; at += MAPPED_FIELD_BYTES) {
    const field = changetype<MappedField>(at);
    const kind = field.kind;
    let isOfIpv6 = false;
    if (kind == FieldKind.FIELDS) {
      const takesIpv6 = field.ipv6Opening != 0;
      if (!find(plan, field.places, field.placeCount, field.type, takesIpv6, true)) continue;
      isOfIpv6 = isIpv6;
    }
    if (isOfIpv6) to = writeOpening(plan, field.ipv6Opening, field.ipv6OpeningLength, to);
    else to = writeOpening(plan, field.opening, field.openingLength, to);
    if (kind == FieldKind.FIELDS) {
      limit(field.maxCharacters);
      to = writeEscaped(escape, low, high, found, foundEnd, to);
    } else if (kind == FieldKind.LOG_TIME) {
      to = writeLogTime(plan, to);
    }
    const label = isOfIpv6 ? field.ipv6Label : field.label;
    const labelLength = isOfIpv6 ? field.ipv6LabelLength : field.labelLength;
    if (labelLength != 0) to = writeText(label, labelLength, to);
  }
  return to;
}

/** Finds the first place with a value of the type. */
@inline
function find(plan: Plan, places: usize, count: u32, type: u32, takesIpv6: bool, takes: bool): bool {
  const end = places + (<usize>count << 2);
  for (let place = places; place < end; place += 4) {
    const kind = load<u32>(place);
    const column = kind & COLUMN_MASK;
    const from = columnStart(plan, column);
    const valueEnd = columnEnd(plan, column);
    if ((kind & PORT_PLACE) != 0) {
      const port = findPort((kind & PORT_OF_IPV6) != 0, from, valueEnd);
      if (port == Port.NO_ADDRESS) continue;
      if (port == Port.NONE) return false;
    } else if (!isSuch(plan, type, takesIpv6, from, valueEnd)) {
      continue;
    }
    if (takes && isWhole) {
      takeColumn(plan, column);
      if (isOfGroup(plan, column)) isGroupTaken = true;
    }
    return true;
  }
  return false;
}

/** @param text begins with a separator, which the first field does not get */
@inline
function writeOpening(plan: Plan, text: usize, length: u32, output: usize): usize {
  if (hasField) return writeText(text, length, output);
  hasField = true;
  const separatorLength = plan.separatorLength;
  const to = writeText(plan.firstSeparator, plan.firstSeparatorLength, output);
  return writeText(text + separatorLength, length - separatorLength, to);
}

function writeBetween(plan: Plan, output: usize): usize {
  if (hasField) return writeText(plan.separator, plan.separatorLength, output);
  hasField = true;
  return writeText(plan.firstSeparator, plan.firstSeparatorLength, output);
}

/** Writes the group's fields, none of which was taken in this log, with TimeNs among them. */
function writeSharedFields(plan: Plan, output: usize): usize {
  let to = output;
  if (hasGroupPart()) to = writeGroupFields(writeBetween(plan, to));
  to = writeTimeNs(plan, to);
  return hasTagPart() ? writeTagFields(writeBetween(plan, to)) : to;
}

/** Writes the group's fields one by one, without those that were taken, with TimeNs among them. */
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
  let to = output;
  for (let span = spans; span < spansEnd; span += SPAN_BYTES) {
    const record = load<usize>(span);
    const value = load<usize>(span, 8);
    if (isTaken(plan, columnOf(record), value)) continue;
    addRenamed(isRenamed(record));
    to = writeOpening(plan, textOf(record), textLength(record), to);
    to = writeEscaped(escape, low, high, value, load<usize>(span, 12), to);
  }
  return to;
}
