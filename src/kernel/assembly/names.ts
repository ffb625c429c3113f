/**
 * Says how the fields of each name are written: the host decides, once for each name, and its answers are kept.
 *
 *     0      u32         end of the names that are kept, as an offset in them
 *     4      u32         number of the names that are kept
 *     64     GUESSES × 128  by a content's place in its log, the name that stood there last:
 *                          0   u32  its length
 *                          4   u32  its answer
 *                          16       the first 32 bytes of tag, length and name, as they are in the log
 *                          48       a mask: 0 where such a byte counts, 0xff where it does not
 *                          80       the rest of the name
 *     TABLE  SLOTS × 16  hash, offset and mark of the name, answer; mark 0: the slot is free
 *     then   the names
 *
 * When the table or the names are full, all is forgotten, and asked again. An answer is the address of a record, which
 * the host holds (../name-records.ts): a `NameRecord`.
 */
import { NAME_RECORD_BYTES, NameRecord, Plan } from './base/interface';
import { countWork } from './base/work';

/** @returns the address of a name record. A tag's name is without the prefix that it has in the text. */
@external("host", "chooseName")
declare function chooseName(from: usize, end: usize, isTag: bool): usize;

/** Work of asking the host for a name, in tags. */
const ASK_WORK: u32 = 100;
/** Limit of names that the host is asked for in one log: some milliseconds. */
const MAX_ASKED: u32 = 1_000;
/** Names asked for since `resetAsked`. */
let asked: u32 = 0;

export function resetAsked(): void {
  asked = 0;
}

/** Whether a log has too many unknown names: it falls back to the reference, and its spans are not to be used. */
@inline
export function isAskedOut(): bool {
  return asked > MAX_ASKED;
}

function ask(from: usize, end: usize, isTag: bool): usize {
  asked++;
  countWork(ASK_WORK);
  return chooseName(from, end, isTag);
}

const SLOTS: usize = 1024;
const MAX_FILLED: u32 = 768;
const SLOT_BYTES: usize = 16;
/** Number of guesses, one for each place of a content, and the bytes of each. */
export const GUESSES: usize = 64;
export const GUESS_BYTES: usize = 128;
const GUESSES_AT: usize = 64;
const GUESS_START: usize = 16;
const GUESS_MASK: usize = 48;
const GUESS_REST: usize = 80;
/** Bytes of tag, length and name that are compared at once. */
const GUESS_START_BYTES: u32 = 32;
/** Bytes of the tag and of the length, which is one byte. */
const NAME_HEAD_BYTES: u32 = 2;
/** The longest name that can be guessed; a longer one is looked up. */
const MAX_GUESS_LENGTH: u32 = GUESS_START_BYTES - NAME_HEAD_BYTES + 48;
const NAME_TAG: u8 = 0x0a;
const TABLE: usize = GUESSES_AT + GUESSES * GUESS_BYTES;
const TEXTS: usize = TABLE + SLOTS * SLOT_BYTES;
const TEXT_BYTES: u32 = 64 * 1024;
/** The longest name that is kept; a longer one is asked for each time. */
const MAX_LENGTH: u32 = 255;
const TAG_BIT: u32 = 0x8000_0000;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/** Bytes of everything above; the host reserves them, filled with 0. */
export const NAMES_BYTES: u32 = <u32>TEXTS + TEXT_BYTES;

/** Forgets all answers, so that the host is asked again. */
export function clearNames(plan: Plan): void {
  memory.fill(plan.names, 0, TEXTS);
}

@inline
export function isWritten(record: usize): bool {
  return changetype<NameRecord>(record).kind != 0;
}

/** 1: the field is renamed (written-names.ts); else 0. */
@inline
export function isRenamed(record: usize): u32 {
  return changetype<NameRecord>(record).kind >>> 1;
}

@inline
export function columnOf(record: usize): u32 {
  return changetype<NameRecord>(record).column;
}

@inline
export function stampOf(record: usize): usize {
  return changetype<NameRecord>(record).stamp;
}

@inline
export function textLength(record: usize): u32 {
  return changetype<NameRecord>(record).textLength;
}

@inline
export function textOf(record: usize): usize {
  return record + NAME_RECORD_BYTES;
}

/** @param place of a content in its log, from 0: most logs have the same names in the same order */
@inline
export function guessFor(plan: Plan, place: usize): usize {
  return plan.names + GUESSES_AT + (place & (GUESSES - 1)) * GUESS_BYTES;
}

