/** Makes texts of large logs by code, in steps (format/parts/text-format.ts); see computed-writer.ts. */
import type { TextInSteps } from '../../format/parts/text-format.ts';
import type { OversizeAction } from '../frame/encoder-options.ts';
import type { BatchLogView } from '../text/batch-log-view.ts';
import { lineBreaks } from '../text/computed-writer.ts';
import { CutText, type TextPiece } from '../text/cut-text.ts';
import type { Output } from '../text/output.ts';
import { plainSegment, type Segment, segmentLength, writeSegment } from '../text/segment.ts';
import type { LargeWriter, Steps } from './large-message.ts';

/** Parts or characters that are made in one step: about a millisecond. */
const STEP_PARTS = 256;
const STEP_CHARACTERS = 256 * 1024;

/** Writes large logs of one batch. */
export class LargeComputed implements LargeWriter {
  readonly #inSteps: TextInSteps;
  readonly #log: BatchLogView;
  #text: Segment = plainSegment(new Uint8Array(0));
  #isOversize = false;

  constructor(inSteps: TextInSteps, log: BatchLogView) {
    this.#inSteps = inSteps;
    this.#log = log;
  }

  get isOversize(): boolean {
    return this.#isOversize;
  }

  *prepare(facility: number, severity: number, room: number, oversize: OversizeAction): Steps {
    this.#log.beginLog(facility, severity);
    const most = oversize === 'split' ? Number.POSITIVE_INFINITY : room;
    const texts: Buffer[] = [];
    let part: string[] = [];
    let characters = 0;
    let bytes = 0;
    let escaped = 0;
    const take = () => {
      const text = Buffer.from(part.join(''), 'utf8');
      texts.push(text);
      bytes += text.length;
      escaped += segmentLength({ ...plainSegment(text), escape: lineBreaks });
      part = [];
      characters = 0;
    };
    for (const each of this.#inSteps.format(this.#log.fieldsInSteps())) {
      part.push(each);
      characters += each.length;
      if (part.length < STEP_PARTS && characters < STEP_CHARACTERS) continue;
      take();
      if (escaped > most) break;
      yield;
    }
    take();
    this.#isOversize = escaped > room;
    if (this.#isOversize && oversize === 'truncate') {
      const cut = yield* this.#inSteps.cut(this.#log.fieldsInSteps(), room);
      this.#text = { ...plainSegment(Buffer.from(cut, 'utf8')), escape: lineBreaks };
    } else this.#text = { ...plainSegment(Buffer.concat(texts, bytes)), escape: lineBreaks };
  }

  *lookAhead(): Steps {
    yield;
  }

  isAhead(): boolean {
    return true;
  }

  beginGroup(): void {
    throw new TypeError('a large log is prepared in steps');
  }

  beginLog(): void {
    this.beginGroup();
  }

  get renamedFields(): number {
    return this.#log.renamedFields;
  }

  plainLength(): number {
    return this.#isOversize ? Number.POSITIVE_INFINITY : this.#text.end;
  }

  maxLength(): number {
    return this.#isOversize ? Number.POSITIVE_INFINITY : this.#text.end * lineBreaks.expansion;
  }

  exactLength(): number {
    return this.#isOversize ? Number.POSITIVE_INFINITY : segmentLength(this.#text);
  }

  write(output: Output): void {
    writeSegment(output, this.#text);
  }

  writeCut(output: Output, limit: number): void {
    new CutText(this.pieces()).write(output, limit);
  }

  pieces(): Iterator<TextPiece> {
    return [this.#text].values();
  }
}
