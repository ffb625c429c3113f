/**
 * Conditions as a user writes them → `Condition`. A mapping is a condition; all that it says has to hold:
 *
 *     {field: status, in: [500, 502]}
 *     {field: latency, range: {min: 1.5}, not: {field: uri, prefix: /healthz}}
 *     {any: [{field: level, equals: ERROR}, {field: level, equals: FATAL}]}
 *
 * All scalars are text (YAML's failsafe schema), so `in: [500]` compares text. Pure.
 */
import { z } from 'zod';
import { plainText, switchText } from '../schema/text.ts';
import { fieldName, utf8 } from './field-name.ts';
import { type Range, range } from './range.ts';
import { type Regex, regexText } from './regex.ts';
import type { Condition } from './rules.ts';
import { hasUnknownKey, namingUnknownKeys } from './unknown-key.ts';

const NO_TESTS = 'is an empty list; give at least one';

/** May be empty, as a field's value may. */
const valueText = z.string();

const tests = {
  equals: valueText.optional(),
  in: z.array(valueText).min(1, NO_TESTS).optional(),
  regex: regexText.optional(),
  prefix: plainText.optional(),
  suffix: plainText.optional(),
  contains: plainText.optional(),
  range: range.optional(),
  exists: switchText.optional(),
};
const testNames = Object.keys(tests) as (keyof typeof tests)[];
const junctionNames = ['not', 'any', 'all'] as const;

/** The keys of a condition, for mappings that have further keys. */
export const conditionShape = {
  field: fieldName.optional(),
  ...tests,
  not: z.lazy(() => condition).optional(),
  any: z.lazy(() => z.array(condition).min(1, NO_TESTS)).optional(),
  all: z.lazy(() => z.array(condition).min(1, NO_TESTS)).optional(),
};
export const conditionKeys = Object.keys(conditionShape);

/** A mapping parsed by `conditionShape`. */
export interface ConditionParts {
  readonly field?: Uint8Array | undefined;
  readonly equals?: string | undefined;
  readonly in?: readonly string[] | undefined;
  readonly regex?: Regex | undefined;
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
  readonly contains?: string | undefined;
  readonly range?: Range | undefined;
  readonly exists?: boolean | undefined;
  readonly not?: Condition | undefined;
  readonly any?: readonly Condition[] | undefined;
  readonly all?: readonly Condition[] | undefined;
}

/** Makes `superRefine` check a mapping even where one of its parts is invalid. */
export const wheneverMapping: z.core.$ZodSuperRefineParams = {
  when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/**
 * Reports missing parts of a condition; an invalid part counts as present. Reports nothing where a key is unknown: it
 * has been reported, and may be the missing one, misspelt.
 */
export function complainOfGaps(given: object, context: z.core.$RefinementCtx): void {
  if (hasUnknownKey(context)) return;
  const complain = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', message, path });
  const hasTest = testNames.some((name) => Object.hasOwn(given, name));
  const hasField = Object.hasOwn(given, 'field');
  if (hasTest && !hasField) complain('is missing: the name of what is tested', 'field');
  if (hasField && !hasTest) complain(`has a field, and no test of it; give one of ${testNames.join(', ')}`);
  const hasJunction = junctionNames.some((name) => Object.hasOwn(given, name));
  if (!hasTest && !hasField && !hasJunction) {
    complain(`is empty; give a field with one of ${testNames.join(', ')}, or ${junctionNames.join(', ')}`);
  }
}

export const condition: z.ZodType<Condition> = z
  .strictObject(conditionShape, namingUnknownKeys(conditionKeys))
  .superRefine(complainOfGaps, wheneverMapping)
  .transform(toCondition)
  .meta({ id: 'condition' });

/** @param parts not empty, and with a field for every test */
export function toCondition(parts: ConditionParts): Condition {
  const { field = new Uint8Array(), equals, in: values, regex, not, any, all } = parts;
  const conditions: Condition[] = [];
  if (parts.exists !== undefined) {
    const exists: Condition = { kind: 'exists', field };
    conditions.push(parts.exists ? exists : { kind: 'not', of: exists });
  }
  if (equals !== undefined) conditions.push({ kind: 'in', field, values: [utf8(equals)] });
  if (values !== undefined) conditions.push({ kind: 'in', field, values: [...new Set(values)].map(utf8) });
  for (const kind of ['prefix', 'suffix', 'contains'] as const) {
    const text = parts[kind];
    if (text !== undefined) conditions.push({ kind, field, text: utf8(text) });
  }
  if (parts.range !== undefined) conditions.push({ kind: 'range', field, ...parts.range });
  if (regex !== undefined) conditions.push({ kind: 'regex', field, ...regex });
  if (not !== undefined) conditions.push({ kind: 'not', of: not });
  if (any !== undefined) conditions.push({ kind: 'any', of: any });
  if (all !== undefined) conditions.push({ kind: 'all', of: all });
  const [only] = conditions;
  return conditions.length === 1 && only !== undefined ? only : { kind: 'all', of: conditions };
}
