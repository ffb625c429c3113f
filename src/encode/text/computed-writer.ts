/**
 * Writes texts of formats that are code, such as a template or a user's module. Line breaks in a text are written as
 * `\n` and `\r`: they would end the message.
 */
import type { ByteSource } from '../../core/byte-source.ts';
import { LINE_BREAKS } from '../../format/formats/key-value.ts';
import { createEscapeTable } from '../../format/parts/escape-table.ts';
import type { TextFormat } from '../../format/parts/text-format.ts';
import { type FieldSelection, NameCache } from '../../rules/field-selection.ts';
import type { FieldNames } from '../wire/flat-log.ts';
import type { LogWalker } from '../wire/log-walker.ts';
import { BatchLogView } from './batch-log-view.ts';
import { CutText, type TextPiece } from './cut-text.ts';
import { FormatError, type MessageWriter } from './message-writer.ts';
import { compileEscape, type Output } from './output.ts';
import { plainSegment, type Segment, segmentLength, writeSegment } from './segment.ts';
import { type WrittenName, WrittenNames } from './written-names.ts';

export const lineBreaks = compileEscape(createEscapeTable(LINE_BREAKS));

/** Parts that are the same for all batches. */
export interface ComputedParts {
  readonly format: TextFormat;
  readonly names: ComputedNames;
}

/** The names under which the code gets fields, as valid UTF-8. */
export interface ComputedNames {
  readonly written: WrittenNames;
  readonly answers: FieldNames<WrittenName>;
}

export function computedNames(selection: FieldSelection | undefined): ComputedNames {
  const written = new WrittenNames({ invalidUtf8: 'replace' }, selection);
  const service = new NameCache((name) => written.ofService(name));
  return { written, answers: { service, contents: new NameCache((name) => written.ofContent(name)) } };
}

export class ComputedWriter implements MessageWriter {
  readonly #format: TextFormat;
  readonly #log: BatchLogView;
  #text: Segment = plainSegment(new Uint8Array(0));

  /** @param source the bytes that the walker walks over */
  constructor({ format, names }: ComputedParts, source: ByteSource, walker: LogWalker) {
    this.#format = format;
    this.#log = new BatchLogView(names.written, names.answers, source, walker);
  }

  beginGroup(): void {
    this.#log.beginGroup();
  }

  beginLog(facility: number, severity: number): void {
    this.#log.beginLog(facility, severity);
    this.#text = { ...plainSegment(this.#bytes()), escape: lineBreaks };
  }

  get renamedFields(): number {
    return this.#log.renamedFields;
  }

  plainLength(): number {
    return this.#text.end;
  }

  maxLength(): number {
    return this.#text.end * lineBreaks.expansion;
  }

  exactLength(): number {
    return segmentLength(this.#text);
  }

  write(output: Output): void {
    writeSegment(output, this.#text);
  }

  pieces(): Iterator<TextPiece> {
    return [this.#text].values();
  }

  writeCut(output: Output, limit: number): void {
    const cut = this.#format.cut?.(this.#log, limit - output.position);
    const segment = cut === undefined ? this.#text : { ...plainSegment(Buffer.from(cut, 'utf8')), escape: lineBreaks };
    new CutText([segment].values()).write(output, limit);
  }

  #bytes(): Uint8Array {
    let text: unknown;
    try {
      text = this.#format.format(this.#log);
      if (typeof text === 'string') return new Uint8Array(Buffer.from(text, 'utf8'));
      // A copy, as the code may reuse its memory while a split text is still being written. Copying throws where the
      // memory was transferred, or where there is not enough.
      if (text instanceof Uint8Array) return new Uint8Array(text);
    } catch (cause) {
      throw new FormatError(`the format ${this.#format.name} failed`, { cause });
    }
    const what =
      text instanceof Promise ? 'a promise (it has to be synchronous)' : text === null ? 'null' : typeof text;
    const cause = new TypeError(`it returned ${what}, neither a string nor a Uint8Array`);
    throw new FormatError(`the format ${this.#format.name} made no text`, { cause });
  }
}
