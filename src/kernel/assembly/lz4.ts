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

/** @returns bytes written, or -1 when the block is damaged or does not fit */
export function lz4(from: usize, fromLength: u32, to: usize, toLength: u32): i32 {
  const fromEnd = from + fromLength;
  const toEnd = to + toLength;
  let input = from;
  let output = to;
  while (input < fromEnd) {
    const token: u32 = load<u8>(input++);
    let literals = token >>> 4;
    if (literals == 15) {
      let byte: u32;
      do {
        if (input >= fromEnd) return -1;
        byte = load<u8>(input++);
        literals += byte;
      } while (byte == 255);
    }
    if (literals > <u32>(fromEnd - input) || literals > <u32>(toEnd - output)) return -1;
    const literalsEnd = output + literals;
    // In most sequences there are at most 16: one copy, whatever their number.
    v128.store(output, v128.load(input));
    for (let done: u32 = 16; done < literals; done += 16) v128.store(output + done, v128.load(input + done));
    input += literals;
    output = literalsEnd;
    // The last sequence has no match.
    if (input == fromEnd) return <i32>(output - to);

    if (<u32>(fromEnd - input) < 2) return -1;
    const offset: u32 = load<u16>(input);
    input += 2;
    let length = token & 15;
    if (length == 15) {
      let byte: u32;
      do {
        if (input >= fromEnd) return -1;
        byte = load<u8>(input++);
        length += byte;
      } while (byte == 255);
    }
    length += 4;
    if (offset == 0 || offset > <u32>(output - to) || length > <u32>(toEnd - output)) return -1;
    copyMatch(output, offset, length);
    output += length;
  }
  // It ended with a match, or is empty: the last sequence is literals, be it none.
  return -1;
}

/** A match may reach into what it writes itself: so many bytes back, over and over. */
// @ts-ignore: decorator
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
