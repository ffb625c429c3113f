/** Where each frame of a chunk ends: a stream's frames carry their own length, or end with a line feed. */
import type { FrameChunk } from '../../../core/bytes.ts';
import type { Framing } from '../../../encode/frame/framing.ts';

const LF = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;

/** @returns `frameCount` offsets in `bytes` */
export function frameEnds({ bytes, frameCount, frameEnds: known }: FrameChunk, framing: Framing): readonly number[] {
  if (known) return [...known.subarray(0, frameCount)];
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    at = framing === 'octet-counting' ? octetCountedEnd(bytes, at) : bytes.indexOf(LF, at) + 1;
    ends.push(at);
  }
  return ends;
}

function octetCountedEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  let length = 0;
  for (; bytes[at] !== SPACE; at++) length = length * 10 + (bytes[at] as number) - ZERO;
  return at + 1 + length;
}
