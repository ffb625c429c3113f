/**
 * Copies text by an escape table:
 *
 *     0    16 bytes  by a byte's low four bits: a bit for each value of its high four, 0 to 7, that is replaced
 *     16   16 bytes  by a byte's high four bits: which bit that is; 0 from 0x80 on
 *     32   256 bytes length of what is written for each byte
 *     288  256 × 16  what is written for it
 *
 * Sixteen bytes are looked up at once. In a table that replaces a byte from 0x80 on, the first 32 bytes are 0xff
 * instead of these bits: every byte is then taken one by one.
 */
import { ESCAPE_LENGTHS, ESCAPE_REPLACEMENTS } from './interface';

/** Bytes of a long text that are looked at together. */
const BLOCK: usize = 64;

/** Marks each byte that may be replaced by a byte other than 0. */
@inline
function marked(bytes: v128, low: v128, high: v128): v128 {
  const byLow = i8x16.swizzle(low, v128.and(bytes, i8x16.splat(0x0f)));
  const byHigh = i8x16.swizzle(high, i8x16.shr_u(bytes, 4));
  return v128.and(byLow, byHigh);
}

/** Bit n: byte n of `bytes` may be replaced. */
@inline
export function replacedIn(bytes: v128, low: v128, high: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.ne(marked(bytes, low, high), i8x16.splat(0)));
}

/**
 * @param low, high the table's first 32 bytes: whoever writes many texts loads them once
 * @returns where the output ends
 */
@inline
export function writeEscaped(table: usize, low: v128, high: v128, from: usize, end: usize, output: usize): usize {
  let at = from;
  let to = output;
  if (end - from > BLOCK) {
    to = writeBlocks(table, low, high, from, end, output);
    at += (end - from - 1) & ~(BLOCK - 1);
  }
  // All but the last 16 bytes, or fewer.
  while (at + 16 < end) {
    const bytes = v128.load(at);
    v128.store(to, bytes);
    const hits = replacedIn(bytes, low, high);
    to = hits == 0 ? to + 16 : writeHits(table, at, 16, hits, to);
    at += 16;
  }
  const bytes = v128.load(at);
  v128.store(to, bytes);
  const count = <u32>(end - at);
  const hits = replacedIn(bytes, low, high) & ((1 << count) - 1);
  return hits == 0 ? to + count : writeHits(table, at, count, hits, to);
}

/** Writes all blocks but the last, even if that is whole. In a long text, most blocks have nothing that is replaced. */
function writeBlocks(table: usize, low: v128, high: v128, from: usize, end: usize, output: usize): usize {
  let to = output;
  for (let at = from; at + BLOCK < end; at += BLOCK) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    const third = v128.load(at, 32);
    const fourth = v128.load(at, 48);
    v128.store(to, first);
    v128.store(to, second, 16);
    v128.store(to, third, 32);
    v128.store(to, fourth, 48);
    const hits = v128.or(
      v128.or(marked(first, low, high), marked(second, low, high)),
      v128.or(marked(third, low, high), marked(fourth, low, high)),
    );
    if (!v128.any_true(hits)) {
      to += BLOCK;
      continue;
    }
    for (let part = at; part < at + BLOCK; part += 16) {
      const bytes = v128.load(part);
      v128.store(to, bytes);
      const hitsInPart = replacedIn(bytes, low, high);
      to = hitsInPart == 0 ? to + 16 : writeHits(table, part, 16, hitsInPart, to);
    }
  }
  return to;
}

/** Writes sixteen bytes or fewer, some of which are replaced. */
function writeHits(table: usize, from: usize, count: u32, hits: u32, output: usize): usize {
  let to = output;
  let done: u32 = 0;
  let rest = hits;
  do {
    const at = ctz(rest);
    v128.store(to, v128.load(from + done));
    to += at - done;
    const byte: usize = load<u8>(from + at);
    v128.store(to, v128.load(table + (byte << 4), ESCAPE_REPLACEMENTS));
    to += load<u8>(table + byte, ESCAPE_LENGTHS);
    done = at + 1;
    rest &= rest - 1;
  } while (rest != 0);
  v128.store(to, v128.load(from + done));
  return to + count - done;
}

/** How many bytes `writeEscaped` would write. */
export function escapedLength(table: usize, from: usize, end: usize): u64 {
  const low = v128.load(table);
  const high = v128.load(table, 16);
  let length: u64 = end - from;
  for (let at = from; at < end; at += 16) {
    const count = min<u32>(<u32>(end - at), 16);
    let rest = replacedIn(v128.load(at), low, high) & ((1 << count) - 1);
    for (; rest != 0; rest &= rest - 1) {
      length += load<u8>(table + load<u8>(at + ctz(rest)), ESCAPE_LENGTHS);
      length--;
    }
  }
  return length;
}
