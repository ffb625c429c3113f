/**
 * An lz4 block, unpacked (the block format of the lz4 project, "LZ4 Block Format Description"): sequences of
 *
 *     token   high four bits: count of literals, low four: length of the match less 4; 15 goes on in further bytes
 *     literals
 *     offset  two bytes, little-endian: how far back the match begins   (the last sequence ends before it)
 *
 * Every length and offset is checked before it is used: nothing outside `[from, fromEnd)` is taken for input, and
 * nothing outside `[to, toEnd)` is made output or looked back at. Copies go 16 bytes at a time, and may touch the
 * padding behind both.
 */

/** More than any body may unpack to; a sum that stops here cannot overflow. */
const MAX_LENGTH: u32 = 0x4000_0000;

let input: usize = 0;
let fromEnd: usize = 0;
let to: usize = 0;
let toEnd: usize = 0;
let written: usize = 0;

/** Begins with a block. */
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
  let at = input;
  let output = written;
  while (at < fromEnd) {
    if (output >= target) {
      input = at;
      written = output;
      return Block.MORE;
    }
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
    // In most sequences there are at most 16: one copy, whatever their number.
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
    output += length;
  }
  // It ended with a match, or is empty: the last sequence is literals, be it none.
  return Block.DAMAGED;
}

/** A match may reach into what it writes itself: so many bytes back, over and over. */
@inline
function copyMatch(output: usize, offset: u32, length: u32): void {
  const source = output - offset;
  if (offset >= 16) {
    v128.store(output, v128.load(source));
    for (let done: u32 = 16; done < length; done += 16) v128.store(output + done, v128.load(source + done));
  } else if (offset >= 8) {
    for (let done: u32 = 0; done < length; done += 8) store<u64>(output + done, load<u64>(source + done));
  } else if (offset == 1) {
    const bytes = i8x16.splat(load<u8>(source));
    for (let done: u32 = 0; done < length; done += 16) v128.store(output + done, bytes);
  } else {
    // The first 16 one by one; from there on a multiple of the offset back, which is 12 or more.
    const first = min<u32>(length, 16);
    for (let done: u32 = 0; done < first; done++) store<u8>(output + done, load<u8>(source + done));
    const far = (16 / offset) * offset;
    for (let done: u32 = 16; done < length; done += 8) {
      store<u64>(output + done, load<u64>(output + done - far));
    }
  }
}
