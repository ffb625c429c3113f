/**
 * The kernel: makes a batch's raw bytes into chunks of frames, the same bytes as ../../encode/reference-encoder.ts.
 *
 * `encode` continues a job until its chunk is full, or until the host (the TypeScript around the kernel) has something
 * to do (`Status`). Between two calls the kernel keeps only what it can make again: the position is in the job, and the
 * fields of the present group are written again when another job was served in between.
 */
import { clearFault, failed, fault, faultAt, faultDetail } from './base/fault';
import { DROPPED, fit, READY, writeFrame, writeShaped, writeFast } from './frame';
import { Framing, INTERFACE_CHECKSUM, Job, KNOWN_GROUP_BYTES, Plan, SPAN_BYTES, Status } from './base/interface';
import { beginGroup, beginLog, fallsBack } from './base/fallback';
import { maxSharedBytes, writeShared } from './message';
import { clearNames, isAskedOut, resetAsked } from './names';
import { renamedFields } from './base/renamed';
import { isKept } from './rules';
import { forgetShape, recordShape } from './shape';
import { countWork, resetWork, workDone } from './base/work';
import { GROUP, LOG, readGroup, readLog, readFastLog } from './walk';
import { more, position, readFrom, readLengthEnd, readTag, skip } from './base/wire';

export { INTERFACE_CHECKSUM };
export { loadedGroups, loadPacked, loadRaw } from './base/load';
export { hashOf, NAMES_BYTES } from './names';
export { NAME_SET_BYTES } from './name-set';
export { SHAPE_BYTES } from './shape';

/** Tags that are read in one call, where few of them give a frame: about a millisecond. */
const MAX_WORK: u32 = 200_000;
/** A larger log falls back to the reference, which writes it in steps. */
const MAX_LOG_BYTES: usize = 256 * 1024;
const LIST_DEPTH: u32 = 0;
const GROUP_DEPTH: u32 = 1;

/** Job and group that `readGroup` has read last, the bytes of `shared` that they need, and whether it is written. */
let readFor: u32 = 0;
let readAt: usize = 0;
let sharedNeed: u64 = 0;
let isShared: bool = false;
/** The log that is to be written next. */
let log: usize = 0;
let logEnd: usize = 0;
/** Where the contents of the log that `readAny` has read begin; 0: the log is not a regular one. */
let fastContents: usize = 0;

/** @returns a `Status`; the results are in the job */
export function encode(plan: Plan, job: Job): u32 {
  const out = job.out;
  let to = out;
  let frames: u32 = 0;
  let renamed: u32 = 0;
  let status: u32;
  clearFault();
  resetWork();
  while (true) {
    status = findLog(plan, job);
    if (status != READY) break;
    const room = job.outCapacity - <u32>(to - out);
    const isLarge = logEnd - log > MAX_LOG_BYTES;
    let end: usize = 0;
    resetAsked();
    if (!isLarge) {
      end = plan.readsFirst == 0
        ? writeFast(plan, job, log, logEnd, to, room)
        : writeShaped(plan, job, log, logEnd, to, room);
    }
    if (end == 0 && !isLarge && !isAskedOut()) {
      status = readAny(plan, job);
      if (status != READY) break;
      if (!isAskedOut() && !isKept(plan) && !fallsBack()) end = DROPPED;
    }
    if (end == DROPPED) {
      job.position = logEnd;
      job.index++;
      if (workDone() <= MAX_WORK) continue;
      status = Status.PAUSE;
      break;
    }
    if (end == 0) {
      status = isLarge || isAskedOut() || fallsBack() ? Status.FALL_BACK : fit(plan, job, <u32>(logEnd - log), room, frames == 0);
      if (status == READY) end = writeFrame(plan, job, to);
      if (status == READY && end == 0) status = Status.FALL_BACK;
      if (status == Status.FALL_BACK) {
        job.log = log;
        job.logEnd = logEnd;
      }
      if (status != READY) break;
      if (fastContents != 0) recordShape(plan, fastContents);
    }
    to = end;
    if (plan.framing == Framing.DATAGRAM) store<u32>(job.frameEnds + (<usize>frames << 2), <u32>(to - out));
    frames++;
    renamed += renamedFields();
    job.position = logEnd;
    job.index++;
    const isFull = frames >= plan.maxChunkFrames || <u32>(to - out) >= plan.maxChunkBytes;
    if (isFull || workDone() > MAX_WORK || (plan.framing == Framing.DATAGRAM && frames == job.frameCapacity)) {
      status = Status.CHUNK;
      break;
    }
  }
  job.outBytes = <u32>(to - out);
  job.frameCount = frames;
  job.renamedFields = renamed;
  job.fault = fault();
  job.faultAt = <u32>(faultAt() - job.raw);
  job.faultDetail = faultDetail();
  return status;
}

/** Call it when the host's answers to `chooseName` have become invalid: spans that were read may hold some of them. */
export function forgetNames(plan: Plan): void {
  clearNames(plan);
  forgetShape(plan);
  readFor = 0;
}

/** Finds the next log, and writes its group's fields. @returns READY, or why there is no log */
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

/** Reads the fields of the log's group, unless they were read last. */
function readOwnFields(plan: Plan, job: Job): u32 {
  if (readFor == job.id && readAt == job.group) return READY;
  readFor = 0;
  isShared = false;
  beginGroup();
  resetAsked();
  const tagsLimit = job.tags + <usize>job.tagCapacity * SPAN_BYTES;
  if (!readGroup(plan, ownFieldsOf(job), job.groupEnd, job.tags, tagsLimit)) {
    job.need = isAskedOut() ? u32.MAX_VALUE : 2 * job.tagCapacity;
    return Status.GROW_TAGS;
  }
  if (failed()) return Status.DAMAGE;
  sharedNeed = maxSharedBytes(plan, job.tags);
  readFor = job.id;
  readAt = job.group;
  return READY;
}

/** Where the group's own fields begin, if the table of groups has it; else where the group begins. */
function ownFieldsOf(job: Job): usize {
  while (job.known < job.knownEnd && load<usize>(job.known) < job.group) job.known += KNOWN_GROUP_BYTES;
  const isKnown = job.known < job.knownEnd && load<usize>(job.known) == job.group;
  return isKnown ? load<usize>(job.known, 4) : job.group;
}

/** Writes the group's fields before the first log of the group. */
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

/** Reads any log: its times, and where its contents lie. @returns READY, or why not */
function readAny(plan: Plan, job: Job): u32 {
  const contentsLimit = job.contents + <usize>job.contentCapacity * SPAN_BYTES;
  beginLog();
  fastContents = plan.readsFirst != 0 ? readFastLog(plan, log, logEnd, job.contents, contentsLimit) : 0;
  if (fastContents != 0) return READY;
  beginLog();
  if (!readLog(plan, log, logEnd, job.contents, contentsLimit)) {
    job.need = 2 * job.contentCapacity;
    return Status.GROW_CONTENTS;
  }
  return failed() ? Status.DAMAGE : READY;
}
