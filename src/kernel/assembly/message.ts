/**
 * Writes a log's text by the format row in the plan: ../../encode/text/row-writer.ts says which fields there are, and
 * in which order.
 *
 * The fields of a group are written once: `shared` holds the group's own fields, then its tags, each of the two without
 * what stands before it.
 */
import { escapedLength, writeEscaped } from './base/escape';
import { OwnField, Plan, SPAN_BYTES } from './base/interface';
import { isRenamed, textLength, textOf } from './names';
import { addRenamed } from './base/renamed';
import { writeRest } from './shape';
import { digits, writeDecimal, writeText } from './base/text';
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

let groupFields: usize = 0;
let groupFieldsLength: u32 = 0;
let tagFields: usize = 0;
let tagFieldsLength: u32 = 0;
/** Whether there are such fields: the lengths do not tell, as a field may have no bytes at all. */
let hasGroupFields: bool = false;
let hasTagFields: bool = false;
/** Whether `writeBeforeContents` has written a field. */
let hasFieldBefore: bool = false;

/** Upper bound of the bytes that `writeShared` needs for the group that was read last. */
export function maxSharedBytes(plan: Plan, tags: usize): u64 {
  const count: u64 = (tagsEnd - tags) / SPAN_BYTES;
  const own: u64 = <u64>(topicEnd - topic + sourceEnd - source) + valueBytes;
  const between: u64 = plan.separatorLength + plan.tagPrefixLength + plan.signLength;
  const names: u64 = plan.topicKeyLength + plan.sourceKeyLength + 2 * (plan.signLength + plan.separatorLength);
  return names + own * plan.valueExpansion + <u64>keyBytes * plan.keyExpansion + count * between;
}

export function writeShared(plan: Plan, tags: usize, shared: usize): void {
  let to = shared;
  groupFields = to;
  if ((plan.ownFields & OwnField.TOPIC) != 0) {
    to = writeText(plan.topicKey, plan.topicKeyLength, to);
    to = writeText(plan.sign, plan.signLength, to);
    to = escapedValue(plan, topic, topicEnd, to);
  }
  if ((plan.ownFields & OwnField.SOURCE) != 0) {
    if ((plan.ownFields & OwnField.TOPIC) != 0) to = writeText(plan.separator, plan.separatorLength, to);
    to = writeText(plan.sourceKey, plan.sourceKeyLength, to);
    to = writeText(plan.sign, plan.signLength, to);
    to = escapedValue(plan, source, sourceEnd, to);
  }
  groupFieldsLength = <u32>(to - groupFields);
  hasGroupFields = (plan.ownFields & (OwnField.TOPIC | OwnField.SOURCE)) != 0;
  tagFields = to;
  for (let span = tags; span < tagsEnd; span += SPAN_BYTES) {
    if (plan.named != 0) {
      to = writeNamedFields(plan, span, span + SPAN_BYTES, span == tags, to);
      continue;
    }
    if (span != tags) to = writeText(plan.separator, plan.separatorLength, to);
    to = writeText(plan.tagPrefix, plan.tagPrefixLength, to);
    to = writeFields(plan, span, span + SPAN_BYTES, to);
  }
  tagFieldsLength = <u32>(to - tagFields);
  hasTagFields = tags != tagsEnd;
}

/** Length of the log's text if none of its contents has to be escaped. */
export function plainLength(plan: Plan, contents: usize): u64 {
  const count = <u64>(contentsEnd - contents) / SPAN_BYTES;
  const ownTimeNs = hasTimeNsField(plan, hasTimeNs, timeNs);
  let parts: u64 = count;
  let length: u64 = <u64>plan.prefixLength + groupFieldsLength + tagFieldsLength;
  if (hasGroupFields) parts++;
  if (hasTagFields) parts++;
  if (ownTimeNs) {
    parts++;
    length += plan.timeNsKeyLength + plan.signLength + digits(timeNs);
  }
  length += keyBytes + valueBytes;
  // The text of a name record has a separator and a sign.
  if (plan.named != 0) parts -= count;
  else length += count * plan.signLength;
  if (parts + count == 0) return length + plan.suffixLength;
  if (parts == 0) return length + plan.firstSeparatorLength - plan.separatorLength + plan.tailLength;
  return length + plan.firstSeparatorLength + (parts - 1) * plan.separatorLength + plan.tailLength;
}

/** Length of the log's text if every byte has to be escaped, by the longest replacement. */
export function maxLength(plan: Plan, plain: u64): u64 {
  const keyGrowth = plan.named != 0 ? 0 : plan.keyExpansion - 1;
  return plain + <u64>keyBytes * keyGrowth + <u64>valueBytes * (plan.valueExpansion - 1);
}

/** Exact length of the log's text. */
export function exactLength(plan: Plan, contents: usize, plain: u64): u64 {
  const named = plan.named != 0;
  let length = plain - valueBytes - (named ? 0 : keyBytes);
  for (let span = contents; span < contentsEnd; span += SPAN_BYTES) {
    if (!named) length += escapedLength(plan.keyEscape, load<usize>(span), load<usize>(span, 4));
    length += escapedLength(plan.valueEscape, load<usize>(span, 8), load<usize>(span, 12));
  }
  return length;
}

