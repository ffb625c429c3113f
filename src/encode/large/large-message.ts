/**
 * Makes the text of a large log by a format row in steps, so that a log with a million fields or of ten megabytes does
 * not block the event loop: the same bytes as row-writer.ts and field-list-writer.ts write.
 *
 *   1. `prepare` makes the whole text. It stops where the text turns out to be too long, and then makes a truncated
 *      one, where that is asked for.
 *   2. The methods of `MessageWriter` then find the text ready.
 *   3. For a split log, `lookAhead` prepares the pieces of each part before it is written.
 */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { isClosed } from '../../format/parts/format-row.ts';
import type { OversizeAction } from '../frame/encoder-options.ts';
import type { Columns } from '../text/columns.ts';
import { CutText, type TextPiece } from '../text/cut-text.ts';
import type { MessageWriter } from '../text/message-writer.ts';
import { Output } from '../text/output.ts';
import { plainSegment, type Segment, segmentLength, writeSegment } from '../text/segment.ts';
import type { LogWalker } from '../wire/log-walker.ts';
import { isShort, LargeFields, type LargeFieldsParts } from './large-fields.ts';

/** After each `yield` the event loop may run. */
export type Steps<Result = void> = Generator<undefined, Result>;

const STEP_BYTES = 256 * 1024;
const INITIAL_BYTES = 64 * 1024;

/** Writes the texts of the large logs of one batch. */
export interface LargeWriter extends MessageWriter {
  /**
   * Makes the text of the walker's present log.
   * @param facility, severity of the message
   * @param room for the text, in bytes
   * @param oversize what happens to a text that is longer
   */
  prepare(facility: number, severity: number, room: number, oversize: OversizeAction): Steps;
  /** Whether the text is longer than there is room for. */
  readonly isOversize: boolean;
  /** Prepares the next so many bytes of a split log's text, or all that are left. */
  lookAhead(bytes: number): Steps;
  /** Whether so many bytes, or all that are left, are prepared. */
  isAhead(bytes: number): boolean;
}

/** Writes large logs of one batch. */
export class LargeMessage implements LargeWriter {
  readonly #parts: LargeFieldsParts;
  readonly #fields: LargeFields;
  readonly #suffix: Segment;
  readonly #trail: Segment;
  /** The text, whole or truncated. */
  #text: Uint8Array = new Uint8Array(0);
  #isOversize = false;
  /** The rest of a split log's text, and the pieces that are prepared; the first `#taken` of these are written. */
  #rest: Iterator<TextPiece | undefined> | undefined;
  #ahead: TextPiece[] = [];
  #taken = 0;
  #aheadBytes = 0;

  constructor(parts: LargeFieldsParts, source: ByteSource, walker: LogWalker, columns: Columns) {
    const { row } = parts.compiled;
    this.#parts = parts;
    this.#fields = new LargeFields(parts, source, walker, columns);
    this.#suffix = plainSegment(row.suffix);
    this.#trail = plainSegment(parts.compiled.trail);
  }

  get isOversize(): boolean {
    return this.#isOversize;
  }

  *prepare(_facility: number, severity: number, room: number, oversize: OversizeAction): Steps {
    yield* this.#fields.begin(severity);
    const whole = new Text(room);
    this.#isOversize = !(yield* this.#writeWhole(whole));
    this.#text = whole.written;
    this.#ahead = [];
    this.#taken = this.#aheadBytes = 0;
    this.#rest = undefined;
    if (!this.#isOversize) return;
    if (oversize === 'truncate') this.#text = yield* this.#cut(room);
    else this.#rest = this.#allPieces();
  }

  *lookAhead(bytes: number): Steps {
    this.#ahead = this.#ahead.slice(this.#taken);
    this.#taken = 0;
    while (!this.isAhead(bytes)) {
      const piece = this.#next();
      if (piece === undefined) yield;
      else if (piece !== 'end') {
        this.#ahead.push(piece);
        this.#aheadBytes += piece.end - piece.start;
      }
    }
  }

  isAhead(bytes: number): boolean {
    return this.#rest === undefined || this.#aheadBytes >= bytes;
  }

  /** @returns undefined after a step: the event loop may run */
  #next(): TextPiece | undefined | 'end' {
    const next = this.#rest?.next();
    if (next?.done === false) return next.value;
    this.#rest = undefined;
    return 'end';
  }

  beginGroup(): void {
    throw new TypeError('a large log is prepared in steps');
  }

  beginLog(): void {
    this.beginGroup();
  }

  get renamedFields(): number {
    return this.#fields.renamedFields;
  }

  plainLength(): number {
    return this.#isOversize ? Number.POSITIVE_INFINITY : this.#text.length;
  }

  maxLength(): number {
    return this.plainLength();
  }

