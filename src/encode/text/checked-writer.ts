/**
 * Writes a row whose names have to be unique, as nearly all names are by themselves. A log is written straight from the
 * walker's spans, once its names are checked; only a log with renamed fields is listed first.
 */
import type { ByteSource } from '../../core/byte-source.ts';
import { latin1, NameCache, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from '../../rules/field-selection.ts';
import { CacheByIndex } from '../wire/cache-by-index.ts';
import type { FieldNames } from '../wire/flat-log.ts';
import type { LogWalker } from '../wire/log-walker.ts';
import type { CompiledRow } from './compiled-row.ts';
import type { TextPiece } from './cut-text.ts';
import type { MessageWriter } from './message-writer.ts';
import type { Output } from './output.ts';
import type { WrittenName } from './written-names.ts';

const NO_PREFIX = new Uint8Array(0);

interface CheckedName {
  /** One character a byte. */
  readonly name: string;
  /** The name is the field's natural one (written-names.ts). */
  readonly isNatural: boolean;
}

/** What the check needs to know of names; the same for all batches. */
export function checkedNames({ names }: CompiledRow): FieldNames<CheckedName> {
  const checked = (written: WrittenName | 'drop') =>
    written === 'drop' ? written : { name: latin1(written.bytes), isNatural: written.attempt === 0 };
  return {
    service: new NameCache((name) => checked(names.ofService(name))),
    contents: new NameCache((name) => checked(names.ofContent(name))),
  };
}

export interface CheckedWriterParts {
  readonly names: FieldNames<CheckedName>;
  /** Writes logs whose fields all have their natural names. */
  readonly natural: MessageWriter;
  readonly listed: MessageWriter;
}

export class CheckedWriter implements MessageWriter {
  readonly #natural: MessageWriter;
  readonly #listed: MessageWriter;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #serviceNames: FieldNames<CheckedName>['service'];
  readonly #contentNames: CacheByIndex<CheckedName | 'drop'>;
  /** The writer of the present log. */
  #writer: MessageWriter;
  /** Whether `#listed` has yet to begin the group. */
  #isNewToListed = false;
  /** Names of the group's fields, and whether they are unique. */
  #group: CheckedName[] = [];
  #isGroupUnique = true;
  /** Names of the contents of an earlier log, which are unique, also beside those of `#group`. */
  #unique: (CheckedName | 'drop')[] = [];

  /** @param source the bytes that the walker walks over */
  constructor({ names, natural, listed }: CheckedWriterParts, source: ByteSource, walker: LogWalker) {
    this.#natural = natural;
    this.#listed = listed;
    this.#writer = natural;
    this.#source = source;
    this.#walker = walker;
    this.#serviceNames = names.service;
    this.#contentNames = new CacheByIndex((bytes, start, end) => names.contents.of(NO_PREFIX, bytes, start, end));
  }

  beginGroup(): void {
    const group = this.#groupNames();
    if (group.length !== this.#group.length || group.some((name, index) => name !== this.#group[index])) {
      this.#group = group;
      this.#isGroupUnique = areUnlike(group);
      this.#unique = [];
    }
    this.#natural.beginGroup();
    this.#isNewToListed = true;
  }

  beginLog(facility: number, severity: number): void {
    this.#writer = this.#isGroupUnique && this.#isNatural() ? this.#natural : this.#listed;
    if (this.#writer === this.#listed && this.#isNewToListed) {
      this.#listed.beginGroup();
      this.#isNewToListed = false;
    }
    this.#writer.beginLog(facility, severity);
  }

  get renamedFields(): number {
    return this.#writer.renamedFields;
  }

  plainLength(): number {
    return this.#writer.plainLength();
  }

  maxLength(): number {
    return this.#writer.maxLength();
  }

  exactLength(): number {
    return this.#writer.exactLength();
  }

  write(output: Output): void {
    this.#writer.write(output);
  }

  pieces(): Iterator<TextPiece> {
    return this.#writer.pieces();
  }

  writeCut(output: Output, limit: number): void {
    this.#writer.writeCut(output, limit);
  }

  /** Whether all fields can have their natural names. */
  #isNatural(): boolean {
    const { offsets, count } = this.#walker.contents;
    const { bytes } = this.#source;
    const unique = this.#unique;
    for (let field = 0; field < count; field++) {
      const name = this.#contentNames.of(field, bytes, offsets[field * 4]!, offsets[field * 4 + 1]!);
      if (unique[field] !== name) return this.#isNaturalFrom(field);
    }
    return true;
  }

  /** Whether all fields can have their natural names; from content `first` on, the names differ from `#unique`. */
  #isNaturalFrom(first: number): boolean {
    const { offsets, count } = this.#walker.contents;
    const names = this.#unique.slice(0, first);
    for (let field = first; field < count; field++) {
      const at = field * 4;
      const name = this.#contentNames.of(field, this.#source.bytes, offsets[at]!, offsets[at + 1]!);
      if (name !== 'drop' && !name.isNatural) return false;
      names.push(name);
    }
    if (!areUnlike([...this.#group, ...names.filter((name) => name !== 'drop')])) return false;
    this.#unique = names;
    return true;
  }

  /** Names of the group's fields, and always of TimeNs, whether a log has one or not. */
  #groupNames(): CheckedName[] {
    const names = this.#serviceNames;
    const { offsets, count } = this.#walker.tags;
    const all = [TOPIC_NAME, SOURCE_NAME, TIME_NS_NAME].map((name) => names.of(NO_PREFIX, name, 0, name.length));
    for (let at = 0; at < count * 4; at += 4) {
      all.push(names.of(TAG_PREFIX, this.#source.bytes, offsets[at]!, offsets[at + 1]!));
    }
    return all.filter((name) => name !== 'drop');
  }
}

function areUnlike(names: readonly CheckedName[]): boolean {
  return new Set(names.map(({ name }) => name)).size === names.length;
}
