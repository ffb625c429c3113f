/**
 * The way of nearly all logs, in one pass: Time first, then contents that are a key and a value and nothing else, then
 * perhaps TimeNs. The message is written while the log is read, so that the processor works on both at once; whatever
 * is found to be otherwise is left to `walk.ts` and `message.ts`, which know everything.
 *
 * Where columns have to be known before anything is written, this pass makes the list of spans that `walk.ts` makes.
 */
import { setColumn } from './columns';
import { replacedIn, writeEscaped } from './escape';
import { Plan } from './layout';
import { columnOf, contentName, isWritten, NO_COLUMN, textLength, textOf } from './names';
import { isRepeated } from './stamps';
import { writeText } from './text';
import { isUtf8 } from './utf8';

/** Of a content's first four bytes, or five: tag, length in one byte or two, tag of the key, its length in one byte. */
const SHORT_MASK: u32 = 0x80ff_80ff;
const SHORT_HEAD: u32 = 0x000a_0012;
const LONG_MASK: u64 = 0x80_ff80_80ff;
const LONG_HEAD: u64 = 0x00_0a00_8012;
const VALUE: u32 = 0x12;
/** Bytes of a content beside its key and value, at least. */
const MIN_CONTENT_BYTES: u32 = 6;

/** What is made of the contents: text under their own names, text under the names of records, or spans. */
const OWN_NAMES: u32 = 0;
const NAMES: u32 = 1;
const SPANS: u32 = 2;

const SPAN_BYTES: usize = 16;

/** Sums over the spans, as those of walk.ts. */
export let spanKeyBytes: u32 = 0;
export let spanValueBytes: u32 = 0;

/**
 * Writes the contents between two addresses, each with a separator before it.
 * @returns where the output ends, or 0 when there is something else among them
 */
export function writeContents(plan: Plan, from: usize, end: usize, output: usize): usize {
  return contents(plan, from, end, output, 0, OWN_NAMES);
}

/** The same where names have records. 0 also when a name is repeated that must not be, or something is no UTF-8. */
export function writeNamedContents(plan: Plan, from: usize, end: usize, output: usize): usize {
  return contents(plan, from, end, output, 0, NAMES);
}

/** @returns where the spans end, or 0 when there is something else, or too much, or as above */
export function readContents(plan: Plan, from: usize, end: usize, spans: usize, spansLimit: usize): usize {
  return contents(plan, from, end, spans, spansLimit, SPANS);
}

@inline
function contents(plan: Plan, from: usize, end: usize, output: usize, limit: usize, way: u32): usize {
  const keyEscape = plan.keyEscape;
  const valueEscape = plan.valueEscape;
  const keyLow = v128.load(keyEscape);
  const keyHigh = v128.load(keyEscape, 16);
  const valueLow = v128.load(valueEscape);
  const valueHigh = v128.load(valueEscape, 16);
  const separator = v128.load(plan.separator);
  const separatorLength = plan.separatorLength;
  const sign = v128.load(plan.sign);
  const signLength = plan.signLength;
  const isUnique = plan.uniqueNames != 0;
  const isChecked = plan.checksUtf8 != 0;
  const expansion = plan.usualExpansion;
  let slack = plan.namesSlack;
  let place: usize = 0;
  let keyBytes: u32 = 0;
  let valueBytes: u32 = 0;
  let at = from;
  let to = output;
  while (at < end) {
    const head = load<u64>(at);
    let key: usize;
    let keyEnd: usize;
    let value: usize;
    let valueEnd: usize;
    let entryEnd: usize;
    if ((<u32>head & SHORT_MASK) == SHORT_HEAD) {
      key = at + 4;
      entryEnd = at + 2 + ((<u32>head >>> 8) & 0x7f);
      keyEnd = key + (<u32>head >>> 24);
      value = keyEnd + 2;
      const valueHead: u32 = load<u16>(keyEnd);
      valueEnd = value + (valueHead >>> 8);
      if ((valueHead & 0x80ff) != VALUE) return 0;
    } else {
      if ((head & LONG_MASK) != LONG_HEAD) return 0;
      key = at + 5;
      entryEnd = at + 3 + ((<u32>(head >>> 8) & 0x7f) | ((<u32>(head >>> 16) & 0x7f) << 7));
      keyEnd = key + (<u32>(head >>> 32) & 0x7f);
      value = keyEnd + 2;
      const valueHead: u32 = load<u16>(keyEnd);
      let length = valueHead >>> 8;
      if (length >= 0x80) length = (length & 0x7f) | (<u32>load<u8>(value++) << 7);
      valueEnd = value + length;
      if ((valueHead & 0xff) != VALUE || length >= 0x4000) return 0;
    }
    if (valueEnd != entryEnd || entryEnd > end) return 0;
    at = entryEnd;
    const keyLength = <u32>(keyEnd - key);
    const valueLength = <u32>(valueEnd - value);
    if (way != OWN_NAMES) {
      const record = contentName(plan, place++, key, keyEnd);
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
      // So much of it is room that was reserved for it.
      const reserved = (keyLength + MIN_CONTENT_BYTES) * expansion;
      if (length > reserved) {
        if (length - reserved > slack) return 0;
        slack -= length - reserved;
      }
      to = writeText(textOf(record), length, to);
      to = writeEscaped(valueEscape, valueLow, valueHigh, value, valueEnd, to);
      continue;
    }
    v128.store(to, separator);
    to += separatorLength;
    if (max(keyLength, valueLength) <= 16) {
      const keyBytes = v128.load(key);
      const valueBytes = v128.load(value);
      v128.store(to, keyBytes);
      v128.store(to + keyLength, sign);
      const valueTo = to + keyLength + signLength;
      v128.store(valueTo, valueBytes);
      const hits =
        (replacedIn(keyBytes, keyLow, keyHigh) & ((1 << keyLength) - 1)) |
        (replacedIn(valueBytes, valueLow, valueHigh) & ((1 << valueLength) - 1));
      if (hits == 0) {
        to = valueTo + valueLength;
        continue;
      }
    }
    to = writeEscaped(keyEscape, keyLow, keyHigh, key, keyEnd, to);
    v128.store(to, sign);
    to = writeEscaped(valueEscape, valueLow, valueHigh, value, valueEnd, to + signLength);
  }
  if (way == SPANS) {
    spanKeyBytes = keyBytes;
    spanValueBytes = valueBytes;
  }
  return to;
}
