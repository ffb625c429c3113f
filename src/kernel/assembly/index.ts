/**
 * The kernel: a batch's raw bytes → chunks of frames, as ../../encode/reference-encoder.ts makes them, byte for byte.
 *
 * `encode` goes on where a job stands until its chunk is full, or something is the host's to do (`Status`). It keeps
 * nothing between two calls but what it can make anew: the position is in the job, and what the logs of the present
 * group share is written again when another job was served in between.
 */
import { clearFault, failed, fault, faultAt, faultDetail } from './fault';
import { headerLength, headerOf, writeHeader } from './header';
import { Job, Plan, Status } from './layout';
import {
  exactLength,
  hasShared,
  maxLength,
  maxSharedBytes,
  plainLength,
  sharedLength,
  writeBeforeContents,
  writeMessage,
  writeShared,
} from './message';
import { clearNames } from './names';
import { digits, writeDecimal, writeText } from './text';
import { countWork, GROUP, hasTimeNs, LOG, readGroup, readLog, resetWork, SPAN_BYTES, TIME, TIME_NS, time, timeNs, workDone } from './walk';
import { writeContents } from './usual';
import { more, position, readFrom, readLengthEnd, readTag, skip } from './wire';

export { HEADER_SLOTS, PADDING } from './layout';
export { loadedGroups, loadPacked, loadRaw } from './load';
export { NAMES_BYTES } from './names';

const OCTET_COUNTING: u32 = 0;
const LF: u32 = 1;
const DATAGRAM: u32 = 2;
/** A count of ten digits and a space. */
const MAX_FRAMING_BYTES: u64 = 11;
const LINE_FEED: u8 = 0x0a;
const SPACE: u8 = 0x20;
/** `"] `, and its length. */
const IDENTITY_END: u32 = 0x205d22;
const IDENTITY_END_BYTES: u32 = 3;
/** Tags that are read in one call, where few of them give a frame: about a millisecond. */
const MAX_WORK: u32 = 200_000;
/** An entry of the table of load.ts. */
const KNOWN_BYTES: usize = 8;
/** Of a TimeNs with its tag. */
const TIME_NS_BYTES: usize = 5;
const LIST_DEPTH: u32 = 0;
const GROUP_DEPTH: u32 = 1;

/** Beside the statuses: go on. */
const READY: u32 = 0xffff_ffff;

/** Whose group `readGroup` has read last, what `shared` needs for it, and whether it is there. */
let readFor: u32 = 0;
let readAt: usize = 0;
let sharedNeed: u64 = 0;
let isShared: bool = false;
/** The log that is to be written next. */
let log: usize = 0;
let logEnd: usize = 0;
let header: usize = 0;
let headBytes: u32 = 0;
let plainBytes: u64 = 0;
/** Digits of the last message's length: the next one's has as many, most of the time. */
let usualDigits: u32 = 3;

/** @returns a `Status`; what was done is in the job */
export function encode(plan: Plan, job: Job): u32 {
  const out = job.out;
  let to = out;
  let frames: u32 = 0;
  let status: u32;
  clearFault();
  resetWork();
  while (true) {
    status = findLog(plan, job);
    if (status != READY) break;
    const room = job.outCapacity - <u32>(to - out);
    const usualEnd = writeUsual(plan, job, to, room);
    if (usualEnd != 0) {
      to = usualEnd;
    } else {
      status = readUnusual(plan, job);
      if (status == READY) status = fit(plan, job, room, frames == 0);
      if (status != READY) break;
      to = writeFrame(plan, job, to);
    }
    if (plan.framing == DATAGRAM) store<u32>(job.frameEnds + (<usize>frames << 2), <u32>(to - out));
    frames++;
    job.position = logEnd;
    job.index++;
    const isFull = frames >= plan.maxChunkFrames || <u32>(to - out) >= plan.maxChunkBytes;
    if (isFull || workDone() > MAX_WORK || (plan.framing == DATAGRAM && frames == job.frameCapacity)) {
      status = Status.CHUNK;
      break;
    }
  }
  job.outBytes = <u32>(to - out);
  job.frameCount = frames;
  job.fault = fault();
  job.faultAt = <u32>(faultAt() - job.raw);
  job.faultDetail = faultDetail();
  return status;
}

