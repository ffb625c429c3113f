/**
 * Which fields are written, and under which names: the host decides, once for each name, and its answers are kept.
 *
 *     0      u32         end of the names that are kept, as an offset in them
 *     4      u32         how many they are
 *     16     SLOTS × 16  hash, offset and length of the name, answer; length 0: the slot is free
 *     then   the names
 *
 * When either is full, all is forgotten, and asked again.
 */
import { Plan } from './layout';

/**
 * What becomes of a field: KEPT, DROPPED, or the address of two numbers: where its new name, escaped already, begins
 * and ends. A tag's name is asked for without the prefix that it has in the text.
 */
@external("host", "chooseName")
declare function chooseName(from: usize, end: usize, isTag: bool): usize;

export const KEPT: usize = 0;
export const DROPPED: usize = 1;

const SLOTS: usize = 1024;
const MAX_FILLED: u32 = 768;
const SLOT_BYTES: usize = 16;
const TABLE: usize = 16;
const TEXTS: usize = TABLE + SLOTS * SLOT_BYTES;
const TEXT_BYTES: u32 = 64 * 1024;
/** One that is longer is asked for each time. */
const MAX_LENGTH: u32 = 255;
const TAG_BIT: u32 = 0x8000_0000;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/** Of everything above; the host reserves it, filled with 0. */
export const NAMES_BYTES: u32 = <u32>TEXTS + TEXT_BYTES;

/** Whatever was answered is asked for again. */
export function clearNames(plan: Plan): void {
  memory.fill(plan.names, 0, TEXTS);
}

let chosenEnd: usize = 0;

/** Where the name ends that `nameOf` has returned the address of. */
export function nameEnd(): usize {
  return chosenEnd;
}

/** @returns KEPT, DROPPED, or where the new name begins */
export function nameOf(plan: Plan, from: usize, end: usize, isTag: bool): usize {
  const length = <u32>(end - from);
  const answer = length > MAX_LENGTH ? chooseName(from, end, isTag) : keptAnswer(plan.names, from, length, isTag);
  if (answer == KEPT || answer == DROPPED) return answer;
  chosenEnd = load<usize>(answer, 4);
  return load<usize>(answer);
}

function keptAnswer(names: usize, from: usize, length: u32, isTag: bool): usize {
  const mark = (length + 1) | (isTag ? TAG_BIT : 0);
  const hash = hashOf(from, length) ^ mark;
  let index: usize = hash & <u32>(SLOTS - 1);
  while (true) {
    const slot = names + TABLE + index * SLOT_BYTES;
    const slotMark = load<u32>(slot, 8);
    if (slotMark == 0) return remember(names, slot, hash, mark, from, length, isTag);
    if (load<u32>(slot) == hash && slotMark == mark && same(names + TEXTS + load<u32>(slot, 4), from, length)) {
      return load<usize>(slot, 12);
    }
    index = (index + 1) & (SLOTS - 1);
  }
}

function remember(names: usize, slot: usize, hash: u32, mark: u32, from: usize, length: u32, isTag: bool): usize {
  const answer = chooseName(from, from + length, isTag);
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

function hashOf(from: usize, length: u32): u32 {
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

function same(left: usize, right: usize, length: u32): bool {
  let at: u32 = 0;
  for (; at + 8 <= length; at += 8) if (load<u64>(left + at) != load<u64>(right + at)) return false;
  for (; at < length; at++) if (load<u8>(left + at) != load<u8>(right + at)) return false;
  return true;
}
