/**
 * Writes a log's text by a format row that has to know all fields before the first is written: names have to be unique,
 * invalid UTF-8 becomes U+FFFD, or there are mapped fields.
 *
 *     head or prefix  firstSeparator mapped field  separator mapped field  …  separator other field  …  trail suffix
 *
 * Only the other fields, those that no mapped field has taken, are checked for equal names.
 */
import type { ByteSource } from '../../core/byte-source.ts';
import { NameCache } from '../../rules/field-selection.ts';
import { type FieldNames, type FieldVisitor, FlatLog } from '../wire/flat-log.ts';
import type { LogWalker } from '../wire/log-walker.ts';
import type { Columns } from './columns.ts';
import type { CompiledMapped } from './compiled-mapped.ts';
import type { CompiledRow } from './compiled-row.ts';
import { rowPieces, writeCutRow } from './cut-row.ts';
import type { TextPiece } from './cut-text.ts';
import { ListedFields, type Opening, openingOf } from './listed-fields.ts';
import { MappedFields } from './mapped-fields.ts';
import type { MessageWriter } from './message-writer.ts';
import { escapedLength, type Output } from './output.ts';
import { plainSegment, type Segment, segmentLength, writeSegment } from './segment.ts';
import { repairUtf8 } from './utf8.ts';
import type { WrittenName } from './written-names.ts';

/** Parts that are the same for all batches. */
export interface FieldListParts {
  readonly compiled: CompiledRow;
  readonly openings: FieldNames<Opening>;
  readonly mapped: CompiledMapped | undefined;
}

/** Makes `FieldListParts.openings`. */
export function listedNames(compiled: CompiledRow): FieldListParts['openings'] {
  const { names } = compiled;
  const opening = (written: WrittenName | 'drop') => (written === 'drop' ? written : openingOf(written, compiled));
  return {
    service: new NameCache((name) => opening(names.ofService(name))),
    contents: new NameCache((name) => opening(names.ofContent(name))),
  };
}

export class FieldListWriter implements MessageWriter {
  readonly #compiled: CompiledRow;
  readonly #log: FlatLog<Opening>;
  readonly #mapped: MappedFields | undefined;
  readonly #hasOthers: boolean;
  readonly #fields: ListedFields;
  readonly #head: readonly Segment[];
  readonly #repairs: boolean;
  /** The other fields (not mapped) of the last log in which their names were unique. */
  #unique: Opening[] = [];
  /** Bytes of the present log's text without the head: constants and names, and values before escaping. */
  #constantBytes = 0;
  #valueBytes = 0;
  /** Upper bound of the head's bytes, and its bytes before escaping. */
  #maxHeadBytes = 0;
  #headBytes = 0;
  #renamedFields = 0;

  constructor({ compiled, openings, mapped }: FieldListParts, source: ByteSource, walker: LogWalker, columns: Columns) {
    this.#compiled = compiled;
    this.#repairs = compiled.row.invalidUtf8 === 'replace';
    this.#log = new FlatLog(openings, source, walker);
    this.#mapped = mapped && new MappedFields({ compiled: mapped, columns, walker, repairs: this.#repairs });
    this.#hasOthers = mapped?.rest !== false;
    this.#fields = new ListedFields(compiled.valueEscape);
    this.#head = this.#mapped?.head ?? [plainSegment(compiled.row.prefix)];
  }

  beginGroup(): void {
    this.#log.beginGroup();
  }

  beginLog(_facility: number, severity: number): void {
    const fields = this.#fields;
    fields.clear();
    this.#mapped?.begin(severity, fields);
    const mappedCount = fields.count;
    if (this.#hasOthers) {
      this.#log.each(this.#addOther);
      if (!this.#compiled.row.keepsNames && !this.#isAsUnique(mappedCount)) this.#makeUnique(mappedCount);
    }
    this.#measure();
  }

  get renamedFields(): number {
    return this.#renamedFields;
  }

  plainLength(): number {
    return this.#constantBytes + this.#headBytes + this.#valueBytes;
  }

  maxLength(): number {
    return this.#constantBytes + this.#maxHeadBytes + this.#valueBytes * this.#compiled.valueExpansion;
  }

  exactLength(): number {
    let length = this.#constantBytes;
    for (const segment of this.#head) length += segmentLength(segment);
    for (let index = 0; index < this.#fields.count; index++) {
      const { hasValue, value } = this.#fields.at(index);
      if (hasValue) length += escapedLength(value, value.start, value.end, value.escape);
    }
    return length;
  }

  write(output: Output): void {
    const fields = this.#fields;
    for (const segment of this.#head) writeSegment(output, segment);
    for (let index = 0; index < fields.count; index++) {
      const { opening, hasValue, value } = fields.at(index);
      const bytes = index === 0 ? opening.first : opening.later;
      output.copy(bytes, 0, bytes.bytes.length);
      if (hasValue) output.escaped(value, value.start, value.end, value.escape);
    }
    if (fields.count > 0) output.text(this.#compiled.trail);
    output.text(this.#compiled.row.suffix);
  }

  pieces(): Iterator<TextPiece> {
    const { row } = this.#compiled;
    return rowPieces(this.#head, this.#fields.pieces(row), row);
  }

  writeCut(output: Output, limit: number): void {
    const { row } = this.#compiled;
    writeCutRow(output, limit, this.#head, this.#fields.pieces(row), row);
  }

  /** Adds a field, unless a mapped field has taken it. */
  readonly #addOther: FieldVisitor<Opening> = (opening, source, start, end, index) => {
    if (this.#mapped?.isTaken(index)) return;
    const value = this.#fields.add(opening);
    value.set(source, start, end);
    if (this.#repairs) repairUtf8(value);
  };

  /** Whether the other fields, from index `from` on, have exactly the names of `#unique`. */
  #isAsUnique(from: number): boolean {
    const fields = this.#fields;
    const unique = this.#unique;
    if (fields.count - from !== unique.length) return false;
    for (let index = 0; index < unique.length; index++) {
      if (fields.at(from + index).opening !== unique[index]) return false;
    }
    return true;
  }

  #makeUnique(from: number): void {
    const fields = this.#fields;
    if (fields.makeUnique(from, this.#compiled)) return;
    this.#unique = [];
    for (let index = from; index < fields.count; index++) this.#unique.push(fields.at(index).opening);
  }

  #measure(): void {
    const fields = this.#fields;
    const { row, trail } = this.#compiled;
    let constants = row.suffix.length + (fields.count > 0 ? trail.length : 0);
    let values = 0;
    let renamed = 0;
    for (let index = 0; index < fields.count; index++) {
      const { opening, hasValue, value } = fields.at(index);
      constants += (index === 0 ? opening.first : opening.later).bytes.length;
      if (hasValue) values += value.end - value.start;
      if (opening.written !== undefined && opening.written.attempt > 0) renamed++;
    }
    this.#renamedFields = renamed;
    this.#constantBytes = constants;
    this.#valueBytes = values;
    this.#headBytes = 0;
    this.#maxHeadBytes = 0;
    for (const { start, end, escape: table } of this.#head) {
      this.#headBytes += end - start;
      this.#maxHeadBytes += (end - start) * (table?.expansion ?? 1);
    }
  }
}