/** To be called when the host's answers to `chooseName` are void: spans that were read may hold some of them. */
export function forgetNames(plan: Plan): void {
  clearNames(plan);
  readFor = 0;
}

/** Finds the next log, and has ready what it shares with others. @returns READY, or why there is none */
function findLog(plan: Plan, job: Job): u32 {
  while (true) {
    if (job.group == 0) {
      const status = findGroup(job);
      if (status != READY) return status;
    }
    const status = readOwnFields(plan, job);
    if (status != READY) return status;
    readFrom(job.position, job.groupEnd);
    while (more()) {
      const tag = readTag();
      countWork();
      if (tag == LOG) {
        logEnd = readLengthEnd();
        log = position();
        return failed() ? Status.DAMAGE : share(plan, job);
      }
      if (tag != 0) skip(tag, GROUP_DEPTH);
      if (failed()) return Status.DAMAGE;
      if (workDone() > MAX_WORK) {
        job.position = position();
        return Status.PAUSE;
      }
    }
    job.group = 0;
    job.position = job.groupEnd;
    if (workDone() > MAX_WORK) return Status.PAUSE;
  }
}

function findGroup(job: Job): u32 {
  readFrom(job.position, job.rawEnd);
  while (more()) {
    const tag = readTag();
    countWork();
    if (tag == GROUP) {
      const end = readLengthEnd();
      if (failed()) return Status.DAMAGE;
      job.groupEnd = end;
      job.group = job.position = position();
      return READY;
    }
    if (tag != 0) skip(tag, LIST_DEPTH);
    if (failed()) return Status.DAMAGE;
    if (workDone() > MAX_WORK) {
      job.position = position();
      return Status.PAUSE;
    }
  }
  return Status.END;
}

/** What the group's logs have in common, unless it was read last. */
function readOwnFields(plan: Plan, job: Job): u32 {
  if (readFor == job.id && readAt == job.group) return READY;
  readFor = 0;
  isShared = false;
  const tagsLimit = job.tags + <usize>job.tagCapacity * SPAN_BYTES;
  if (!readGroup(plan, ownFieldsOf(job), job.groupEnd, job.tags, tagsLimit)) {
    job.need = 2 * job.tagCapacity;
    return Status.GROW_TAGS;
  }
  if (failed()) return Status.DAMAGE;
  sharedNeed = maxSharedBytes(plan, job.tags);
  readFor = job.id;
  readAt = job.group;
  return READY;
}

/** Where the group's fields have to be read from: all of them, where nothing is known of it. */
function ownFieldsOf(job: Job): usize {
  while (job.known < job.knownEnd && load<usize>(job.known) < job.group) job.known += KNOWN_BYTES;
  const isKnown = job.known < job.knownEnd && load<usize>(job.known) == job.group;
  return isKnown ? load<usize>(job.known, 4) : job.group;
}

/** Before the first log of a group: what all of them share. */
function share(plan: Plan, job: Job): u32 {
  if (isShared) return READY;
  if (sharedNeed > job.sharedCapacity) {
    job.need = <u32>sharedNeed;
    return Status.GROW_SHARED;
  }
  writeShared(plan, job.tags, job.shared);
  isShared = true;
  return READY;
}

/**
 * Writes the log's frame if it is a usual one (usual.ts), and certain to fit.
 * @returns where the output ends, or 0
 */
