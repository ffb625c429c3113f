/** Finds the values of mapped fields (format/parts/mapped.ts) in the columns of a log. */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { ADDRESS_TEXT_BYTES, type Address, addressIn } from '../../format/parts/address.ts';
import type { ValueType } from '../../format/parts/mapped.ts';
import { epochMs, isInteger } from '../../format/parts/value-types.ts';
import { latin1 } from '../../rules/field-selection.ts';
import { CacheByIndex } from '../wire/cache-by-index.ts';
import type { FieldIndex } from '../wire/flat-log.ts';
import type { LogWalker } from '../wire/log-walker.ts';
import type { Columns } from './columns.ts';
import type {
  CompiledField,
  CompiledHeadPart,
  CompiledMapped,
  CompiledPlace,
  CompiledSource,
  JsonColumn,
} from './compiled-mapped.ts';
import { charactersEnd } from './cut-text.ts';
import type { ListedFields } from './listed-fields.ts';
import { MovingSegment, type Segment } from './segment.ts';
import { isUtf8At, repairUtf8, validUtf8 } from './utf8.ts';

const NANOSECONDS_A_SECOND = 1_000_000_000;
const NANOSECONDS_A_MILLISECOND = 1_000_000;
/** A number or a time has at most so many bytes. */
const MAX_TYPED_BYTES = 64;

export interface MappedFieldsParts {
  readonly compiled: CompiledMapped;
  readonly columns: Columns;
  readonly walker: LogWalker;
  /** Invalid UTF-8 becomes U+FFFD. */
  readonly repairs: boolean;
}

