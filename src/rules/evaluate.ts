/** Evaluates rules on the fields of a log. Pure; the kernel does the same. */
import type { ClassRule, Condition, Rules } from './rules.ts';

/** The value of a column; undefined where the log has no such field. */
export type ColumnValue = (column: number) => Uint8Array | undefined;

export type Test = (value: ColumnValue) => boolean;

/** What rules decide about a log's message. */
export interface Decision {
  /** The first class whose condition holds; undefined where none does. */
  readonly rule: ClassRule | undefined;
  /** 0..7, from the class or else from the severity field; undefined: the default severity. */
  readonly severity: number | undefined;
}

export interface Evaluator {
  /** The index of the first filter that does not keep the log; -1 where all do. */
  droppedBy(value: ColumnValue): number;
  /** The decision about a log that is kept. */
  decide(value: ColumnValue): Decision;
}

const UNDECIDED: Decision = { rule: undefined, severity: undefined };
/** A decimal number, as in `Condition`. */
const DECIMAL = /^[+-]?[0-9]+(?:\.[0-9]+)?$/;
const MAX_DECIMAL_BYTES = 32;

/** @param columnOf the column of a field, by its flattened name */
export function createEvaluator(rules: Rules, columnOf: (field: Uint8Array) => number): Evaluator {
  const filters = rules.filters.map(({ keep }) => compileCondition(keep, columnOf));
  const classes = rules.classes.map((rule) => ({ rule, holds: compileCondition(rule.when, columnOf) }));
  const { severityField } = rules;
  const severityColumn = severityField && columnOf(severityField.field);
  const severityOf = (value: ColumnValue): number | undefined => {
    const text = severityColumn === undefined ? undefined : value(severityColumn);
    return text && severityField?.severityOf(text);
  };
  return {
    droppedBy: (value) => filters.findIndex((keeps) => !keeps(value)),
    decide(value) {
      const rule = classes.find(({ holds }) => holds(value))?.rule;
      const severity = rule?.severity ?? severityOf(value);
      return rule === undefined && severity === undefined ? UNDECIDED : { rule, severity };
    },
  };
}

/** @param columnOf the column of a field, by its flattened name */
export function compileCondition(condition: Condition, columnOf: (field: Uint8Array) => number): Test {
  switch (condition.kind) {
    case 'not': {
      const holds = compileCondition(condition.of, columnOf);
      return (value) => !holds(value);
    }
    case 'all': {
      const all = condition.of.map((each) => compileCondition(each, columnOf));
      return (value) => all.every((holds) => holds(value));
    }
    case 'any': {
      const any = condition.of.map((each) => compileCondition(each, columnOf));
      return (value) => any.some((holds) => holds(value));
    }
    default: {
      const column = columnOf(condition.field);
      const holds = testOf(condition);
      return (value) => {
        const text = value(column);
        return text !== undefined && holds(text);
      };
    }
  }
}

type FieldCondition = Exclude<Condition, { kind: 'not' | 'all' | 'any' }>;

function testOf(condition: FieldCondition): (value: Uint8Array) => boolean {
  switch (condition.kind) {
    case 'exists':
      return () => true;
    case 'in': {
      const values = new Set(condition.values.map(latin1));
      const lengths = new Set(condition.values.map(({ length }) => length));
      return (value) => lengths.has(value.length) && values.has(latin1(value));
    }
    case 'prefix':
      return (value) => equals(value.subarray(0, condition.text.length), condition.text);
    case 'suffix':
      return (value) => equals(value.subarray(Math.max(0, value.length - condition.text.length)), condition.text);
    case 'contains':
      return (value) => bufferOf(value).includes(bufferOf(condition.text));
    case 'range': {
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = condition;
      return (value) => {
        const number = decimal(value);
        return number !== undefined && number >= min && number <= max;
      };
    }
    case 'regex':
      return (value) => condition.matches(value);
  }
}

function decimal(value: Uint8Array): number | undefined {
  if (value.length > MAX_DECIMAL_BYTES) return undefined;
  const text = latin1(value);
  return DECIMAL.test(text) ? Number(text) : undefined;
}

function equals(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && bufferOf(left).equals(right);
}

/** Text with one character a byte. */
function latin1(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('latin1');
}

/** A view on the same memory. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
