/**
 * Reads a LogGroupList, group by group and log by log, as ../../encode/wire/log-walker.ts does: what a field means,
 * which occurrence wins, and what is damage. A log becomes its times and a list of spans, four addresses a field:
 *
 *     key, end of the key, value, end of the value
 *
 * Where names have records (names.ts), the first number is the record's address instead, and the second has no meaning.
 */
import { beginColumns, beginGroupColumns, setColumn, setGroupColumn, setTimeNsColumn } from './columns';
import { fail, failed } from './base/fault';
import { Fault } from './base/interface';
import { NO_COLUMN, OwnField, Plan, SPAN_BYTES } from './base/interface';
import { fallBackGroup, fallBackLog } from './base/fallback';
import { beginNames, isLikeServiceName, isNewName } from './name-set';
import { readContents, spanKeyBytes, spanValueBytes } from './named';
import { columnOf, contentName, isAskedOut, isWritten, stampOf, tagName, textLength } from './names';
import { isRepeated, newGroupStamp, newLogStamp, stampGroup, stampLog } from './stamps';
import { isUtf8 } from './base/utf8';
import { more, position, readFixed32, readFrom, readLengthEnd, readTag, readUint32, seek, skip } from './base/wire';
import { countWork } from './base/work';

export const GROUP: u32 = (1 << 3) | 2;
export const LOG: u32 = (1 << 3) | 2;
const TOPIC: u32 = (3 << 3) | 2;
const SOURCE: u32 = (4 << 3) | 2;
const TAG: u32 = (6 << 3) | 2;
export const TIME: u32 = 1 << 3;
const CONTENT: u32 = (2 << 3) | 2;
export const TIME_NS: u32 = (4 << 3) | 5;
const KEY: u32 = (1 << 3) | 2;
const VALUE: u32 = (2 << 3) | 2;

/** Bytes of a TimeNs with its tag. */
const TIME_NS_BYTES: usize = 5;

const GROUP_DEPTH: u32 = 1;
const LOG_DEPTH: u32 = 2;


/** The fields of the group. */
export let topic: usize = 0;
export let topicEnd: usize = 0;
export let source: usize = 0;
export let sourceEnd: usize = 0;
export let tagsEnd: usize = 0;
/** The times and contents of the log. */
export let time: u32 = 0;
export let timeNs: u32 = 0;
export let hasTimeNs: bool = false;
export let contentsEnd: usize = 0;
/** Sums over the spans that were read last; a record's whole text counts as key. */
export let keyBytes: u32 = 0;
export let valueBytes: u32 = 0;
/** Where the contents end in the log that `readFastTimes` has read. */
export let fastContentsEnd: usize = 0;
/** The entry that `readEntry` has read. */
let key: usize = 0;
let keyEnd: usize = 0;
let value: usize = 0;
let valueEnd: usize = 0;
/** The stamp of the names that are read at present; see name-set.ts. */
let nameStamp: u32 = 0;

/** @returns false when the tags do not fit between `tags` and `tagsLimit`, or have too many names (`isAskedOut`) */
export function readGroup(plan: Plan, from: usize, end: usize, tags: usize, tagsLimit: usize): bool {
  topic = topicEnd = source = sourceEnd = from;
  tagsEnd = tags;
  keyBytes = valueBytes = 0;
  beginGroupFields(plan);
  nameStamp = beginNames();
  readFrom(from, end);
  while (more()) {
    const tag = readTag();
    countWork();
    if (tag == LOG) {
      seek(readLengthEnd());
    } else if (tag == TOPIC) {
      topicEnd = readLengthEnd();
      topic = position();
      seek(topicEnd);
    } else if (tag == SOURCE) {
      sourceEnd = readLengthEnd();
      source = position();
      seek(sourceEnd);
    } else if (tag == TAG) {
      const entryEnd = readLengthEnd();
      if (!readEntry(position(), entryEnd, GROUP_DEPTH + 1, Fault.TAG_WITHOUT_KEY)) return true;
      readFrom(entryEnd, end);
      if (tagsEnd == tagsLimit) return false;
      if (plan.named == 0 ? isPlainTag(plan) : isTagWritten(plan)) {
        addSpan(plan, tagsEnd);
        tagsEnd += SPAN_BYTES;
      }
      if (plan.named != 0 && isAskedOut()) return false;
    } else if (tag != 0) {
      skip(tag, GROUP_DEPTH);
    }
  }
  if (plan.named != 0) endGroupFields(plan);
  return true;
}