/** The mapped fields of one batch's logs. */
export class MappedFields {
  /** The head of the present log's text. */
  readonly head: Segment[] = [];
  readonly #compiled: CompiledMapped;
  readonly #columns: Columns;
  readonly #walker: LogWalker;
  readonly #repairs: boolean;
  /** Runs for the values in the head; undefined for its other parts. */
  readonly #headValues: readonly (MovingSegment | undefined)[];
  /** Places of fields that are not written again among the others. */
  readonly #taken = new Set<FieldIndex>();
  /** The value that was found last. */
  readonly #found = new Found();
  /** For each JsonColumn: whether it was read, and the bytes with its JSON; undefined where there is no JSON. */
  readonly #isRead: boolean[];
  readonly #jsonTexts: (ByteSource | undefined)[];
  /** Times as they are written, by mapped field: many logs in a row have the same time. */
  readonly #times = new CacheByIndex((bytes, start, end) => {
    const ms = epochMs(latin1(bytes.subarray(start, end)));
    return ms === undefined ? undefined : byteSource(utf8(ms));
  });

  constructor({ compiled, columns, walker, repairs }: MappedFieldsParts) {
    this.#compiled = compiled;
    this.#columns = columns;
    this.#walker = walker;
    this.#repairs = repairs;
    this.#headValues = compiled.head.map((part) =>
      part.kind === 'value' ? new MovingSegment(part.escape) : undefined,
    );
    this.#isRead = compiled.jsonColumns.map(() => false);
    this.#jsonTexts = compiled.jsonColumns.map(() => undefined);
  }

  /**
   * Prepares the walker's present log.
   * @param severity of the message, 0..7
   * @param fields the mapped fields are added here
   */
  begin(severity: number, fields: ListedFields): void {
    this.#isRead.fill(false);
    if (this.#taken.size > 0) this.#taken.clear();
    const { head, fields: mapped } = this.#compiled;
    for (let index = 0; index < head.length; index++)
      this.head[index] = this.#headSegment(index, head[index]!, severity);
    for (let index = 0; index < mapped.length; index++) this.#add(index, mapped[index]!, fields);
  }

  /** Whether a mapped field has taken the whole field at this place. */
  isTaken(fieldIndex: FieldIndex): boolean {
    return this.#taken.has(fieldIndex);
  }

  #headSegment(index: number, part: CompiledHeadPart, severity: number): Segment {
    if (part.kind === 'constant') return part.segment;
    if (part.kind === 'severity') return part.segments[severity]!;
    if (!this.#find(part.value, 'text', true, index)) return part.orElse;
    const segment = this.#headValues[index]!;
    this.#setTo(segment, part.maxCharacters);
    return segment;
  }

  #add(index: number, field: CompiledField, fields: ListedFields): void {
    const found = this.#found;
    if (!this.#find(field.value, field.as, field.ipv6 !== undefined, index)) return;
    if (found.fieldIndex !== NO_INDEX) this.#taken.add(found.fieldIndex);
    const { opening, label } = (found.version === 6 && field.ipv6) || field;
    this.#setTo(fields.add(opening), field.maxCharacters);
    if (label !== undefined) fields.addWithoutValue(label);
  }

  /** Sets a run to the value found. */
  #setTo(segment: MovingSegment, maxCharacters: number): void {
    const { source, start, end } = this.#found;
    segment.set(source, start, end);
    if (this.#repairs) repairUtf8(segment);
    if (segment.end - segment.start > maxCharacters)
      segment.end = charactersEnd(segment.bytes, segment.start, segment.end, maxCharacters);
  }

  /**
   * Finds a value, and keeps it in `#found`.
   * @param index of the mapped field or head part
   * @returns whether there is a value
   */
  #find(source: CompiledSource, as: ValueType, takesIpv6: boolean, index: number): boolean {
    switch (source.kind) {
      case 'log-time':
        this.#found.setBytes(byteSource(utf8(String(timeMs(this.#walker)))));
        return true;
      case 'constant':
        this.#found.setBytes(source.bytes);
        return this.#isOfType(as, takesIpv6, index);
      case 'fields':
        return this.#findFirst(source.places, as, takesIpv6, index);
    }
  }

  #findFirst(places: readonly CompiledPlace[], as: ValueType, takesIpv6: boolean, index: number): boolean {
    for (const place of places) {
      if (!this.#findAt(place)) continue;
      const { port } = place;
      if (port === undefined) {
        if (this.#isOfType(as, takesIpv6, index)) return true;
        continue;
      }
      const address = this.#address(port.ofIpv6);
      // Only the first address counts: where it has no port, there is no value.
      if (address !== undefined) return this.#setToPort(address);
    }
    return false;
  }

  #findAt(place: CompiledPlace): boolean {
    const columns = this.#columns;
    const { column, json } = place;
    if (!columns.has(column)) return false;
    if (json === undefined) {
      this.#found.set(columns.source(column), columns.start(column), columns.end(column), columns.fieldIndex(column));
      return true;
    }
    const text = this.#jsonText(json);
    if (text === undefined || !json.paths.has(place.path)) return false;
    const unescaped = json.paths.unescaped(place.path, text.bytes);
    if (unescaped !== undefined) this.#found.setBytes(byteSource(utf8(unescaped)));
    else this.#found.set(text, json.paths.startOf(place.path), json.paths.endOf(place.path), NO_INDEX);
    return true;
  }

  /** Reads the JSON of a column that the log has, once a log. */
  #jsonText({ index, column, paths }: JsonColumn): ByteSource | undefined {
    if (this.#isRead[index]) return this.#jsonTexts[index];
    const columns = this.#columns;
    const source = columns.source(column);
    const start = columns.start(column);
    const end = columns.end(column);
    const isText = isUtf8At(source, start, end);
    const text = isText ? source : byteSource(validUtf8(source.bytes.subarray(start, end)));
    const isJson = isText ? paths.read(text.bytes, start, end) : paths.read(text.bytes, 0, text.bytes.length);
    this.#isRead[index] = true;
    this.#jsonTexts[index] = isJson ? text : undefined;
    return this.#jsonTexts[index];
  }

  /** Brings the value found into the form of its type; false where it is empty, or not of the type. */
  #isOfType(as: ValueType, takesIpv6: boolean, index: number): boolean {
    const found = this.#found;
    const { source, start, end } = found;
    if (start === end) return false;
    if (as === 'text') return true;
    if (as === 'ip') return this.#setToAddress(this.#address(takesIpv6));
    if (end - start > MAX_TYPED_BYTES) return false;
    switch (as) {
      case 'integer':
        return isInteger(latin1(source.bytes.subarray(start, end)));
      case 'time': {
        const written = this.#times.of(index, source.bytes, start, end);
        if (written !== undefined) found.set(written, 0, written.bytes.length, found.fieldIndex);
        return written !== undefined;
      }
    }
  }

  /** The address in the value found. */
  #address(takesIpv6: boolean): Address | undefined {
    const { source, start, end } = this.#found;
    const address = addressIn(latin1(source.bytes.subarray(start, Math.min(end, start + ADDRESS_TEXT_BYTES))));
    return address?.version === 6 && !takesIpv6 ? undefined : address;
  }

  /** A field with more than the address is not taken. */
  #setToAddress(address: Address | undefined): boolean {
    if (address === undefined) return false;
    const { source, start, fieldIndex } = this.#found;
    const { version, text, portStart, portEnd, isAll } = address;
    const taken = isAll && portStart === portEnd ? fieldIndex : NO_INDEX;
    if (text === undefined) this.#found.set(source, start + address.start, start + address.end, taken);
    else this.#found.set(byteSource(utf8(text)), 0, text.length, taken);
    this.#found.version = version;
    return true;
  }

  #setToPort({ portStart, portEnd, isAll }: Address): boolean {
    const { source, start, fieldIndex } = this.#found;
    this.#found.set(source, start + portStart, start + portEnd, isAll ? fieldIndex : NO_INDEX);
    return portStart < portEnd;
  }
}

const NO_INDEX = -1;

/** A value found in a log. */
class Found {
  source: ByteSource = byteSource(new Uint8Array(0));
  start = 0;
  end = 0;
  /** The place of the field that is all of this value, or NO_INDEX. */
  fieldIndex: FieldIndex = NO_INDEX;
  /** Only for addresses. */
  version: 4 | 6 | undefined;

  set(source: ByteSource, start: number, end: number, fieldIndex: FieldIndex): void {
    this.source = source;
    this.start = start;
    this.end = end;
    this.fieldIndex = fieldIndex;
    this.version = undefined;
  }

  setBytes(source: ByteSource): void {
    this.set(source, 0, source.bytes.length, NO_INDEX);
  }
}

function timeMs({ time, timeNs }: LogWalker): number {
  const isFraction = timeNs >= 0 && timeNs < NANOSECONDS_A_SECOND;
  return time * 1000 + (isFraction ? Math.floor(timeNs / NANOSECONDS_A_MILLISECOND) : 0);
}

function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}
