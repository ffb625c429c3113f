/**
 * A LogGroupList, group by group and log by log, as ../../encode/log-walker.ts has it: what a field means, which
 * occurrence wins, and what is damage. A log becomes its times and a list of spans, four addresses a field:
 *
 *     key, end of the key, value, end of the value
 *
 * The key of a field that is renamed is the new name, escaped already, and lies in the memory of names.ts; its end has
 * the bit `IS_ESCAPED`. (Addresses have at most 31 bits: the memory never grows beyond 2 GiB.)
 */
import { Fault, fail, failed } from './fault';
import { Plan } from './layout';
import { DROPPED, KEPT, nameOf, nameEnd } from './names';
import { more, position, readFixed32, readFrom, readLengthEnd, readTag, readUint32, seek, skip } from './wire';

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

const GROUP_DEPTH: u32 = 1;
const LOG_DEPTH: u32 = 2;

export const SPAN_BYTES: usize = 16;
export const IS_ESCAPED: usize = 0x8000_0000;

/** The group. */
export let topic: usize = 0;
export let topicEnd: usize = 0;
export let source: usize = 0;
export let sourceEnd: usize = 0;
export let tagsEnd: usize = 0;
/** The log. */
export let time: u32 = 0;
export let timeNs: u32 = 0;
export let hasTimeNs: bool = false;
export let contentsEnd: usize = 0;
/** Sums over the spans that were read last. */
export let keyBytes: u32 = 0;
export let valueBytes: u32 = 0;
/** Tags that were read since `resetWork`. */
let work: u32 = 0;

export function resetWork(): void {
  work = 0;
}

export function countWork(): void {
  work++;
}

export function workDone(): u32 {
  return work;
}

/** The entry that `readEntry` has read. */
let key: usize = 0;
let keyEnd: usize = 0;
let value: usize = 0;
let valueEnd: usize = 0;

/** @returns false when the tags do not fit between `tags` and `tagsLimit` */
export function readGroup(plan: Plan, from: usize, end: usize, tags: usize, tagsLimit: usize): bool {
  topic = topicEnd = source = sourceEnd = from;
  tagsEnd = tags;
  keyBytes = valueBytes = 0;
  readFrom(from, end);
  while (more()) {
    const tag = readTag();
    work++;
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
      if (!isSelected(plan, true)) continue;
      addSpan(tagsEnd);
      tagsEnd += SPAN_BYTES;
    } else if (tag != 0) {
      skip(tag, GROUP_DEPTH);
    }
  }
  return true;
}

/** @returns false when the contents do not fit between `contents` and `contentsLimit` */
export function readLog(plan: Plan, from: usize, end: usize, contents: usize, contentsLimit: usize): bool {
  let spans = contents;
  let hasTime = false;
  keyBytes = valueBytes = 0;
  readFrom(from, end);
  hasTimeNs = false;
  while (more()) {
    const tag = readTag();
    work++;
    if (tag == CONTENT) {
      const entryEnd = readLengthEnd();
      if (!readEntry(position(), entryEnd, LOG_DEPTH + 1, Fault.CONTENT_WITHOUT_KEY)) return true;
      readFrom(entryEnd, end);
      if (spans == contentsLimit) return false;
      if (!isSelected(plan, false)) continue;
      addSpan(spans);
      spans += SPAN_BYTES;
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
  return true;
}

/** A Content or a LogTag. @returns false when it is damaged */
function readEntry(from: usize, end: usize, depth: u32, withoutKey: u32): bool {
  let hasKey = false;
  let hasValue = false;
  readFrom(from, end);
  while (more()) {
    const tag = readTag();
    work++;
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

/** Asks what becomes of the entry's key. @returns false when the field is not written */
function isSelected(plan: Plan, isTag: bool): bool {
  if (plan.selects == 0) return true;
  const name = nameOf(plan, key, keyEnd, isTag);
  if (name == DROPPED) return false;
  if (name != KEPT) {
    key = name;
    keyEnd = nameEnd() | IS_ESCAPED;
  }
  return true;
}

function addSpan(span: usize): void {
  store<usize>(span, key);
  store<usize>(span, keyEnd, 4);
  store<usize>(span, value, 8);
  store<usize>(span, valueEnd, 12);
  keyBytes += <u32>((keyEnd & ~IS_ESCAPED) - key);
  valueBytes += <u32>(valueEnd - value);
}
