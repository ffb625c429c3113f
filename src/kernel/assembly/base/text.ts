/** Writes short texts and numbers. Sixteen bytes are stored at a time: what comes next is written over the excess. */

/** @returns where the output ends */
@inline
export function writeText(from: usize, length: u32, output: usize): usize {
  v128.store(output, v128.load(from));
  for (let done: u32 = 16; done < length; done += 16) v128.store(output + done, v128.load(from + done));
  return output + length;
}

export function digits(value: u32): u32 {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return value < 1_000_000_000 ? 9 : 10;
}

/** Writes a number in decimal, with leading zeros up to `minDigits`. */
export function writeDecimal(value: u32, minDigits: u32, output: usize): usize {
  const end = output + max(minDigits, digits(value));
  let rest = value;
  for (let at = end; at > output; ) {
    at--;
    store<u8>(at, 0x30 + (rest % 10));
    rest /= 10;
  }
  return end;
}
