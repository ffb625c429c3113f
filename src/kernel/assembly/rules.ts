/**
 * Runs filters and classes (../../rules), compiled to instructions that jump (../program.ts).
 *
 * A log is dropped, or it gets the variant of its lead: nine for each class and nine where no class holds. The first of
 * nine has the class's severity or the default one, the others 0 to 7, as the severity field says.
 */
import { columnEnd, columnStart } from './columns';
import { ANSWER_SLOT_BITS, ANSWER_SLOT_BYTES, Instruction, Op, Plan, VALUE_SLOT_BYTES, ValueSlot } from './base/interface';
import { fallsBack, fallBackLog } from './base/fallback';
import { hashOf, isSame } from './names';
import { Answer, inRange } from './base/numbers';
import { countWork } from './base/work';

/** @returns for a regular expression 1 or 0, for the severity field 0 to 7 or -1 */
@external("host", "ask")
declare function ask(question: u32, from: usize, end: usize): i32;

/** The longest value whose answer is kept. A slot has length + 1, the answer, and at 16 the value, padded with 0. */
const MAX_KEPT_LENGTH: u32 = 16;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
/** Work of a question to the host, in tags. */
const ASK_WORK: u32 = 64;
/** Bytes compared at worst to find a text in a value; beyond, the log falls back to the reference. */
const MAX_SEARCH: u64 = 1 << 22;

/** The variant of the lead of the log that was decided on last. */
export let variant: u32 = 0;

/** @returns false when the log is dropped, and counted; calls `fallBackLog` where the kernel cannot tell */
export function isKept(plan: Plan): bool {
  let at = plan.rules;
  if (at == 0) return true;
  let step = changetype<Instruction>(at);
  while (step.op > Op.DROP) {
    at = holds(plan, step) ? step.onTrue : step.onFalse;
    step = changetype<Instruction>(at);
  }
  const number = step.first;
  if (step.op == Op.DROP) {
    // A log that falls back is counted by the reference.
    if (!fallsBack()) countDropped(plan, number);
    return false;
  }
  variant = number;
  if (step.second != 0) variant += <u32>(severityOf(plan) + 1);
  return true;
}

function countDropped(plan: Plan, filter: u32): void {
  const counter = plan.dropped + (<usize>filter << 2);
  store<u32>(counter, load<u32>(counter) + 1);
}

function holds(plan: Plan, step: Instruction): bool {
  const column = step.column;
  const from = columnStart(plan, column);
  if (from == 0) return false;
  const end = columnEnd(plan, column);
  const first: usize = step.first;
  const second = step.second;
  const length = <u32>(end - from);
  switch (step.op) {
    case Op.EXISTS:
      return true;
    case Op.IN:
      return isIn(first, second, from, length);
    case Op.PREFIX:
      return length >= second && isSame(first, from, second);
    case Op.SUFFIX:
      return length >= second && isSame(first, end - second, second);
    case Op.CONTAINS:
      return isWithin(first, second, from, length);
    case Op.RANGE: {
      const answer = inRange(first, from, length);
      if (answer == Answer.UNKNOWN) fallBackLog();
      return answer == Answer.YES;
    }
    case Op.ASK:
      return answerTo(<u32>first, second, from, length) != 0;
    default:
      // The host writes no other instruction: whatever came of it would be wrong.
      unreachable();
      return false;
  }
}

function severityOf(plan: Plan): i32 {
  const from = columnStart(plan, plan.severityColumn);
  if (from == 0) return -1;
  const length = <u32>(columnEnd(plan, plan.severityColumn) - from);
  return answerTo(plan.severityQuestion, plan.severityAnswers, from, length);
}

function isIn(table: usize, mask: u32, from: usize, length: u32): bool {
  const hash = hashOf(from, length);
  let index = hash & mask;
  while (true) {
    const slot = changetype<ValueSlot>(table + <usize>index * VALUE_SLOT_BYTES);
    if (slot.mark == 0) return false;
    if (slot.hash == hash && slot.mark == length + 1 && isSame(slot.value, from, length)) return true;
    index = (index + 1) & mask;
  }
}

/** Looks for a text by its first and its last byte, sixteen places at a time. */
function isWithin(text: usize, textLength: u32, from: usize, length: u32): bool {
  if (textLength == 0) return true;
  if (textLength > length) return false;
  if (<u64>textLength * length > MAX_SEARCH) {
    fallBackLog();
    return false;
  }
  const first = i8x16.splat(load<u8>(text));
  const last = i8x16.splat(load<u8>(text + textLength - 1));
  const places = length - textLength + 1;
  for (let done: u32 = 0; done < places; done += 16) {
    const at = from + done;
    const firsts = i8x16.eq(v128.load(at), first);
    const lasts = i8x16.eq(v128.load(at + textLength - 1), last);
    let hits = <u32>i8x16.bitmask(v128.and(firsts, lasts));
    if (places - done < 16) hits &= (1 << (places - done)) - 1;
    for (; hits != 0; hits &= hits - 1) if (isSame(at + ctz(hits), text, textLength)) return true;
  }
  return false;
}

/** Asks the host, unless its answer for a short value is kept. */
function answerTo(question: u32, answers: usize, from: usize, length: u32): i32 {
  if (length > MAX_KEPT_LENGTH) return answerOfHost(question, from, length);
  const low = firstBytes(load<u64>(from), length);
  const high = length > 8 ? firstBytes(load<u64>(from, 8), length - 8) : 0;
  const slotIndex = <usize>(((low ^ (high * 3) ^ length) * MIX) >> (64 - <u64>ANSWER_SLOT_BITS));
  const slot = answers + slotIndex * ANSWER_SLOT_BYTES;
  if (load<u32>(slot) == length + 1 && load<u64>(slot, 16) == low && load<u64>(slot, 24) == high) return load<i32>(slot, 4);
  const answer = answerOfHost(question, from, length);
  store<u32>(slot, length + 1);
  store<i32>(slot, answer, 4);
  store<u64>(slot, low, 16);
  store<u64>(slot, high, 24);
  return answer;
}

function answerOfHost(question: u32, from: usize, length: u32): i32 {
  countWork(ASK_WORK + (length >> 4));
  return ask(question, from, from + length);
}

@inline
function firstBytes(bytes: u64, count: u32): u64 {
  return count >= 8 ? bytes : bytes & ((<u64>1 << (<u64>count * 8)) - 1);
}
