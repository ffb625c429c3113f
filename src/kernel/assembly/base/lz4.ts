/**
 * Unpacks an lz4 block (the block format of the lz4 project, "LZ4 Block Format Description"): sequences of
 *
 *     token   high four bits: count of literals, low four: length of the match less 4; 15 goes on in further bytes
 *     literals
 *     offset  two bytes, little-endian: how far back the match begins   (the last sequence ends before it)
 *
 * Every length and offset is checked before it is used: nothing outside `[from, fromEnd)` is taken for input, and
 * nothing outside `[to, toEnd)` is made output or looked back at. Copies go 16 or 64 bytes at a time, and may touch the
 * padding behind both.
 */

/** More than any body may unpack to; a sum that stops here cannot overflow. */
const MAX_LENGTH: u32 = 0x4000_0000;

/** Largest input and output of a regular sequence: token, literals, offset, a further byte; literals and match. */
const FAST_INPUT: usize = 1 + 14 + 2 + 1;
const FAST_OUTPUT: usize = 14 + 273;

let input: usize = 0;
let fromEnd: usize = 0;
let to: usize = 0;
let toEnd: usize = 0;
let written: usize = 0;

export function openBlock(from: usize, fromLength: u32, output: usize, outputLength: u32): void {
  input = from;
  fromEnd = from + fromLength;
  written = to = output;
  toEnd = output + outputLength;
}

/** Where the output ends. */
export function unpackedEnd(): usize {
  return written;
}

export namespace Block {
  export const MORE: u32 = 0;
  export const END: u32 = 1;
  export const DAMAGED: u32 = 2;
}

/** Unpacks up to `target`, and to the end of the sequence that reaches it. @returns a `Block` */
export function unpackTo(target: usize): u32 {
  while (input < fromEnd) {
    unpackFast(target);
    if (written >= target) return Block.MORE;
    const state = unpackOne();
    if (state != Block.MORE) return state;
  }
  // The block ended with a match, or is empty: the last sequence has to be literals, perhaps none.
  return Block.DAMAGED;
}

/**
 * The fast path for nearly all sequences: fewer than 15 literals, a match of 273 bytes at most, from 16 bytes back or
 * further. So far from all ends, nothing else has to be checked.
 */
function unpackFast(target: usize): void {
  if (fromEnd - input < FAST_INPUT || toEnd - written < FAST_OUTPUT || written - to < 16) return;
  const lastInput = fromEnd - FAST_INPUT;
  const lastOutput = min(target - 1, toEnd - FAST_OUTPUT);
  let at = input;
  let output = written;
  while (at <= lastInput && output <= lastOutput) {
    const token: u32 = load<u8>(at);
    const literals = token >>> 4;
    const offsetAt = at + 1 + literals;
    const offset: u32 = load<u16>(offsetAt);
    // Two thirds of all matches have one further byte, and which do cannot be foreseen: there is no branch.
    const isLong: u32 = u32((token & 15) == 15);
    const more: u32 = load<u8>(offsetAt, 2) & (0 - isLong);
    const match = output + literals;
    if (literals == 15 || more == 255 || offset - 16 > <u32>(match - to) - 16) break;
    v128.store(output, v128.load(at, 1));
    const length = (token & 15) + more + 4;
    copyFar(match, match - offset, length);
    output = match + length;
    at = offsetAt + 2 + isLong;
  }
  input = at;
  written = output;
}

/** Unpacks a sequence of any kind. @returns a `Block`: MORE when it had a match */
function unpackOne(): u32 {
  let at = input;
  let output = written;
  const token: u32 = load<u8>(at++);
  let literals = token >>> 4;
  if (literals == 15) {
    let byte: u32;
    do {
      if (at >= fromEnd || literals > MAX_LENGTH) return Block.DAMAGED;
      byte = load<u8>(at++);
      literals += byte;
    } while (byte == 255);
  }
  if (literals > <u32>(fromEnd - at) || literals > <u32>(toEnd - output)) return Block.DAMAGED;
  const literalsEnd = output + literals;
  v128.store(output, v128.load(at));
  for (let done: u32 = 16; done < literals; done += 16) v128.store(output + done, v128.load(at + done));
  at += literals;
  output = literalsEnd;
  // The last sequence has no match.
  if (at == fromEnd) {
    written = output;
    return Block.END;
  }

  if (<u32>(fromEnd - at) < 2) return Block.DAMAGED;
  const offset: u32 = load<u16>(at);
  at += 2;
  let length = token & 15;
  if (length == 15) {
    let byte: u32;
    do {
      if (at >= fromEnd || length > MAX_LENGTH) return Block.DAMAGED;
      byte = load<u8>(at++);
      length += byte;
    } while (byte == 255);
  }
  length += 4;
  if (offset == 0 || offset > <u32>(output - to) || length > <u32>(toEnd - output)) return Block.DAMAGED;
  copyMatch(output, offset, length);
  input = at;
  written = output + length;
  return Block.MORE;
}

/** Copies from 16 bytes back or further. Nine of ten matches have 64 bytes or fewer: 64 cost less than a branch. */
@inline
function copyFar(output: usize, source: usize, length: u32): void {
  v128.store(output, v128.load(source));
  v128.store(output, v128.load(source, 16), 16);
  v128.store(output, v128.load(source, 32), 32);
  v128.store(output, v128.load(source, 48), 48);
  for (let done: u32 = 64; done < length; done += 16) v128.store(output + done, v128.load(source + done));
}

/** Copies a match, which may reach into its own output: the last `offset` bytes are repeated. */
@inline
function copyMatch(output: usize, offset: u32, length: u32): void {
  const source = output - offset;
  if (offset >= 16) {
    copyFar(output, source, length);
  } else if (offset >= 8) {
    for (let done: u32 = 0; done < length; done += 8) store<u64>(output + done, load<u64>(source + done));
  } else if (offset == 1) {
    const bytes = i8x16.splat(load<u8>(source));
    for (let done: u32 = 0; done < length; done += 16) v128.store(output + done, bytes);
  } else {
    // The first 16 one by one; the others from a multiple of the offset back, which is 12 or more.
    const first = min<u32>(length, 16);
    for (let done: u32 = 0; done < first; done++) store<u8>(output + done, load<u8>(source + done));
    const far = (16 / offset) * offset;
    for (let done: u32 = 16; done < length; done += 8) {
      store<u64>(output + done, load<u64>(output + done - far));
    }
  }
}