  exactLength(): number {
    return this.plainLength();
  }

  write(output: Output): void {
    output.bytes.set(this.#text, output.position);
    output.position += this.#text.length;
  }

  writeCut(output: Output): void {
    this.write(output);
  }

  pieces(): Iterator<TextPiece> {
    return { next: () => this.#take() };
  }

  #take(): IteratorResult<TextPiece, undefined> {
    let piece: TextPiece | 'end' | undefined = this.#ahead[this.#taken];
    if (piece) {
      this.#taken++;
      this.#aheadBytes -= piece.end - piece.start;
    }
    while (piece === undefined) piece = this.#next();
    return piece === 'end' ? { done: true, value: undefined } : { done: false, value: piece };
  }

  /** @returns false where there is no room for the whole text */
  *#writeWhole(text: Text): Steps<boolean> {
    for (const piece of this.#allPieces()) {
      if (piece === undefined) yield;
      else {
        if (!text.add(piece)) return false;
        if (text.isStepDone()) yield;
      }
    }
    return true;
  }

  /** The truncated text, as cut-row.ts makes it. */
  *#cut(room: number): Steps<Uint8Array> {
    const { row } = this.#parts.compiled;
    const output = new Output(byteSource(new Uint8Array(room)));
    if (isClosed(row)) yield* this.#cutClosed(output, room);
    else {
      for (const piece of this.#allPieces()) {
        if (piece === undefined) yield;
        else if (!writePiece(piece, output, room)) break;
      }
    }
    return output.bytes.subarray(0, output.position);
  }

  *#cutClosed(output: Output, room: number): Steps {
    const limit = room - (this.#suffix.end - this.#suffix.start);
    const isHeadWhole = this.#fields.head.every((segment) => writePiece(segment, output, limit));
    const hasFields = isHeadWhole && (yield* this.#cutFields(output, limit - (this.#trail.end - this.#trail.start)));
    if (hasFields) output.text(this.#trail.bytes);
    output.text(this.#suffix.bytes);
  }

  /** @returns whether any field is written */
  *#cutFields(output: Output, limit: number): Steps<boolean> {
    let hasFields = false;
    for (const field of this.#fields.all()) {
      if (field === undefined) {
        yield;
        continue;
      }
      const start = output.position;
      if (start > limit) break;
      if (!field.opening.every((segment) => writePiece(segment, output, limit))) {
        output.position = start;
        break;
      }
      hasFields = true;
      if (!field.value) continue;
      let isWhole = true;
      for (const part of this.#fields.partsOf(field.value, true)) {
        isWhole = writePiece(part, output, limit);
        if (!isWhole) break;
        if (!isShort(field.value)) yield;
      }
      if (!isWhole) break;
    }
    return hasFields;
  }

  /** All pieces of the text, from its beginning. */
  *#allPieces(): Generator<Segment | undefined, undefined> {
    const fields = this.#fields;
    yield* fields.head;
    let hasFields = false;
    for (const field of fields.all()) {
      if (field === undefined) {
        yield undefined;
        continue;
      }
      hasFields = true;
      for (const segment of field.opening) {
        if (isShort(segment)) yield segment;
        else yield* fields.partsOf(segment, false);
      }
      if (field.value) yield* fields.partsOf(field.value, true);
    }
    if (hasFields) yield this.#trail;
    yield this.#suffix;
    return undefined;
  }
}

/** A text that grows as far as there is room. */
class Text {
  readonly #room: number;
  readonly #output = new Output(byteSource(new Uint8Array(INITIAL_BYTES)));
  #stepBytes = 0;

  constructor(room: number) {
    this.#room = room;
  }

  get written(): Uint8Array {
    return this.#output.bytes.subarray(0, this.#output.position);
  }

  /** @returns false when there is no room for the run */
  add(segment: Segment): boolean {
    const end = this.#output.position + segmentLength(segment);
    if (end > this.#room) return false;
    if (end > this.#output.bytes.length) this.#grow(end);
    writeSegment(this.#output, segment);
    this.#stepBytes += segment.end - segment.start;
    return true;
  }

  /** Whether so much was written that the event loop should run. */
  isStepDone(): boolean {
    if (this.#stepBytes < STEP_BYTES) return false;
    this.#stepBytes = 0;
    return true;
  }

  #grow(needed: number): void {
    const written = this.written;
    const larger = new Uint8Array(Math.min(Math.max(needed, 2 * written.length), this.#room));
    larger.set(written);
    this.#output.attach(byteSource(larger));
    this.#output.position = written.length;
  }
}

/** @returns whether the whole piece is written */
function writePiece(piece: TextPiece, output: Output, limit: number): boolean {
  const text = new CutText([piece].values());
  text.write(output, limit);
  return text.atEnd;
}
