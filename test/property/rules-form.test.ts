/** What a user writes of filters and rules, decided by the encoders' evaluation, against a naive reading of the user's own form. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEvaluator } from '../../src/rules/evaluate.ts';
import { createRules, rulesSchema, whereSchema } from '../../src/rules/rules-schema.ts';
import { severityMapSchema } from '../../src/rules/severity-words.ts';
import { facilityNames, severityNames } from '../../src/schema/syslog-names.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { parsed, utf8 } from '../support/arbitraries/rules-form.ts';

/** As the user writes it. */
interface Form {
  field?: string;
  equals?: string;
  in?: string[];
  regex?: string;
  prefix?: string;
  suffix?: string;
  contains?: string;
  range?: string | { min?: string; max?: string };
  exists?: string;
  not?: Form;
  any?: Form[];
  all?: Form[];
}
interface RuleForm {
  when: Form;
  severity?: string;
  facility?: string;
  tag?: string;
  msgid?: string;
}
type Log = Readonly<Record<string, string | undefined>>;

const fields = ['status', '__tag__:env', '登录 field'];
const values = [
  '',
  '5',
  '50',
  '500',
  '0500',
  '+500.0',
  '-1.5',
  '1e3',
  '5000',
  'err',
  'ERR',
  '登录',
  'a登',
  ' 500',
  '.',
];
const field = fc.constantFrom(...fields);
const value = fc.constantFrom(...values);
const someText = fc.constantFrom(...values.filter((each) => each !== ''));
const number = fc.constantFrom('-2', '5', '49.5', '500', '+0500', '501');
const upwards = (a: string, b: string) => (Number(a) <= Number(b) ? ([a, b] as const) : ([b, a] as const));
const range = fc.oneof(
  fc.tuple(number, number).map(([a, b]) => upwards(a, b).join('..')),
  fc.tuple(number, number).map(([a, b]) => upwards(a, b).join(' .. ')),
  number.map((min) => `${min}..`),
  number.map((max) => `..${max}`),
  number.map((min) => ({ min })),
  number.map((max) => ({ max })),
  fc.tuple(number, number).map(([a, b]) => ({ min: upwards(a, b)[0], max: upwards(a, b)[1] })),
);
/** Those that RE2 and RegExp read in the same way. */
const regex = fc.constantFrom(
  '^5',
  '0$',
  '^(5|err)',
  '[Ee]',
  '^.$',
  '登',
  String.raw`^\d+$`,
  '5.0',
  '(a|b)*x?$',
  String.raw`\.`,
);

/** One mostly: of many that all have to hold, few ever do. */
const test: fc.Arbitrary<Form> = fc.oneof(
  value.map((equals) => ({ equals })),
  fc.array(value, { minLength: 1, maxLength: 4 }).map((values) => ({ in: values })),
  regex.map((source) => ({ regex: source })),
  someText.map((prefix) => ({ prefix })),
  someText.map((suffix) => ({ suffix })),
  someText.map((contains) => ({ contains })),
  { arbitrary: range.map((given) => ({ range: given })), weight: 3 },
  fc.constantFrom('true', 'false', 'yes', 'no').map((exists) => ({ exists })),
);
const ofField: fc.Arbitrary<Form> = fc
  .tuple(field, test, fc.oneof(fc.constant<Form>({}), fc.constant<Form>({}), test))
  .map(([name, one, another]) => ({ field: name, ...one, ...another }));

const { form } = fc.letrec<{ form: Form }>((tie) => {
  const several = fc.array(tie('form'), { minLength: 1, maxLength: 3 });
  return {
    form: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'form' },
      ofField,
      tie('form').map((not) => ({ not })),
      several.map((any) => ({ any })),
      several.map((all) => ({ all })),
      fc.tuple(ofField, tie('form'), several).map(([own, not, any]) => ({ ...own, not, any })),
    ),
  };
});

const outcome = fc
  .record(
    {
      severity: fc.constantFrom(...severityNames, '0', '7'),
      facility: fc.constantFrom('local4', '3'),
      tag: fc.constantFrom('waf', 'x'),
      msgid: fc.constantFrom('BLOCK', 'y'),
    },
    { requiredKeys: [] },
  )
  .filter((given) => Object.keys(given).length > 0);
