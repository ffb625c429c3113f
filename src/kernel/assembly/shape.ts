/**
 * Logs of one shape have the same names in the same order. Nearly all logs have the shape of the log before, and their
 * fields are written alike but for the values. So the shape is recorded once: which name is in which place, and which
 * places are written, in which order.
 *
 * A log that is read by the record gives a span for each place, two addresses: where the value begins and where it
 * ends. The span goes to the place's column, if there is one, where rules and leads look for it, or else to a slot. A
 * log that differs from the record is read again in the general way (walk.ts, mapped.ts, message.ts).
 *
 * At `Plan.shape`, behind `Shape`:
 *
 *     LINES  PLACES × 128  the name that is expected, as a guess of names.ts; in place of its answer
 *                            4  u32  where the span goes, or 0
 *                            8  u32  the name's record if it is written, or 0
 *     SLOTS  PLACES × 8    spans
 *     REST   PLACES × 12   fields that are not mapped, in order: where the span is, then the text before the value
 *                          (separator, name and sign) and its length
 *     MAPPED               mapped fields, by mapped-record.ts
 */
import { beginColumns, columnAddress, columnStart, hasGroupColumns, isTaken } from './columns';
import { writeEscaped } from './base/escape';
import { NO_COLUMN, OwnField, Plan } from './base/interface';
import { Shape } from './base/shape-record';
import {
  hasMappedField,
  isGroupUsed,
  MAPPED_RECORD_BYTES,
  mappedCount,
  recordMappedFields,
  takeAgain,
} from './mapped-record';
import { contentCount, LINE_TARGET, readRecorded } from './named';
import {
  columnOf,
  GUESS_BYTES,
  GUESSES,
  guessedAnswer,
  guessFor,
  isRenamed,
  isWritten,
  stampOf,
  textLength,
  textOf,
} from './names';
import { addRenamed } from './base/renamed';
import { isOfPresentGroup, presentGroup } from './stamps';
import { writeText } from './base/text';
import { countWork } from './base/work';
import { hasTimeNs, timeNs, fastContentsEnd } from './walk';

const PLACES: usize = GUESSES;
/** Room for `Shape`. */
const LINES: usize = 64;
const SPAN_BYTES: usize = 8;
const REST_BYTES: usize = 12;
const LINE_RECORD: usize = 8;
const SLOTS: usize = LINES + PLACES * GUESS_BYTES;
const REST: usize = SLOTS + PLACES * SPAN_BYTES;
const MAPPED: usize = REST + PLACES * REST_BYTES;

/** Bytes of the whole record; the host reserves it, filled with 0. */
export const SHAPE_BYTES: u32 = <u32>(MAPPED + MAPPED_RECORD_BYTES);

/** So many logs in a row that differ from the record make a new one. */
const MAX_MISSES: u32 = 2;
/** A log as recorded scores 2, one read in vain -1: it costs about half of what the other saves. */
const HIT_SCORE: i32 = 2;
const MAX_SCORE: i32 = 32;
const MIN_SCORE: i32 = -8;
const PAUSE: u32 = 256;

@inline
function restOf(shape: Shape): usize {
  return changetype<usize>(shape) + REST;
}

@inline
export function mappedOf(shape: Shape): usize {
  return changetype<usize>(shape) + MAPPED;
}

@inline
function lineOf(shape: Shape, place: usize): usize {
  return changetype<usize>(shape) + LINES + place * GUESS_BYTES;
}

@inline
function slotOf(shape: Shape, place: usize): usize {
  return changetype<usize>(shape) + SLOTS + place * SPAN_BYTES;
}

/** Forgets the shape, as name records have become invalid. */
export function forgetShape(plan: Plan): void {
  plan.shape.places = 0;
}

/**
 * Reads a regular log whose times are known.
 * @param from where the contents begin
 * @returns false where the log differs from the record; its spans are then of no use
 */
export function readShaped(plan: Plan, from: usize): bool {
  const shape = plan.shape;
  if (shape.places == 0 || (hasTimeNs && timeNs != 0) != (shape.hasTimeNs != 0)) return false;
  if (shape.readyGroup != presentGroup() && !enterGroup(plan, shape)) return false;
  // Tags are not counted one by one here: four bytes count as one tag.
  countWork(<u32>((fastContentsEnd - from) >> 2) + 1);
  return readPlaces(plan, shape, from);
}

function readPlaces(plan: Plan, shape: Shape, from: usize): bool {
  return readRecorded(plan, from, fastContentsEnd, lineOf(shape, 0), lineOf(shape, shape.places));
}

/** Checks what depends on the group, once for each group. @returns false where the record does not fit the group */
function enterGroup(plan: Plan, shape: Shape): bool {
  if ((hasGroupColumns || shape.hasGroupColumns != 0) && shape.group != presentGroup()) {
    shape.misses = MAX_MISSES;
    return false;
  }
  if (plan.uniqueNames != 0 && isNameOfGroup(plan, shape)) return false;
  beginColumns(plan);
  if (shape.isGroupTaken != 0) takeAgain(mappedOf(shape), shape.mappedCount);
  shape.readyGroup = presentGroup();
  return true;
}

