/** The fields of a text in order, before they are written; in objects that the next log reuses. */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { latin1 } from '../../rules/field-selection.ts';
import type { CompiledRow } from './compiled-row.ts';
import { escapedKey } from './compiled-row.ts';
import type { FieldPieces } from './cut-row.ts';
import { plainPiece, type TextPiece } from './cut-text.ts';
import type { CompiledEscape } from './output.ts';
import { MovingSegment } from './segment.ts';
import { TakenNames } from './taken-names.ts';
import type { WrittenName } from './written-names.ts';

/** All of a field but its value; made once for all logs. */
export interface Opening {
  /** The name as written, but not escaped; one character a byte. */
  readonly name: string;
  /** Undefined for mapped fields and labels. */
  readonly written: WrittenName | undefined;
  /** The opening with the separator before it, for the first field of a text and for the others. */
  readonly first: ByteSource;
  readonly later: ByteSource;
  /** The opening without a separator, in pieces that can be cut. */
  readonly pieces: readonly TextPiece[];
}

export function openingOf(written: WrittenName, { row, keyEscape }: CompiledRow): Opening {
  const sign = row.keyValueSign;
  const { bytes } = written;
  const pieces = [{ ...plainPiece(bytes), escape: keyEscape }, plainPiece(sign)];
  return {
    name: latin1(bytes),
    written,
    ...openings(row, Buffer.concat([escapedKey(bytes, keyEscape), sign])),
    pieces,
  };
}

/** The opening of bytes that are written as they are: a key and its sign, or a whole field. */
export function plainOpening(parts: readonly Uint8Array[], { row }: CompiledRow): Opening {
  const bytes = Buffer.concat(parts);
  return { name: latin1(bytes), written: undefined, ...openings(row, bytes), pieces: parts.map(plainPiece) };
}

function openings(
  { firstSeparator, separator }: CompiledRow['row'],
  bytes: Uint8Array,
): Pick<Opening, 'first' | 'later'> {
  const behind = (between: Uint8Array): ByteSource => byteSource(Uint8Array.from(Buffer.concat([between, bytes])));
  return { first: behind(firstSeparator), later: behind(separator) };
}

export interface ListedField {
  opening: Opening;
  /** False: the opening is the whole field. */
  hasValue: boolean;
  readonly value: MovingSegment;
}

export class ListedFields {
  count = 0;
  readonly #fields: ListedField[] = [];
  readonly #valueEscape: CompiledEscape;

  constructor(valueEscape: CompiledEscape) {
    this.#valueEscape = valueEscape;
  }

  clear(): void {
    this.count = 0;
  }

  /** @param index below `count` */
  at(index: number): ListedField {
    return this.#fields[index]!;
  }

  /** @returns the field's value, to be set */
  add(opening: Opening): MovingSegment {
    return this.#next(opening, true).value;
  }

  addWithoutValue(opening: Opening): void {
    this.#next(opening, false);
  }

  /**
   * Renames all but the first of the fields with equal names, from index `from` on.
   * @returns whether there are any
   */
  makeUnique(from: number, compiled: CompiledRow): boolean {
    const taken = new TakenNames(compiled.names);
    const later: ListedField[] = [];
    for (let index = from; index < this.count; index++) {
      const field = this.at(index);
      if (!taken.take(field.opening.name)) later.push(field);
    }
    // All natural names are taken before another one is given.
    for (const field of later) field.opening = openingOf(taken.nameFor(field.opening.written!), compiled);
    return later.length > 0;
  }

  *pieces({ firstSeparator, separator }: CompiledRow['row']): Generator<FieldPieces, undefined> {
    for (let index = 0; index < this.count; index++) {
      const { opening, hasValue, value } = this.at(index);
      const between = plainPiece(index === 0 ? firstSeparator : separator);
      yield { opening: [between, ...opening.pieces], value: hasValue ? value : undefined };
    }
    return undefined;
  }

  #next(opening: Opening, hasValue: boolean): ListedField {
    const index = this.count++;
    const known = this.#fields[index];
    if (known === undefined) {
      const field = { opening, hasValue, value: new MovingSegment(this.#valueEscape) };
      this.#fields.push(field);
      return field;
    }
    known.opening = opening;
    known.hasValue = hasValue;
    return known;
  }
}
