/** A run is a piece of a text: bytes that are still to be escaped, or are written as they are. */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import type { TextPiece } from './cut-text.ts';
import { type CompiledEscape, escapedLength, type Output } from './output.ts';

export interface Segment extends ByteSource, TextPiece {}

const NOTHING = byteSource(new Uint8Array(0));

/** A run that is set anew for each log. */
export class MovingSegment implements Segment {
  bytes = NOTHING.bytes;
  view = NOTHING.view;
  start = 0;
  end = 0;
  readonly escape: CompiledEscape;

  constructor(escapeTable: CompiledEscape) {
    this.escape = escapeTable;
  }

  set({ bytes, view }: ByteSource, start: number, end: number): void {
    this.bytes = bytes;
    this.view = view;
    this.start = start;
    this.end = end;
  }
}

export function plainSegment(bytes: Uint8Array): Segment {
  const { view } = byteSource(bytes);
  return { bytes, view, start: 0, end: bytes.length };
}

/** Bytes that `writeSegment` would write. */
export function segmentLength(segment: Segment): number {
  const { start, end, escape: table } = segment;
  return table === undefined ? end - start : escapedLength(segment, start, end, table);
}

export function writeSegment(output: Output, segment: Segment): void {
  const { start, end, escape: table } = segment;
  if (table === undefined) output.copy(segment, start, end);
  else output.escaped(segment, start, end, table);
}
