/** Mapped fields (format/parts/mapped.ts), prepared for writing; the same for all batches. */
import { type ByteSource, byteSource } from '../../core/byte-source.ts';
import { JsonPaths, type PathNumber } from '../../format/parts/json-path.ts';
import type { FieldPlace, HeadPart, Mapped, MappedField, ValueSource, ValueType } from '../../format/parts/mapped.ts';
import type { ColumnNames } from './columns.ts';
import type { CompiledRow } from './compiled-row.ts';
import { type Opening, plainOpening } from './listed-fields.ts';
import { type CompiledEscape, compileEscape } from './output.ts';
import { plainSegment, type Segment } from './segment.ts';

/** A field that holds JSON. */
export interface JsonColumn {
  /** Number among the fields that hold JSON, from 0. */
  readonly index: number;
  readonly column: number;
  /** What `paths` has read is valid until the next log, of whichever batch, is begun. */
  readonly paths: JsonPaths;
}

/** A whole column, or a path into its JSON. */
export type CompiledPlace = { readonly column: number; readonly port: FieldPlace['port'] } & (
  | { readonly json?: undefined }
  | { readonly json: JsonColumn; readonly path: PathNumber }
);

export type CompiledSource =
  | { readonly kind: 'constant'; readonly bytes: ByteSource }
  | { readonly kind: 'fields'; readonly places: readonly CompiledPlace[] }
  | { readonly kind: 'log-time' };

export type CompiledHeadPart =
  | { readonly kind: 'constant'; readonly segment: Segment }
  | {
      readonly kind: 'value';
      readonly value: CompiledSource;
      readonly escape: CompiledEscape;
      readonly maxCharacters: number;
      readonly orElse: Segment;
    }
  | { readonly kind: 'severity'; readonly segments: readonly Segment[] };

/** How a field is written, which depends on its value. */
interface Written {
  readonly opening: Opening;
  /** A constant field after this one. */
  readonly label: Opening | undefined;
}

export interface CompiledField extends Written {
  readonly value: CompiledSource;
  readonly as: ValueType;
  /** Infinity: no limit. */
  readonly maxCharacters: number;
  /** For an IPv6 address; undefined: an IPv6 address does not count as a value. */
  readonly ipv6: Written | undefined;
}

export class CompiledMapped {
  readonly head: readonly CompiledHeadPart[];
  readonly fields: readonly CompiledField[];
  /** Whether the log's other fields follow. */
  readonly rest: boolean;
  readonly jsonColumns: readonly JsonColumn[];
  readonly #compiled: CompiledRow;
  readonly #names: ColumnNames;
  readonly #json = new Map<number, JsonColumn>();

  /** @param names the columns of mapped fields are added here */
  constructor({ head, fields, rest }: Mapped, compiled: CompiledRow, names: ColumnNames) {
    this.#compiled = compiled;
    this.#names = names;
    this.rest = rest;
    this.fields = fields.map((field) => this.#field(field));
    this.head = head.map((part) => this.#headPart(part));
    this.jsonColumns = [...this.#json.values()];
  }

  #headPart(part: HeadPart): CompiledHeadPart {
    switch (part.kind) {
      case 'constant':
        return { kind: 'constant', segment: plainSegment(part.bytes) };
      case 'severity':
        return { kind: 'severity', segments: part.texts.map(plainSegment) };
      case 'value': {
        const { maxCharacters, orElse } = part;
        const escapeTable = compileEscape(part.escape);
        return {
          kind: 'value',
          value: this.#source(part.value),
          escape: escapeTable,
          maxCharacters,
          orElse: plainSegment(orElse),
        };
      }
    }
  }

  #field({ key, label, ipv6, value, as, maxCharacters }: MappedField): CompiledField {
    const sign = this.#compiled.row.keyValueSign;
    const written = (aKey: Uint8Array, aLabel: Uint8Array | undefined): Written => ({
      opening: plainOpening([aKey, sign], this.#compiled),
      label: aLabel && plainOpening([aLabel], this.#compiled),
    });
    return {
      ...written(key, label),
      value: this.#source(value),
      as,
      maxCharacters: maxCharacters ?? Number.POSITIVE_INFINITY,
      ipv6: ipv6 && written(ipv6.key, ipv6.label),
    };
  }

  #source(source: ValueSource): CompiledSource {
    if (source.kind === 'log-time') return source;
    if (source.kind === 'constant') return { kind: 'constant', bytes: byteSource(source.bytes) };
    const places = source.places.map(({ field, path, port }): CompiledPlace => {
      const column = this.#names.add(field);
      if (path === undefined) return { column, port };
      const json = this.#json.get(column) ?? { index: this.#json.size, column, paths: new JsonPaths() };
      this.#json.set(column, json);
      return { column, port, json, path: json.paths.add(path) };
    });
    return { kind: 'fields', places };
  }
}