function writeUsual(plan: Plan, job: Job, start: usize, room: u32): usize {
  const shared = sharedLength();
  if (plan.usualExpansion == 0 || !hasShared() || load<u8>(log) != TIME) return 0;
  const grown = <u64>(logEnd - log) * plan.usualExpansion;
  const most = grown + shared + plan.headerStride + job.identityLength + plan.usualMaxConstants;
  if (most > plan.maxMessageBytes || most > room) return 0;

  let contents = log + 1;
  let second: u32 = 0;
  for (let shift: u32 = 0; ; shift += 7) {
    if (shift > 28 || contents >= logEnd) return 0;
    const byte: u32 = load<u8>(contents++);
    second |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  // If this is no TimeNs, it is inside a content, which then reaches past what is taken for the contents' end.
  let contentsEnd = logEnd - TIME_NS_BYTES;
  const hasFraction = contentsEnd >= contents && load<u8>(contentsEnd) == TIME_NS;
  const fraction = hasFraction ? load<u32>(contentsEnd, 1) : 0;
  if (!hasFraction) contentsEnd = logEnd;

  let messageStart = start;
  if (plan.framing == OCTET_COUNTING) messageStart += usualDigits + 1;
  let to = writeHeader(headerOf(plan, second), hasFraction, fraction, messageStart);
  if (job.identityLength != 0) to = writeIdentity(job, to);
  to = writeBeforeContents(plan, hasFraction, fraction, to);
  to = writeContents(plan, contents, contentsEnd, to);
  if (to == 0) return 0;
  return endFrame(plan, start, messageStart, writeText(plan.suffix, plan.suffixLength, to));
}

/** Any log: its times, and where its contents lie. */
function readUnusual(plan: Plan, job: Job): u32 {
  const contentsLimit = job.contents + <usize>job.contentCapacity * SPAN_BYTES;
  if (!readLog(plan, log, logEnd, job.contents, contentsLimit)) {
    job.need = 2 * job.contentCapacity;
    return Status.GROW_CONTENTS;
  }
  return failed() ? Status.DAMAGE : READY;
}

/** Whether the log's message is within the limit, and its frame fits into what is left of the chunk. */
function fit(plan: Plan, job: Job, room: u32, isFirst: bool): u32 {
  header = headerOf(plan, time);
  headBytes = headerLength(header, hasTimeNs, timeNs);
  if (job.identityLength != 0) headBytes += job.identityLength + digits(job.index) + IDENTITY_END_BYTES;
  plainBytes = plainLength(plan, job.contents);
  let messageBytes = headBytes + maxLength(plan, plainBytes);
  if (messageBytes <= plan.maxMessageBytes && messageBytes + MAX_FRAMING_BYTES <= room) return READY;
  messageBytes = headBytes + exactLength(plan, job.contents, plainBytes);
  if (messageBytes > plan.maxMessageBytes) {
    job.log = log;
    job.logEnd = logEnd;
    return Status.OVERSIZE;
  }
  if (messageBytes + MAX_FRAMING_BYTES <= room) return READY;
  job.need = <u32>(messageBytes + MAX_FRAMING_BYTES);
  return isFirst ? Status.GROW_OUT : Status.CHUNK;
}

function writeFrame(plan: Plan, job: Job, start: usize): usize {
  let messageStart = start;
  // A guess: right where nothing has to be escaped.
  if (plan.framing == OCTET_COUNTING) messageStart += digits(headBytes + <u32>plainBytes) + 1;
  let to = writeHeader(header, hasTimeNs, timeNs, messageStart);
  if (job.identityLength != 0) to = writeIdentity(job, to);
  return endFrame(plan, start, messageStart, writeMessage(plan, job.contents, to));
}

function writeIdentity(job: Job, output: usize): usize {
  const to = writeDecimal(job.index, 1, writeText(job.identity, job.identityLength, output));
  store<u32>(to, IDENTITY_END);
  return to + IDENTITY_END_BYTES;
}

/** Writes the octet count, and moves the message where it has more or fewer digits than there is room for. */
function endFrame(plan: Plan, start: usize, messageStart: usize, end: usize): usize {
  if (plan.framing == LF) {
    store<u8>(end, LINE_FEED);
    return end + 1;
  }
  if (plan.framing != OCTET_COUNTING) return end;
  const length = <u32>(end - messageStart);
  usualDigits = digits(length);
  const countEnd = start + usualDigits;
  if (countEnd + 1 != messageStart) memory.copy(countEnd + 1, messageStart, length);
  writeDecimal(length, 1, start);
  store<u8>(countEnd, SPACE);
  return countEnd + 1 + length;
}