/** @returns false when the contents do not fit between `contents` and `contentsLimit`. See `isAskedOut`. */
export function readLog(plan: Plan, from: usize, end: usize, contents: usize, contentsLimit: usize): bool {
  let spans = contents;
  let hasTime = false;
  keyBytes = valueBytes = 0;
  if (plan.named != 0) beginFields(plan);
  nameStamp = beginNames();
  readFrom(from, end);
  hasTimeNs = false;
  while (more()) {
    const tag = readTag();
    countWork();
    if (tag == CONTENT) {
      const entryEnd = readLengthEnd();
      if (!readEntry(position(), entryEnd, LOG_DEPTH + 1, Fault.CONTENT_WITHOUT_KEY)) return true;
      readFrom(entryEnd, end);
      if (spans == contentsLimit) return false;
      if (plan.named == 0 ? isPlainContent(plan) : isContentWritten(plan)) {
        addSpan(plan, spans);
        spans += SPAN_BYTES;
      }
      if (plan.named != 0 && isAskedOut()) return true;
    } else if (tag == TIME) {
      time = readUint32();
      hasTime = true;
    } else if (tag == TIME_NS) {
      timeNs = readFixed32();
      hasTimeNs = true;
    } else if (tag != 0) {
      skip(tag, LOG_DEPTH);
    }
  }
  if (!hasTime) fail(Fault.NO_TIME, from);
  contentsEnd = spans;
  if (plan.named != 0) endFields(plan);
  return true;
}

/**
 * Reads a regular log (fast-path.ts), and reports no damage.
 * @returns where the contents begin; 0 where the log is not a regular one
 */
export function readFastLog(plan: Plan, from: usize, end: usize, contents: usize, contentsLimit: usize): usize {
  const start = readFastTimes(from, end);
  if (start == 0) return 0;
  beginFields(plan);
  const spansEnd = readContents(plan, start, fastContentsEnd, contents, contentsLimit);
  if (spansEnd == 0) return 0;
  keyBytes = spanKeyBytes;
  valueBytes = spanValueBytes;
  contentsEnd = spansEnd;
  // Tags are not counted one by one here: four bytes count as one tag.
  countWork(<u32>((end - from) >> 2) + 1);
  endFields(plan);
  return start;
}