/** Whether the group has a field under a name that the shape's logs write themselves. */
function isNameOfGroup(plan: Plan, shape: Shape): bool {
  const writesTimeNs = shape.hasTimeNs != 0 && (plan.ownFields & OwnField.TIME_NS) != 0;
  if (writesTimeNs && isOfPresentGroup(plan.timeNsStamp)) return true;
  for (let line = lineOf(shape, 0); line < lineOf(shape, shape.places); line += GUESS_BYTES) {
    const record = load<usize>(line, LINE_RECORD);
    if (record != 0 && isOfPresentGroup(stampOf(record))) return true;
  }
  return false;
}

/** Writes fields that are not mapped, each behind a separator; a text's first field behind `firstSeparator`. */
export function writeRest(plan: Plan, hasFieldBefore: bool, output: usize): usize {
  const shape = plan.shape;
  const escape = plan.valueEscape;
  const low = v128.load(escape);
  const high = v128.load(escape, 16);
  const end = restOf(shape) + <usize>shape.restCount * REST_BYTES;
  let to = output;
  addRenamed(shape.renamedCount);
  let skipped: u32 = 0;
  if (!hasFieldBefore) {
    to = writeText(plan.firstSeparator, plan.firstSeparatorLength, to);
    skipped = plan.separatorLength;
  }
  for (let field = restOf(shape); field < end; field += REST_BYTES) {
    const span = load<usize>(field);
    to = writeText(load<usize>(field, 4) + skipped, load<u32>(field, 8) - skipped, to);
    to = writeEscaped(escape, low, high, load<usize>(span), load<usize>(span, 4), to);
    skipped = 0;
  }
  return to;
}

/** Whether the record is worth trying: where logs have many shapes, it is not. */
export function isShapeTried(plan: Plan): bool {
  const shape = plan.shape;
  if (shape.pause == 0) return true;
  shape.pause--;
  return false;
}

/** Notes whether a log was as recorded, to its end; a log that was not is read again. */
export function noteShape(plan: Plan, wasAsRecorded: bool): void {
  const shape = plan.shape;
  shape.misses = wasAsRecorded ? 0 : shape.misses + 1;
  shape.score = wasAsRecorded ? min(MAX_SCORE, shape.score + HIT_SCORE) : shape.score - 1;
  if (shape.score >= MIN_SCORE) return;
  shape.score = 0;
  shape.pause = PAUSE;
}

/**
 * Records the shape of the log that was read last by `readContents`, and written, unless the record may still serve.
 * @param from where the log's contents begin
 */
export function recordShape(plan: Plan, from: usize): void {
  const shape = plan.shape;
  if (shape.pause != 0 || (shape.places != 0 && shape.misses < MAX_MISSES)) return;
  shape.misses = 0;
  shape.places = 0;
  const places = contentCount;
  const ownTimeNs = hasTimeNs && timeNs != 0;
  if (places == 0 || places > PLACES || (ownTimeNs && plan.timeNsColumn != NO_COLUMN)) return;
  for (let place: usize = 0; place < places; place++) {
    memory.copy(lineOf(shape, place), guessFor(plan, place), GUESS_BYTES);
    store<usize>(lineOf(shape, place), slotOf(shape, place), LINE_TARGET);
  }
  shape.places = <u32>places;
  // False also where a name is too long for a guess.
  const isRecorded = readPlaces(plan, shape, from) && recordMappedFields(plan, mappedOf(shape));
  if (!isRecorded) {
    shape.places = 0;
    return;
  }
  recordRest(plan, shape);
  shape.mappedCount = mappedCount;
  shape.hasMappedField = u32(hasMappedField);
  shape.isGroupTaken = u32(isGroupUsed);
  shape.hasTimeNs = u32(ownTimeNs);
  shape.hasGroupColumns = u32(hasGroupColumns);
  shape.group = shape.readyGroup = presentGroup();
}

/** Records where the span of each place goes, and which places are fields that are not mapped. */
function recordRest(plan: Plan, shape: Shape): void {
  let field = restOf(shape);
  shape.restCount = shape.keyBytes = shape.renamedCount = 0;
  for (let place: usize = 0; place < shape.places; place++) {
    const line = lineOf(shape, place);
    const record = guessedAnswer(guessFor(plan, place));
    const column = columnOf(record);
    const value = load<usize>(slotOf(shape, place));
    const written = isWritten(record);
    const isInColumn = column != NO_COLUMN && columnStart(plan, column) == value;
    const span = isInColumn ? columnAddress(plan, column) : slotOf(shape, place);
    store<usize>(line, isInColumn || written ? span : 0, LINE_TARGET);
    store<usize>(line, written ? record : 0, LINE_RECORD);
    if (!written || isTaken(plan, column, value)) continue;
    store<usize>(field, span);
    store<usize>(field, textOf(record), 4);
    store<u32>(field, textLength(record), 8);
    field += REST_BYTES;
    shape.restCount++;
    shape.renamedCount += isRenamed(record);
    shape.keyBytes += textLength(record);
  }
}