/** Whether tag, length and name of the guess are at `from`; then length and answer of the guess are right, too. */
@inline
export function isAsGuessed(guess: usize, from: usize): bool {
  const first = v128.xor(v128.load(from), v128.load(guess, GUESS_START));
  const second = v128.xor(v128.load(from, 16), v128.load(guess, GUESS_START + 16));
  const differs = v128.or(
    v128.andnot(first, v128.load(guess, GUESS_MASK)),
    v128.andnot(second, v128.load(guess, GUESS_MASK + 16)),
  );
  if (v128.any_true(differs)) return false;
  const inStart = GUESS_START_BYTES - NAME_HEAD_BYTES;
  const length = guessedLength(guess);
  return length <= inStart || isSame(guess + GUESS_REST, from + GUESS_START_BYTES, length - inStart);
}

@inline
export function guessedLength(guess: usize): u32 {
  return load<u32>(guess);
}

@inline
export function guessedAnswer(guess: usize): usize {
  return load<usize>(guess, 4);
}

/** Looks up a name that was not guessed, and makes it the next guess. */
export function unexpectedName(plan: Plan, guess: usize, from: usize, end: usize): usize {
  const record = contentName(plan, from, end);
  const length = <u32>(end - from);
  if (length > MAX_GUESS_LENGTH) return record;
  const counted = min(NAME_HEAD_BYTES + length, GUESS_START_BYTES);
  store<u32>(guess, length);
  store<usize>(guess, record, 4);
  store<u8>(guess, NAME_TAG, GUESS_START);
  store<u8>(guess, <u8>length, GUESS_START + 1);
  memory.copy(guess + GUESS_START + NAME_HEAD_BYTES, from, counted - NAME_HEAD_BYTES);
  memory.fill(guess + GUESS_MASK, 0, counted);
  memory.fill(guess + GUESS_MASK + counted, 0xff, GUESS_START_BYTES - counted);
  const rest = NAME_HEAD_BYTES + length - counted;
  memory.copy(guess + GUESS_REST, end - rest, rest);
  return record;
}

export function contentName(plan: Plan, from: usize, end: usize): usize {
  return nameOf(plan, from, end, false);
}

export function tagName(plan: Plan, from: usize, end: usize): usize {
  return nameOf(plan, from, end, true);
}

function nameOf(plan: Plan, from: usize, end: usize, isTag: bool): usize {
  const length = <u32>(end - from);
  return length > MAX_LENGTH ? ask(from, end, isTag) : keptAnswer(plan.names, from, length, isTag);
}

function keptAnswer(names: usize, from: usize, length: u32, isTag: bool): usize {
  const mark = (length + 1) | (isTag ? TAG_BIT : 0);
  const hash = hashOf(from, length) ^ mark;
  let index: usize = hash & <u32>(SLOTS - 1);
  while (true) {
    const slot = names + TABLE + index * SLOT_BYTES;
    const slotMark = load<u32>(slot, 8);
    if (slotMark == 0) return remember(names, slot, hash, mark, from, length, isTag);
    if (load<u32>(slot) == hash && slotMark == mark && isSame(names + TEXTS + load<u32>(slot, 4), from, length)) {
      return load<usize>(slot, 12);
    }
    index = (index + 1) & (SLOTS - 1);
  }
}

function remember(names: usize, slot: usize, hash: u32, mark: u32, from: usize, length: u32, isTag: bool): usize {
  const answer = ask(from, from + length, isTag);
  const used = load<u32>(names);
  const filled = load<u32>(names, 4);
  if (used + length > TEXT_BYTES || filled == MAX_FILLED) {
    memory.fill(names, 0, TEXTS);
    return answer;
  }
  memory.copy(names + TEXTS + used, from, length);
  store<u32>(names, used + length);
  store<u32>(names, filled + 1, 4);
  store<u32>(slot, hash);
  store<u32>(slot, used, 4);
  store<u32>(slot, mark, 8);
  store<usize>(slot, answer, 12);
  return answer;
}

export function hashOf(from: usize, length: u32): u32 {
  let hash: u64 = length;
  let at: u32 = 0;
  for (; at + 8 <= length; at += 8) hash = mix(hash ^ load<u64>(from + at));
  if (at < length) hash = mix(hash ^ (load<u64>(from + at) & ((1 << (<u64>(length - at) * 8)) - 1)));
  return <u32>(hash ^ (hash >> 32));
}

@inline
function mix(value: u64): u64 {
  const product = value * MIX;
  return product ^ (product >> 29);
}

/** Compares sixteen bytes at a time, of which only `length` count. */
@inline
export function isSame(left: usize, right: usize, length: u32): bool {
  for (let at: u32 = 0; at < length; at += 16) {
    let differs = <u32>i8x16.bitmask(i8x16.ne(v128.load(left + at), v128.load(right + at)));
    if (length - at < 16) differs &= (1 << (length - at)) - 1;
    if (differs != 0) return false;
  }
  return true;
}
