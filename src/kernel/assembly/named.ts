/**
 * Reads the contents of a regular log (fast-path.ts) where names have records: the contents are written while they
 * are read; or, where columns have to be known first, made into the list of spans that walk.ts makes; or read by the
 * record of a shape (shape.ts).
 */
import { setColumn } from './columns';
import { writeEscaped } from './base/escape';
import { NO_COLUMN, Plan, SPAN_BYTES } from './base/interface';
import {
  columnOf,
  GUESS_BYTES,
  guessedAnswer,
  guessedLength,
  guessFor,
  isAsGuessed,
  isAskedOut,
  isRenamed,
  isWritten,
  textLength,
  textOf,
  unexpectedName,
} from './names';
import { addRenamed } from './base/renamed';
import { isRepeated } from './stamps';
import { writeText } from './base/text';
import { isUtf8 } from './base/utf8';

/** The first bytes of a content: its tag, and its length in one byte or two. */
const SHORT_MASK: u32 = 0x80ff;
const SHORT_HEAD: u32 = 0x0012;
const LONG_MASK: u32 = 0x80_80ff;
const LONG_HEAD: u32 = 0x00_8012;
/** The first bytes of a key, its tag and its length in one byte; and the tag of a value. */
const SHORT_KEY: u32 = 0x000a;
const VALUE: u32 = 0x12;
/** A content has at least so many bytes beside its key and value. */
const MIN_CONTENT_BYTES: u32 = 6;

/** What is made of the contents: text; spans; or spans at the places of a shape's record. */
const TEXT: u32 = 0;
const SPANS: u32 = 1;
const RECORDED: u32 = 2;

/** Offset in a line of a shape's record, a guess without its answer, of where the span goes, or 0. */
export const LINE_TARGET: usize = 4;

/** Sums over the spans, like `keyBytes` and `valueBytes` of walk.ts. */
export let spanKeyBytes: u32 = 0;
export let spanValueBytes: u32 = 0;
/** Contents that were read into spans, written or not. */
export let contentCount: usize = 0;

/**
 * Writes the contents between two addresses.
 * @returns where the output ends; 0 when something else is among the contents, a name is repeated that must not be, or
 * UTF-8 is invalid
 */
export function writeNamedContents(plan: Plan, from: usize, end: usize, output: usize): usize {
  return contents(plan, from, end, output, 0, TEXT);
}

/** @returns where the spans end; 0 as for `writeNamedContents`, or when there are too many */
export function readContents(plan: Plan, from: usize, end: usize, spans: usize, spansLimit: usize): usize {
  return contents(plan, from, end, spans, spansLimit, SPANS);
}

/** @returns false when the names are not those of the lines, or UTF-8 is invalid; the spans are then of no use */
export function readRecorded(plan: Plan, from: usize, end: usize, lines: usize, linesEnd: usize): bool {
  return contents(plan, from, end, lines, linesEnd, RECORDED) == linesEnd;
}

/** @param output where text or spans go, or the lines of the record; spans and lines have a limit */
@inline
function contents(plan: Plan, from: usize, end: usize, output: usize, limit: usize, way: u32): usize {
  const escape = plan.valueEscape;
  const low = v128.load(escape);
  const high = v128.load(escape, 16);
  const isUnique = plan.uniqueNames != 0;
  const isChecked = plan.checksUtf8 != 0;
  const expansion = plan.fastExpansion;
  let slack = plan.namesSlack;
  let place: usize = 0;
  let keyBytes: u32 = 0;
  let valueBytes: u32 = 0;
  let renamed: u32 = 0;
  let at = from;
  let to = output;
  while (at < end) {
    const head = load<u32>(at);
    let name: usize;
    let entryEnd: usize;
    if ((head & SHORT_MASK) == SHORT_HEAD) {
      name = at + 2;
      entryEnd = name + (head >>> 8 & 0x7f);
    } else {
      if ((head & LONG_MASK) != LONG_HEAD) return 0;
      name = at + 3;
      entryEnd = name + ((head >>> 8 & 0x7f) | ((head >>> 16 & 0x7f) << 7));
    }
    if (way == RECORDED && to == limit) return 0;
    const guess = way == RECORDED ? to : guessFor(plan, place++);
    let record = guessedAnswer(guess);
    let keyLength = guessedLength(guess);
    if (!isAsGuessed(guess, name)) {
      if (way == RECORDED) return 0;
      const nameHead = <u32>load<u16>(name);
      keyLength = nameHead >>> 8;
      if ((nameHead & SHORT_MASK) != SHORT_KEY || name + 2 + keyLength > end) return 0;
      record = unexpectedName(plan, guess, name + 2, name + 2 + keyLength);
      if (isAskedOut()) return 0;
    }
    const keyEnd = name + 2 + keyLength;
    const valueHead = <u32>load<u16>(keyEnd);
    let valueLength = valueHead >>> 8;
    let value = keyEnd + 2;
    if (valueLength >= 0x80) valueLength = (valueLength & 0x7f) | (<u32>load<u8>(value++) << 7);
    const valueEnd = value + valueLength;
    if ((valueHead & 0xff) != VALUE || valueLength >= 0x4000 || valueEnd != entryEnd || entryEnd > end) return 0;
    at = entryEnd;

    if (way == RECORDED) {
      const target = load<usize>(to, LINE_TARGET);
      to += GUESS_BYTES;
      if (target == 0) continue;
      store<usize>(target, value);
      store<usize>(target, valueEnd, 4);
      if (isChecked && !isUtf8(value, valueEnd)) return 0;
      continue;
    }
    const column = columnOf(record);
    if (way == SPANS && column != NO_COLUMN) setColumn(plan, column, value, valueEnd);
    if (!isWritten(record)) {
      if (way == SPANS && isChecked && column != NO_COLUMN && !isUtf8(value, valueEnd)) return 0;
      continue;
    }
    if (isUnique && isRepeated(record)) return 0;
    if (isChecked && !isUtf8(value, valueEnd)) return 0;
    const length = textLength(record);
    if (way == SPANS) {
      if (to == limit) return 0;
      store<usize>(to, record);
      store<usize>(to, value, 8);
      store<usize>(to, valueEnd, 12);
      to += SPAN_BYTES;
      keyBytes += length;
      valueBytes += valueLength;
      continue;
    }
    // So many bytes of the name have room by `fastExpansion`; the others take from the slack.
    const reserved = (keyLength + MIN_CONTENT_BYTES) * expansion;
    if (length > reserved) {
      if (length - reserved > slack) return 0;
      slack -= length - reserved;
    }
    renamed += isRenamed(record);
    to = writeText(textOf(record), length, to);
    to = writeEscaped(escape, low, high, value, valueEnd, to);
  }
  if (way == TEXT) addRenamed(renamed);
  if (way == SPANS) {
    spanKeyBytes = keyBytes;
    spanValueBytes = valueBytes;
    contentCount = place;
  }
  return to;
}