/** @returns where the output ends */
export function writeMessage(plan: Plan, contents: usize, output: usize): usize {
  let to = writeBeforeContents(plan, hasTimeNs, timeNs, output);
  if (contents != contentsEnd && plan.named != 0) {
    to = writeNamedFields(plan, contents, contentsEnd, !hasFieldBefore, hasFieldBefore ? to : writeText(plan.firstSeparator, plan.firstSeparatorLength, to));
  } else if (contents != contentsEnd) {
    if (hasFieldBefore) to = writeText(plan.separator, plan.separatorLength, to);
    else to = writeText(plan.firstSeparator, plan.firstSeparatorLength, to);
    to = writeFields(plan, contents, contentsEnd, to);
  }
  if (!hasFieldBefore && contents == contentsEnd) return writeText(plan.suffix, plan.suffixLength, to);
  return writeText(plan.tail, plan.tailLength, to);
}

/** Writes the text of a log that was read by the record of its shape. */
export function writeShapedMessage(plan: Plan, output: usize): usize {
  let to = writeBeforeContents(plan, hasTimeNs, timeNs, output);
  if (plan.shape.restCount != 0) to = writeRest(plan, hasFieldBefore, to);
  else if (!hasFieldBefore) return writeText(plan.suffix, plan.suffixLength, to);
  return writeText(plan.tail, plan.tailLength, to);
}

/** Writes the prefix, topic, source, TimeNs and the tags, as far as there are any. */
export function writeBeforeContents(plan: Plan, hasTimeNs: bool, timeNs: u32, output: usize): usize {
  let to = writeText(plan.prefix, plan.prefixLength, output);
  let between = plan.firstSeparator;
  let betweenLength = plan.firstSeparatorLength;
  if (hasGroupFields) {
    to = writeText(between, betweenLength, to);
    to = writeText(groupFields, groupFieldsLength, to);
    between = plan.separator;
    betweenLength = plan.separatorLength;
  }
  if (hasTimeNsField(plan, hasTimeNs, timeNs)) {
    to = writeText(between, betweenLength, to);
    to = writeText(plan.timeNsKey, plan.timeNsKeyLength, to);
    to = writeText(plan.sign, plan.signLength, to);
    to = writeDecimal(timeNs, 1, to);
    between = plan.separator;
    betweenLength = plan.separatorLength;
  }
  if (hasTagFields) {
    to = writeText(between, betweenLength, to);
    to = writeText(tagFields, tagFieldsLength, to);
  }
  hasFieldBefore = hasGroupFields || hasTagFields || hasTimeNsField(plan, hasTimeNs, timeNs);
  return to;
}

/** Writes topic and source, without a prefix, for texts with mapped fields; the next function writes the tags. */
export function writeGroupFields(output: usize): usize {
  return writeText(groupFields, groupFieldsLength, output);
}

export function writeTagFields(output: usize): usize {
  return writeText(tagFields, tagFieldsLength, output);
}

export function hasGroupPart(): bool {
  return hasGroupFields;
}

export function hasTagPart(): bool {
  return hasTagFields;
}

/** Whether the group has fields in the text; else a log's own fields come first. */
export function hasShared(): bool {
  return hasGroupFields || hasTagFields;
}

/** Bytes of the group's own fields and its tags. */
export function sharedLength(): u32 {
  return groupFieldsLength + tagFieldsLength;
}

/** Writes fields with separators between them. */
function writeFields(plan: Plan, spans: usize, spansEnd: usize, output: usize): usize {
  const keyEscape = plan.keyEscape;
  const valueEscape = plan.valueEscape;
  const keyLow = v128.load(keyEscape);
  const keyHigh = v128.load(keyEscape, 16);
  const valueLow = v128.load(valueEscape);
  const valueHigh = v128.load(valueEscape, 16);
  const separator = plan.separator;
  const separatorLength = plan.separatorLength;
  const separatorStart = v128.load(separator);
  const sign = plan.sign;
  const signLength = plan.signLength;
  const signStart = v128.load(sign);
  const areShort = separatorLength <= 16 && signLength <= 16;
  let to = output;
  let span = spans;
  while (true) {
    const key = load<usize>(span);
    const keyEnd = load<usize>(span, 4);
    to = writeEscaped(keyEscape, keyLow, keyHigh, key, keyEnd, to);
    v128.store(to, signStart);
    to = areShort ? to + signLength : writeText(sign, signLength, to);
    to = writeEscaped(valueEscape, valueLow, valueHigh, load<usize>(span, 8), load<usize>(span, 12), to);
    span += SPAN_BYTES;
    if (span == spansEnd) return to;
    v128.store(to, separatorStart);
    to = areShort ? to + separatorLength : writeText(separator, separatorLength, to);
  }
}

/** Writes fields whose names have records, each with a separator before it, but perhaps the first. */
function writeNamedFields(plan: Plan, spans: usize, spansEnd: usize, isFirst: bool, output: usize): usize {
  const escape = plan.valueEscape;
  const low = v128.load(escape);
  const high = v128.load(escape, 16);
  let skipped = isFirst ? plan.separatorLength : 0;
  let renamed: u32 = 0;
  let to = output;
  for (let span = spans; span < spansEnd; span += SPAN_BYTES) {
    const record = load<usize>(span);
    renamed += isRenamed(record);
    to = writeText(textOf(record) + skipped, textLength(record) - skipped, to);
    to = writeEscaped(escape, low, high, load<usize>(span, 8), load<usize>(span, 12), to);
    skipped = 0;
  }
  addRenamed(renamed);
  return to;
}

function escapedValue(plan: Plan, from: usize, end: usize, output: usize): usize {
  const table = plan.valueEscape;
  return writeEscaped(table, v128.load(table), v128.load(table, 16), from, end, output);
}

function hasTimeNsField(plan: Plan, hasTimeNs: bool, timeNs: u32): bool {
  return hasTimeNs && timeNs != 0 && (plan.ownFields & OwnField.TIME_NS) != 0;
}
