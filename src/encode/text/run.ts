/** A run is a piece of a text: bytes that are still to be escaped, or are written as they are. */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import type { TextPiece } from './cut-text.ts';
import { type CompiledEscape, escapedLength, type Output } from './output.ts';

export interface Run extends ByteSource, TextPiece {}

const NOTHING = byteSource(new Uint8Array(0));

/** A run that is set anew for each log. */
export class MovingRun implements Run {
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

export function plainRun(bytes: Uint8Array): Run {
  const { view } = byteSource(bytes);
  return { bytes, view, start: 0, end: bytes.length };
}

/** Bytes that `writeRun` would write. */
export function runLength(run: Run): number {
  const { start, end, escape: table } = run;
  return table === undefined ? end - start : escapedLength(run, start, end, table);
}

export function writeRun(output: Output, run: Run): void {
  const { start, end, escape: table } = run;
  if (table === undefined) output.copy(run, start, end);
  else output.escaped(run, start, end, table);
}
