/** Filters and rules as a user writes them → `Rules`. Pure. */
import { z } from 'zod';
import type { Plain } from '../schema/plain.ts';
import { facility, severity } from '../schema/syslog-names.ts';
import { headerText, type TextSchema, textSchema } from '../schema/text.ts';
import {
  complainOfGaps,
  condition,
  conditionKeys,
  conditionShape,
  toCondition,
  wheneverMapping,
} from './conditions.ts';
import { fieldName } from './field-name.ts';
import { MAX_APP_NAME_LENGTH, MAX_MSG_ID_LENGTH } from './header-fields.ts';
import type { ClassRule, Condition, Filter, Rules } from './rules.ts';
import { type SeverityWords, severityOfWord } from './severity-words.ts';
import { hasUnknownKey, namingUnknownKeys } from './unknown-key.ts';

const MAX_NAME_LENGTH = 64;

/** The name under which dropped logs are counted. */
const filterName: TextSchema<string> = textSchema((text, complain) => {
  if (/\p{Cc}/u.test(text)) return complain('holds a control character');
  return text.length <= MAX_NAME_LENGTH
    ? text
    : complain(`is too long: ${text.length} characters of at most ${MAX_NAME_LENGTH}`);
});

interface NamedCondition {
  readonly name: string | undefined;
  readonly keep: Condition;
}

const filter: z.ZodType<NamedCondition> = z
  .strictObject({ name: filterName.optional(), ...conditionShape }, namingUnknownKeys(['name', ...conditionKeys]))
  .superRefine(complainOfGaps, wheneverMapping)
  .transform(({ name, ...parts }) => ({ name, keep: toCondition(parts) }));

const onlyFilter = filter.transform(({ name = 'where', keep }): readonly Filter[] => [{ name, keep }]);

const filterList = z
  .array(filter)
  .min(1, 'is an empty list; give a condition or leave the setting out')
  .transform((filters) => filters.map(({ name, keep }, index): Filter => ({ name: name ?? `where[${index}]`, keep })))
  .superRefine((filters, context) => {
    for (const [index, { name }] of filters.entries()) {
      const first = filters.findIndex((each) => each.name === name);
      if (first < index)
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: `is already the name of where[${first}]; each condition needs its own name`,
        });
    }
  });

/** `where`: one condition, or a list of which all have to hold, with a count of dropped logs for each. */
export const whereSchema = z.union([onlyFilter, filterList]) as z.ZodType<readonly Filter[], Plain>;

const outcomes = {
  severity: severity.optional(),
  facility: facility.optional(),
  tag: headerText(MAX_APP_NAME_LENGTH).optional(),
  msgid: headerText(MAX_MSG_ID_LENGTH).optional(),
};
const outcomeNames = Object.keys(outcomes);

const classRule = z
  .strictObject({ when: condition, ...outcomes }, namingUnknownKeys(['when', ...outcomeNames]))
  .superRefine((given, context) => {
    if (hasUnknownKey(context) || outcomeNames.some((name) => Object.hasOwn(given, name))) return;
    context.addIssue({
      code: 'custom',
      message: `sets nothing for the logs that match; give ${outcomeNames.join(', ')}, or several of them`,
    });
  }, wheneverMapping)
  .transform(
    ({ when, severity, facility, tag, msgid }): ClassRule => ({
      when,
      ...(facility !== undefined && { facility }),
      ...(severity !== undefined && { severity }),
      ...(tag !== undefined && { appName: tag }),
      ...(msgid !== undefined && { msgId: msgid }),
    }),
  );

const ruleList = z.array(classRule).min(1, 'is an empty list; give a rule or leave the setting out');

/** `rules`: one rule, or a list of which the first whose `when` holds decides. */
export const rulesSchema = z.union([
  classRule.transform((rule): readonly ClassRule[] => [rule]),
  ruleList,
]) as z.ZodType<readonly ClassRule[], Plain>;

/** The settings of rules, each parsed by its schema. */
export interface RulesForm {
  readonly where?: readonly Filter[] | undefined;
  readonly rules?: readonly ClassRule[] | undefined;
  readonly severityField?: Uint8Array | undefined;
  readonly severityMap?: SeverityWords | undefined;
}

export const severityFieldName = fieldName;

/** @returns undefined where there are no rules: logs are not looked at then */
export function createRules({ where = [], rules = [], severityField, severityMap }: RulesForm): Rules | undefined {
  if (where.length === 0 && rules.length === 0 && severityField === undefined) return undefined;
  return {
    filters: where,
    classes: rules,
    ...(severityField && { severityField: { field: severityField, severityOf: severityOfWord(severityMap) } }),
  };
}