/** Reads Time at the front and TimeNs at the end. @returns where the contents begin; 0: the log is not a regular one */
export function readFastTimes(from: usize, end: usize): usize {
  if (from == end || load<u8>(from) != TIME) return 0;
  let contents = from + 1;
  let second: u32 = 0;
  for (let shift: u32 = 0; ; shift += 7) {
    if (shift > 28 || contents >= end) return 0;
    const byte: u32 = load<u8>(contents++);
    second |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  // If this TimeNs is inside a content, that content reaches past what is taken for the contents' end.
  const beforeTimeNs = end - TIME_NS_BYTES;
  hasTimeNs = beforeTimeNs >= contents && load<u8>(beforeTimeNs) == TIME_NS;
  timeNs = hasTimeNs ? load<u32>(beforeTimeNs, 1) : 0;
  fastContentsEnd = hasTimeNs ? beforeTimeNs : end;
  time = second;
  return contents;
}

/** Reads a Content or a LogTag. @returns false when it is damaged */
function readEntry(from: usize, end: usize, depth: u32, withoutKey: u32): bool {
  let hasKey = false;
  let hasValue = false;
  readFrom(from, end);
  while (more()) {
    const tag = readTag();
    countWork();
    if (tag == KEY) {
      keyEnd = readLengthEnd();
      key = position();
      seek(keyEnd);
      hasKey = true;
    } else if (tag == VALUE) {
      valueEnd = readLengthEnd();
      value = position();
      seek(valueEnd);
      hasValue = true;
    } else if (tag != 0) {
      skip(tag, depth);
    }
  }
  if (!hasKey) fail(withoutKey, from);
  else if (!hasValue) fail(withoutKey + 1, from);
  return !failed();
}

function beginGroupFields(plan: Plan): void {
  newGroupStamp();
  beginGroupColumns(plan);
}

/** Checks topic and source, and sets their columns. */
function endGroupFields(plan: Plan): void {
  setGroupColumn(plan, plan.topicColumn, topic, topicEnd);
  setGroupColumn(plan, plan.sourceColumn, source, sourceEnd);
  if (plan.checksUtf8 != 0 && !(isUtf8(topic, topicEnd) && isUtf8(source, sourceEnd))) fallBackGroup();
  if (plan.uniqueNames == 0) return;
  if ((plan.ownFields & OwnField.TOPIC) != 0 && stampGroup(plan.topicStamp)) fallBackGroup();
  if ((plan.ownFields & OwnField.SOURCE) != 0 && stampGroup(plan.sourceStamp)) fallBackGroup();
}

/** Begins the stamps and columns of a log, before its contents are read. */
export function beginFields(plan: Plan): void {
  plan.shape.readyGroup = 0;
  newLogStamp();
  beginColumns(plan);
}

/** Sets the column of TimeNs and checks its name, once the times are known. */
export function endFields(plan: Plan): void {
  if (!hasTimeNs || timeNs == 0) return;
  setTimeNsColumn(plan, timeNs);
  if (plan.timeNsFallsBack != 0) fallBackLog();
  if (plan.uniqueNames != 0 && (plan.ownFields & OwnField.TIME_NS) != 0 && stampLog(plan.timeNsStamp)) fallBackLog();
}

function isTagWritten(plan: Plan): bool {
  const record = tagName(plan, key, keyEnd);
  setGroupColumn(plan, columnOf(record), value, valueEnd);
  if (isToBeChecked(plan, record) && !isUtf8(value, valueEnd)) fallBackGroup();
  if (!isWritten(record)) return false;
  if (plan.uniqueNames != 0 && stampGroup(stampOf(record))) fallBackGroup();
  key = record;
  return true;
}

function isContentWritten(plan: Plan): bool {
  const record = contentName(plan, key, keyEnd);
  setColumn(plan, columnOf(record), value, valueEnd);
  if (isToBeChecked(plan, record) && !isUtf8(value, valueEnd)) fallBackLog();
  if (!isWritten(record)) return false;
  if (plan.uniqueNames != 0 && isRepeated(record)) fallBackLog();
  key = record;
  return true;
}

/** Without name records, a tag is written under its own name, or the log falls back to the reference. */
function isPlainTag(plan: Plan): bool {
  if (plan.uniqueNames != 0 && !isNewName(plan.nameSet, nameStamp, key, <u32>(keyEnd - key))) fallBackGroup();
  return true;
}

function isPlainContent(plan: Plan): bool {
  if (plan.uniqueNames == 0) return true;
  if (isLikeServiceName(key) || !isNewName(plan.nameSet, nameStamp, key, <u32>(keyEnd - key))) fallBackLog();
  return true;
}

/** A mapped field may write a value that is not written under its own name. */
function isToBeChecked(plan: Plan, record: usize): bool {
  return plan.checksUtf8 != 0 && (isWritten(record) || columnOf(record) != NO_COLUMN);
}

function addSpan(plan: Plan, span: usize): void {
  store<usize>(span, key);
  store<usize>(span, keyEnd, 4);
  store<usize>(span, value, 8);
  store<usize>(span, valueEnd, 12);
  keyBytes += plan.named == 0 ? <u32>(keyEnd - key) : textLength(key);
  valueBytes += <u32>(valueEnd - value);
}