const rule: fc.Arbitrary<RuleForm> = fc.tuple(form, outcome).map(([when, given]) => ({ when, ...given }));
const log: fc.Arbitrary<Log> = fc.record(Object.fromEntries(fields.map((name) => [name, value])), { requiredKeys: [] });

function holds(given: Form, of: Log): boolean {
  const { field: name = '' } = given;
  const text = of[name];
  const { equals, prefix, suffix, contains } = given;
  const checks: boolean[] = [];
  const check = (test: (text: string) => boolean) => checks.push(text !== undefined && test(text));
  if (given.exists) checks.push(['true', 'yes'].includes(given.exists) === (text !== undefined));
  if (equals !== undefined) check((each) => each === equals);
  if (given.in) check((each) => given.in!.includes(each));
  if (given.regex) check((each) => new RegExp(given.regex!, 'u').test(each));
  if (prefix) check((each) => each.startsWith(prefix));
  if (suffix) check((each) => each.endsWith(suffix));
  if (contains) check((each) => each.includes(contains));
  if (given.range) {
    const bounds =
      typeof given.range === 'string' ? given.range.split('..') : [given.range.min ?? '', given.range.max ?? ''];
    const [min = '', max = ''] = bounds.map((bound) => bound.trim());
    check(
      (each) =>
        /^[+-]?\d+(\.\d+)?$/.test(each) &&
        (min === '' || Number(each) >= Number(min)) &&
        (max === '' || Number(each) <= Number(max)),
    );
  }
  if (given.not) checks.push(!holds(given.not, of));
  if (given.any) checks.push(given.any.some((each) => holds(each, of)));
  if (given.all) checks.push(given.all.every((each) => holds(each, of)));
  return checks.every(Boolean);
}

const words: Readonly<Record<string, number>> = { '5': 5, err: 3, 登录: 1 };

const place = (names: readonly string[], given: string | undefined): number | undefined =>
  given === undefined ? undefined : /^\d+$/.test(given) ? Number(given) : names.indexOf(given);

function naively(where: readonly Form[], rules: readonly RuleForm[], of: Log) {
  const dropped = where.findIndex((each) => !holds(each, of));
  if (dropped >= 0) return { dropped };
  const first = rules.find(({ when }) => holds(when, of));
  return {
    severity: place(severityNames, first?.severity) ?? words[(of.status ?? '').trim().toLowerCase()],
    facility: place(facilityNames, first?.facility),
    appName: first?.tag,
    msgId: first?.msgid,
  };
}

function compiled(where: readonly Form[], rules: readonly RuleForm[]) {
  // JSON is YAML's flow form: as in a flag, or a file.
  const data = createRules({
    where: where.length > 0 ? parsed(whereSchema, JSON.stringify(where)) : undefined,
    rules: rules.length > 0 ? parsed(rulesSchema, JSON.stringify(rules)) : undefined,
    severityField: utf8('status'),
    severityMap: parsed(severityMapSchema, '{登录: alert}'),
  })!;
  const columns: string[] = [];
  const { droppedBy, decide } = createEvaluator(data, (name) => columns.push(Buffer.from(name).toString()) - 1);
  return (of: Log) => {
    const textOf = (column: number) => {
      const text = of[columns[column]!];
      return text === undefined ? undefined : utf8(text);
    };
    const dropped = droppedBy(textOf);
    if (dropped >= 0) return { dropped };
    const { rule: first, severity } = decide(textOf);
    return { severity, facility: first?.facility, appName: first?.appName, msgId: first?.msgId };
  };
}

describe('rules', () => {
  it('decide of each log what the user’s words say', () => {
    const seen = { dropped: 0, classed: 0, bySeverityField: 0, usual: 0 };
    fc.assert(
      fc.property(
        fc.oneof(fc.constant([]), fc.array(form, { maxLength: 2 })),
        fc.array(rule, { maxLength: 3 }),
        fc.array(log, { minLength: 5, maxLength: 15 }),
        (where, rules, logs) => {
          const decided = compiled(where, rules);
          for (const each of logs) {
            const expected = naively(where, rules, each);
            expect(decided(each)).toEqual(expected);
            if ('dropped' in expected) seen.dropped++;
            else if (rules.some(({ when }) => holds(when, each))) seen.classed++;
            else if (expected.severity !== undefined) seen.bySeverityField++;
            else seen.usual++;
          }
        },
      ),
      propertyRuns(500),
    );
    expect(Object.values(seen).every((count) => count > 0)).toBe(true);
  });
});
