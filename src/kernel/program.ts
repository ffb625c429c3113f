/** Compiles rules to instructions, which lie one after another in the kernel's memory; see assembly/rules.ts. */
import type { Decision } from '../rules/evaluate.ts';
import { latin1 } from '../rules/field-selection.ts';
import type { Condition, Rules } from '../rules/rules.ts';
import { Op } from './interface/enumerations.ts';
import { ANSWER_SLOT_BITS, NO_COLUMN } from './interface/numbers.ts';
import { bytesOf, fieldsOf, type RecordOf, wordsOf } from './interface/records.ts';
import { ANSWER_SLOT_BYTES } from './interface/sizes.ts';
import type { KernelMemory } from './memory.ts';
import { type Packed, writePacked } from './packed.ts';

const VALUE_SLOT_BYTES = bytesOf('valueSlot');
const MARK_WORD = fieldsOf('valueSlot').indexOf('mark');
const ANSWERS_BYTES = ANSWER_SLOT_BYTES << ANSWER_SLOT_BITS;
/** Variants of the lead for each class: with the class's severity, or with one of the eight severities. */
export const VARIANTS_A_CLASS = 9;

/** A variant of the lead is a number that stands, in the kernel, for what the rules decide about a log. */
export function decisionOf(rules: Rules, variant: number): Decision {
  const rule = rules.classes[Math.floor(variant / VARIANTS_A_CLASS)];
  const severity = variant % VARIANTS_A_CLASS;
  return { rule, severity: severity === 0 ? rule?.severity : severity - 1 };
}

/** @returns 1 or 0 for a condition; 0 to 7 or -1 for the severity field */
export type Question = (value: Uint8Array) => number;

export interface Program {
  /** Address of the first instruction. */
  readonly start: number;
  readonly questions: readonly Question[];
  /** A counter for each filter, 32 bits each. */
  readonly dropped: number;
  readonly filterCount: number;
  readonly severityColumn: number;
  readonly severityQuestion: number;
  readonly severityAnswers: number;
  /** Number of the lead's variants. */
  readonly variants: number;
}

/**
 * @param columnOf the column of a field, by its flattened name
 * @param hash the kernel's hash of bytes in its memory
 */
export function writeProgram(
  memory: KernelMemory,
  rules: Rules,
  columnOf: (field: Uint8Array) => number,
  hash: (from: number, length: number) => number,
): Program {
  return writePacked(memory, (packed) => new Writer(memory, packed, columnOf, hash).rules(rules));
}

class Writer {
  readonly #memory: KernelMemory;
  readonly #packed: Packed;
  readonly #columnOf: (field: Uint8Array) => number;
  readonly #hash: (from: number, length: number) => number;
  readonly #questions: Question[] = [];

  constructor(
    memory: KernelMemory,
    packed: Packed,
    columnOf: (field: Uint8Array) => number,
    hash: (from: number, length: number) => number,
  ) {
    this.#memory = memory;
    this.#packed = packed;
    this.#columnOf = columnOf;
    this.#hash = hash;
  }

  /** Compiles from the end: each instruction has to know where to go on. */
  rules({ filters, classes, severityField }: Rules): Program {
    const severityQuestion = severityField
      ? this.#question((value) => severityField.severityOf(value) ?? -1)
      : this.#questions.length;
    const severityAnswers = this.#packed.reserve(ANSWERS_BYTES);
    const asks = severityField ? 1 : 0;
    let next = this.#instruction(Op.decide, { first: classes.length * VARIANTS_A_CLASS, second: asks });
    for (const [index, { when, severity }] of [...classes.entries()].reverse()) {
      const first = index * VARIANTS_A_CLASS;
      const decide = this.#instruction(Op.decide, { first, second: severity === undefined ? asks : 0 });
      next = this.#condition(when, decide, next);
    }
    for (const [index, { keep }] of [...filters.entries()].reverse()) {
      next = this.#condition(keep, next, this.#instruction(Op.drop, { first: index }));
    }
    return {
      start: next,
      questions: this.#questions,
      dropped: this.#packed.reserve(4 * filters.length),
      filterCount: filters.length,
      severityColumn: severityField ? this.#columnOf(severityField.field) : NO_COLUMN,
      severityQuestion,
      severityAnswers,
      variants: (classes.length + 1) * VARIANTS_A_CLASS,
    };
  }

  #condition(condition: Condition, onTrue: number, onFalse: number): number {
    switch (condition.kind) {
      case 'not':
        return this.#condition(condition.of, onFalse, onTrue);
      case 'all':
        return condition.of.reduceRight((next, each) => this.#condition(each, next, onFalse), onTrue);
      case 'any':
        return condition.of.reduceRight((next, each) => this.#condition(each, onTrue, next), onFalse);
      default:
        return this.#test(condition, onTrue, onFalse);
    }
  }

  #test(condition: Exclude<Condition, { kind: 'not' | 'all' | 'any' }>, onTrue: number, onFalse: number): number {
    const column = this.#columnOf(condition.field);
    const jump = { column, onTrue, onFalse };
    switch (condition.kind) {
      case 'exists':
        return this.#instruction(Op.exists, jump);
      case 'in':
        return this.#instruction(Op.in, { ...jump, ...this.#values(condition.values) });
      case 'prefix':
      case 'suffix':
      case 'contains': {
        const { text } = condition;
        return this.#instruction(Op[condition.kind], { ...jump, first: this.#packed.bytes(text), second: text.length });
      }
      case 'range':
        return this.#instruction(Op.range, { ...jump, first: this.#bounds(condition.min, condition.max) });
      case 'regex': {
        const first = this.#question((value) => (condition.matches(value) ? 1 : 0));
        return this.#instruction(Op.ask, { ...jump, first, second: this.#packed.reserve(ANSWERS_BYTES) });
      }
    }
  }

  #values(values: readonly Uint8Array[]): { readonly first: number; readonly second: number } {
    const distinct = [...new Map(values.map((value) => [latin1(value), value])).values()];
    const slots = 2 ** Math.ceil(Math.log2(2 * distinct.length + 1));
    const table = this.#packed.reserve(slots * VALUE_SLOT_BYTES);
    for (const value of distinct) {
      const address = this.#packed.bytes(value);
      if (!this.#packed.isWriting) continue;
      const { words } = this.#memory;
      const hash = this.#hash(address, value.length) >>> 0;
      let index = hash % slots;
      while (words[(table + index * VALUE_SLOT_BYTES) / 4 + MARK_WORD] !== 0) index = (index + 1) % slots;
      const slot = wordsOf('valueSlot', { hash, mark: value.length + 1, value: address });
      words.set(slot, (table + index * VALUE_SLOT_BYTES) / 4);
    }
    return { first: table, second: slots - 1 };
  }

  #bounds(min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): number {
    return this.#packed.bytes(new Uint8Array(Float64Array.of(min, max).buffer));
  }

  #question(question: Question): number {
    return this.#questions.push(question) - 1;
  }

  #instruction(
    op: number,
    { column = 0, onTrue = 0, onFalse = 0, first = 0, second = 0 }: Partial<RecordOf<'instruction'>>,
  ): number {
    return this.#packed.words(wordsOf('instruction', { op, column, onTrue, onFalse, first, second }));
  }
}
