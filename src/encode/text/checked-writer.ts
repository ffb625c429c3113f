/**
 * A row whose names have to be unique, as nearly all of them are by themselves: a log's names are looked at, and then it
 * is written straight from the walker's places; only one in which a field needs a name of its own is listed first.
 */
import type { ByteSource } from '../../core/byte-source.ts';
import { latin1, NameAnswers, SOURCE_NAME, TAG_PREFIX, TIME_NS_NAME, TOPIC_NAME } from '../../rules/field-selection.ts';
import type { FieldNames } from '../wire/flat-log.ts';
import { GuessedAnswers } from '../wire/guessed-answers.ts';
import type { LogWalker } from '../wire/log-walker.ts';
import type { CompiledRow } from './compiled-row.ts';
import type { TextPiece } from './cut-text.ts';
import type { MessageWriter } from './message-writer.ts';
import type { Output } from './output.ts';
import type { WrittenName } from './written-names.ts';

const NO_PREFIX = new Uint8Array(0);

interface CheckedName {
  /** latin1 */
  readonly name: string;
  /** It is its natural one. */
  readonly isNatural: boolean;
}

/** What is known of names for the check; the same for all batches. */
export function checkedNames({ names }: CompiledRow): FieldNames<CheckedName> {
  const checked = (written: WrittenName | 'drop') =>
    written === 'drop' ? written : { name: latin1(written.bytes), isNatural: written.own === 0 };
  return {
    service: new NameAnswers((name) => checked(names.ofService(name))),
    contents: new NameAnswers((name) => checked(names.ofContent(name))),
  };
}

export interface CheckedWriterParts {
  readonly names: FieldNames<CheckedName>;
  /** For logs whose fields all have their natural names. */
  readonly natural: MessageWriter;
  readonly listed: MessageWriter;
}

export class CheckedWriter implements MessageWriter {
  readonly #natural: MessageWriter;
  readonly #listed: MessageWriter;
  readonly #source: ByteSource;
  readonly #walker: LogWalker;
  readonly #serviceNames: FieldNames<CheckedName>['service'];
  readonly #contentNames: GuessedAnswers<CheckedName | 'drop'>;
  /** Of the present log. */
  #writer: MessageWriter;
  /** The group is one that the other writer has not begun. */
  #isNewToListed = false;
  /** What the group gives to its logs, and whether a name is there twice. */
  #group: CheckedName[] = [];
  #isGroupUnique = true;
  /** The contents of an earlier log in which, beside such a group, no name is there twice. */
  #unique: (CheckedName | 'drop')[] = [];

  /** @param source the bytes that the walker walks over */
  constructor({ names, natural, listed }: CheckedWriterParts, source: ByteSource, walker: LogWalker) {
    this.#natural = natural;
    this.#listed = listed;
    this.#writer = natural;
    this.#source = source;
    this.#walker = walker;
    this.#serviceNames = names.service;
    this.#contentNames = new GuessedAnswers((bytes, start, end) => names.contents.of(NO_PREFIX, bytes, start, end));
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

  /** The same where the names from a content on are not those of that log. */
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

  /** That of the nanoseconds among them, whether a log has any or not. */
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
