/** Checks, repairs and decodes bytes that should be UTF-8. */
import { isUtf8 } from 'node:buffer';
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import type { MovingSegment } from './segment.ts';

/** A byte order mark is text like any other. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Up to so many bytes, a look at each is no slower than Node's `isUtf8`. */
const SHORT_BYTES = 256;
const NOT_ASCII = 0x8080_8080;

/** @returns the same bytes, or a copy in which invalid UTF-8 is U+FFFD, one for each maximal subpart */
export function validUtf8(bytes: Uint8Array): Uint8Array {
  return isUtf8(bytes) ? bytes : new Uint8Array(Buffer.from(decoder.decode(bytes)));
}

/** Sets a run to a repaired copy, where its bytes are not UTF-8. */
export function repairUtf8(segment: MovingSegment): void {
  if (isUtf8At(segment, segment.start, segment.end)) return;
  const valid = validUtf8(segment.bytes.subarray(segment.start, segment.end));
  segment.set(byteSource(valid), 0, valid.length);
}

/** Whether the bytes from `start` to `end` are UTF-8. */
export function isUtf8At({ bytes, view }: ByteSource, start: number, end: number): boolean {
  return (end - start <= SHORT_BYTES && isAscii(bytes, view, start, end)) || isUtf8(bytes.subarray(start, end));
}

function isAscii(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
  let at = start;
  for (; at + 4 <= end; at += 4) if ((view.getUint32(at, true) & NOT_ASCII) !== 0) return false;
  for (; at < end; at++) if (bytes[at]! >= 0x80) return false;
  return true;
}

/** Invalid UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
