/**
 * A log's fields → a message's text, by a format row that has to know all fields of a log before it writes the first:
 * of equal names only the first is written, values that are not UTF-8 become it, or fields have a place of their own.
 *
 *     head or prefix  lead mapped field  separator mapped field  …  separator other field  …  trail suffix
 *
 * Equal names are looked for among the other fields, after those that mapped fields have taken.
 */
import type { Columns } from './columns.ts';
import type { CompiledRow } from './compiled-row.ts';
import { type FieldPieces, rowPieces, writeCutRow } from './cut-row.ts';
import type { TextPiece } from './cut-text.ts';
import type { NameAnswers } from './field-selection.ts';
import { type FieldPlace, type FlatField, FlatLog, type WrittenName } from './flat-log.ts';
import type { LogWalker } from './log-walker.ts';
import type { CompiledMapped, ListedField } from './mapped-fields.ts';
import type { MessageWriter } from './message-writer.ts';
import { type ByteSource, byteSource, type Output } from './output.ts';
import { plainRun, type Run, runLength, writeRun } from './run.ts';
import { validUtf8 } from './utf8.ts';

interface ListedText {
  readonly head: readonly Run[];
  readonly fields: readonly FieldRuns[];
}

interface FieldRuns extends FieldPieces {
  readonly opening: readonly Run[];
  readonly value: Run | undefined;
}

/** The same for all batches. */
export interface FieldListParts {
  readonly compiled: CompiledRow;
  /** What `compiled.select` answers. */
  readonly names: NameAnswers<WrittenName | 'drop'>;
  readonly mapped: CompiledMapped | undefined;
}

export class FieldListWriter implements MessageWriter {
  readonly #compiled: CompiledRow;
  readonly #log: FlatLog;
  readonly #mapped: CompiledMapped | undefined;
  readonly #columns: Columns;
  readonly #walker: LogWalker;
  readonly #constants: { readonly prefix: Run; readonly lead: Run; readonly separator: Run; readonly sign: Run };
  #text: ListedText = { head: [], fields: [] };

  constructor({ compiled, names, mapped }: FieldListParts, source: ByteSource, walker: LogWalker, columns: Columns) {
    const { prefix, lead, separator, keyValueSign } = compiled.row;
    this.#compiled = compiled;
    this.#log = new FlatLog(names, source, walker);
    this.#mapped = mapped;
    this.#columns = columns;
    this.#walker = walker;
    this.#constants = {
      prefix: plainRun(prefix),
      lead: plainRun(lead),
      separator: plainRun(separator),
      sign: plainRun(keyValueSign),
    };
  }

  beginGroup(): void {
    this.#log.beginGroup();
  }

  beginLog(_facility: number, severity: number): void {
    const { prefix, lead, separator } = this.#constants;
    const mapped = this.#mapped?.textOf(this.#columns, this.#walker, severity);
    const others = this.#mapped?.rest === false ? [] : this.#others(mapped?.taken);
    const fields = [...(mapped?.fields ?? []), ...others].map(({ key, value }, index) => ({
      opening: [index === 0 ? lead : separator, ...key],
      value,
    }));
    this.#text = { head: mapped?.head ?? [prefix], fields };
  }

  plainLength(): number {
    return this.#sum(({ start, end }) => end - start);
  }

  maxLength(): number {
    return this.#sum((run) => (run.end - run.start) * (run.escape?.expansion ?? 1));
  }

  exactLength(): number {
    return this.#sum(runLength);
  }

  write(output: Output): void {
    const { head, fields } = this.#text;
    for (const run of head) writeRun(output, run);
    for (const { opening, value } of fields) {
      for (const run of opening) writeRun(output, run);
      if (value) writeRun(output, value);
    }
    if (fields.length > 0) output.text(this.#compiled.trail);
    output.text(this.#compiled.row.suffix);
  }

  pieces(): Iterator<TextPiece> {
    return rowPieces(this.#text.head, this.#text.fields, this.#compiled.row);
  }

  writeCut(output: Output, limit: number): void {
    writeCutRow(output, limit, this.#text.head, this.#text.fields, this.#compiled.row);
  }

  /** The fields that have no place of their own. */
  #others(taken: ReadonlySet<FieldPlace> | undefined): ListedField[] {
    const { row, keyEscape, valueEscape } = this.#compiled;
    const all = taken?.size ? this.#log.fields().filter(({ place }) => !taken.has(place)) : this.#log.fields();
    const fields = row.uniqueNames ? firstOfEach(all) : all;
    return fields.map(({ name, value, start, end }) => ({
      key: [
        { bytes: name.bytes, view: name.view, start: 0, end: name.bytes.length, escape: keyEscape },
        this.#constants.sign,
      ],
      value: { ...this.#readable(value, start, end), escape: valueEscape },
    }));
  }

  #readable(source: ByteSource, start: number, end: number): Run {
    const { bytes, view } = source;
    const value = bytes.subarray(start, end);
    const valid = this.#compiled.row.invalidUtf8 === 'replace' ? validUtf8(value) : value;
    return valid === value ? { bytes, view, start, end } : { ...byteSource(valid), start: 0, end: valid.length };
  }

  #sum(lengthOf: (run: Run) => number): number {
    const { head, fields } = this.#text;
    let length = this.#compiled.row.suffix.length + (fields.length > 0 ? this.#compiled.trail.length : 0);
    for (const run of head) length += lengthOf(run);
    for (const { opening, value } of fields) {
      for (const run of opening) length += lengthOf(run);
      if (value) length += lengthOf(value);
    }
    return length;
  }
}

function firstOfEach(fields: readonly FlatField[]): FlatField[] {
  const seen = new Set<string>();
  return fields.filter(({ name: { latin1 } }) => !seen.has(latin1) && seen.add(latin1));
}
