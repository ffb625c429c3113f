/**
 * The fast path, in one pass, for a *regular log*, as nearly all logs are: Time first, then contents with a key and a
 * value and nothing else, then perhaps TimeNs. The message is written while the log is read, so that the processor
 * works on both at once. Any other log takes the general way (walk.ts, message.ts).
 *
 * This file is for names that are written as they are; where names have records, see named.ts.
 */
import { replacedIn, writeEscaped } from './base/escape';
import { Plan } from './base/interface';
import { beginNames, isLikeServiceName, isNewName } from './name-set';

/** The first 4 bytes of a content, or 5: tag, length in one byte or two, tag of the key, its length in one byte. */
const SHORT_MASK: u32 = 0x80ff_80ff;
const SHORT_HEAD: u32 = 0x000a_0012;
const LONG_MASK: u64 = 0x80_ff80_80ff;
const LONG_HEAD: u64 = 0x00_0a00_8012;
const VALUE: u32 = 0x12;

/**
 * Writes the contents between two addresses, each with a separator before it.
 * @returns where the output ends, or 0 when something else is among the contents, or a name may not be unique
 */
export function writeContents(plan: Plan, from: usize, end: usize, output: usize): usize {
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
  const nameSet = plan.nameSet;
  const stamp = beginNames();
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
    if (isUnique && (isLikeServiceName(key) || !isNewName(nameSet, stamp, key, keyLength))) return 0;
    const valueLength = <u32>(valueEnd - value);
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
  return to;
}
