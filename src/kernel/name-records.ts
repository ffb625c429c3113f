/**
 * Name records in the kernel's memory say how the fields of a name are written. A record is followed by the text before
 * a value: separator, written name, sign.
 *
 * A batch may bring any number of names, so the region is bounded. When it is full, all addresses are forgotten, and
 * the kernel asks again.
 */
import type { ColumnNames } from '../encode/text/columns.ts';
import { type CompiledRow, escapedKey, type OwnField } from '../encode/text/compiled-row.ts';
import { flattenedName, latin1, TAG_PREFIX } from '../rules/field-selection.ts';
import { isServiceName } from '../rules/service-names.ts';
import { NameKind } from './interface/enumerations.ts';
import { NO_COLUMN } from './interface/numbers.ts';
import { bytesOf, wordsOf } from './interface/records.ts';
import type { KernelMemory } from './memory.ts';

/** Usually more than the names of a chunk's fields take. */
const CAPACITY_BYTES = 1 << 20;
const RECORD_BYTES = bytesOf('nameRecord');
const STAMP_BYTES = 8;
const NO_PREFIX = new Uint8Array(0);

export class NamesFullError extends RangeError {}

export interface NameRecordsOptions {
  readonly memory: KernelMemory;
  readonly row: CompiledRow;
  readonly columns: ColumnNames;
}

/** Stamps (assembly/stamps.ts) of the names of topic, source and TimeNs; 0 where the field is not written. */
export interface OwnStamps {
  readonly topic: number;
  readonly source: number;
  readonly timeNs: number;
}

export class NameRecords {
  readonly #memory: KernelMemory;
  readonly #row: CompiledRow;
  readonly #columns: ColumnNames;
  /** Stamps of topic, source and TimeNs by written name; unlike all others they are never forgotten. */
  readonly #ownStamps = new Map<string, number>();
  readonly #at: number;
  #used = 0;
  /** Records by column, kind and written name, which many field names may have in common. */
  readonly #records = new Map<string, number>();
  /** Stamps by written name. */
  readonly #stamps = new Map<string, number>();

  constructor({ memory, row, columns }: NameRecordsOptions) {
    this.#memory = memory;
    this.#row = row;
    this.#columns = columns;
    for (const own of [row.topic, row.source, row.timeNs]) {
      if (own) this.#ownStamps.set(latin1(own.key), memory.allocate(STAMP_BYTES));
    }
    this.#at = memory.allocate(CAPACITY_BYTES);
    this.forget();
  }

  get ownStamps(): OwnStamps {
    const { topic, source, timeNs } = this.#row;
    const stampOf = (own: OwnField | undefined) => (own && this.#ownStamps.get(latin1(own.key))) ?? 0;
    return { topic: stampOf(topic), source: stampOf(source), timeNs: stampOf(timeNs) };
  }

  /**
   * @param from, end where the key is in the kernel's memory; a tag's key is without its prefix
   * @returns the address of a record
   * @throws NamesFullError
   */
  choose(from: number, end: number, isTag: boolean): number {
    const key = this.#memory.bytes.subarray(from, end);
    const name = flattenedName(isTag ? TAG_PREFIX : NO_PREFIX, key);
    const column = (isTag || !isServiceName(name) ? this.#columns.find(name) : undefined) ?? NO_COLUMN;
    const { kind, text: written } = this.#written(name, isTag);
    const writtenName = written && latin1(written);
    const id = `${column} ${kind} ${writtenName ?? ''}`;
    const known = this.#records.get(id);
    if (known !== undefined) return known;
    const stamp = writtenName === undefined ? 0 : this.#stampOf(writtenName);
    const record = this.#store(kind, written, column, stamp);
    this.#records.set(id, record);
    return record;
  }

  /** Makes all addresses invalid that `choose` has returned. */
  forget(): void {
    this.#used = 0;
    this.#records.clear();
    this.#stamps.clear();
    for (const [name, stamp] of this.#ownStamps) this.#stamps.set(name, stamp);
  }

  /** @returns the escaped name; undefined where the field is not written */
  #written(name: Uint8Array, isTag: boolean): { readonly kind: number; readonly text: Uint8Array | undefined } {
    const { row, names, keyEscape } = this.#row;
    const written = row.mapped?.rest === false ? 'drop' : isTag ? names.ofService(name) : names.ofContent(name);
    if (written === 'drop') return { kind: NameKind.notWritten, text: undefined };
    return {
      kind: written.attempt > 0 ? NameKind.renamed : NameKind.written,
      text: escapedKey(written.bytes, keyEscape),
    };
  }

  #store(kind: number, written: Uint8Array | undefined, column: number, stamp: number): number {
    const { separator, keyValueSign } = this.#row.row;
    const text = written === undefined ? NO_PREFIX : Buffer.concat([separator, written, keyValueSign]);
    const record = this.#reserve(RECORD_BYTES + text.length);
    const { bytes, words } = this.#memory;
    words.set(wordsOf('nameRecord', { kind, column, stamp, textLength: text.length }), record / 4);
    bytes.set(text, record + RECORD_BYTES);
    return record;
  }

  #stampOf(writtenName: string): number {
    const known = this.#stamps.get(writtenName);
    if (known !== undefined) return known;
    const stamp = this.#reserve(STAMP_BYTES);
    this.#memory.words.fill(0, stamp / 4, (stamp + STAMP_BYTES) / 4);
    this.#stamps.set(writtenName, stamp);
    return stamp;
  }

  #reserve(byteLength: number): number {
    const address = this.#at + this.#used;
    const neededBytes = 4 * Math.ceil(byteLength / 4);
    if (this.#used + neededBytes > CAPACITY_BYTES) {
      throw new NamesFullError(`names of fields take more than ${CAPACITY_BYTES} bytes`);
    }
    this.#used += neededBytes;
    return address;
  }
}
