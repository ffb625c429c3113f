import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/rules/rules.ts';
import { createRules, rulesSchema, whereSchema } from '../../../src/rules/rules-schema.ts';
import { complaints, parsed, utf8 } from '../../support/arbitraries/rules-form.ts';

function conditionOf(yaml: string): Condition {
  const [only] = parsed(whereSchema, yaml);
  return only!.keep;
}

const status = utf8('status');
const uri = utf8('uri');

describe('a condition', () => {
  test.each<[string, Condition]>([
    ['{field: status, equals: 500}', { kind: 'in', field: status, values: [utf8('500')] }],
    ['{field: status, equals: ""}', { kind: 'in', field: status, values: [utf8('')] }],
    ['{field: status, in: [500, 0502, 500]}', { kind: 'in', field: status, values: [utf8('500'), utf8('0502')] }],
    ['{field: uri, prefix: /a}', { kind: 'prefix', field: uri, text: utf8('/a') }],
    ['{field: uri, suffix: .js}', { kind: 'suffix', field: uri, text: utf8('.js') }],
    ['{field: uri, contains: 登录}', { kind: 'contains', field: uri, text: utf8('登录') }],
    ['{field: status, exists: true}', { kind: 'exists', field: status }],
    ['{field: status, exists: no}', { kind: 'not', of: { kind: 'exists', field: status } }],
    ['{field: status, range: 500..599}', { kind: 'range', field: status, min: 500, max: 599 }],
    ['{field: status, range: -1.5 .. +2}', { kind: 'range', field: status, min: -1.5, max: 2 }],
    ['{field: status, range: 500..}', { kind: 'range', field: status, min: 500 }],
    ['{field: status, range: ..0.5}', { kind: 'range', field: status, max: 0.5 }],
    ['{field: status, range: {min: 500, max: 599}}', { kind: 'range', field: status, min: 500, max: 599 }],
    ['{field: status, range: {max: -3}}', { kind: 'range', field: status, max: -3 }],
    ['{not: {field: uri, exists: true}}', { kind: 'not', of: { kind: 'exists', field: uri } }],
    ['{any: [{field: uri, exists: on}]}', { kind: 'any', of: [{ kind: 'exists', field: uri }] }],
    ['{all: [{field: uri, exists: 1}]}', { kind: 'all', of: [{ kind: 'exists', field: uri }] }],
    [
      '{field: status, range: 400.., not: {field: uri, prefix: /healthz}, exists: true}',
      {
        kind: 'all',
        of: [
          { kind: 'exists', field: status },
          { kind: 'range', field: status, min: 400 },
          { kind: 'not', of: { kind: 'prefix', field: uri, text: utf8('/healthz') } },
        ],
      },
    ],
  ])('%s', (yaml, expected) => {
    expect(conditionOf(yaml)).toEqual(expected);
  });

  test('a regular expression is kept as it was written, and matches anywhere in the value', () => {
    const condition = conditionOf("{field: uri, regex: '^/api/v[0-9]+'}");
    if (condition.kind !== 'regex') throw new Error(condition.kind);
    expect(condition.source).toBe('^/api/v[0-9]+');
    expect([utf8('/api/v12/x'), utf8('x/api/v1')].map(condition.matches)).toEqual([true, false]);
  });
});

describe('filters', () => {
  test('are counted under the names that the user gives, or by their place', () => {
    const names = (yaml: string) => parsed(whereSchema, yaml).map(({ name }) => name);
    expect(names('{field: a, equals: b}')).toEqual(['where']);
    expect(names('{name: noise, field: a, equals: b}')).toEqual(['noise']);
    expect(names('[{field: a, equals: b}]')).toEqual(['where[0]']);
    expect(names('[{field: a, equals: b}, {name: no noise, not: {field: a, prefix: b}}]')).toEqual([
      'where[0]',
      'no noise',
    ]);
  });

  test.each<[string, readonly string[]]>([
    ['status in 500', [': is neither a mapping nor a list']],
    ['[]', [': is an empty list; give a condition or leave the setting out']],
    [
      '{}',
      [
        ': is empty; give a field with one of equals, in, regex, prefix, suffix, contains, range, exists, or not, any, all',
      ],
    ],
    ['[x]', ['[0]: is not a mapping']],
    ['{equals: x}', ['.field: is missing: the name of what is tested']],
    [
      '{field: x}',
      [': has a field, and no test of it; give one of equals, in, regex, prefix, suffix, contains, range, exists'],
    ],
    ['{feild: x, equals: y}', [': has the unknown key "feild"; did you mean "field"?']],
    ['{field: x, equal: y}', [': has the unknown key "equal"; did you mean "equals"?']],
    ['{field: x, in: 500}', ['.in: is not a list']],
    ['{field: x, in: []}', ['.in: is an empty list; give at least one']],
    ['{field: x, in: [a, [b], {c: d}]}', ['.in[1]: is not a plain value', '.in[2]: is not a plain value']],
    ['{field: __time__, range: 1..2}', [".field: is the log's time, and not a field"]],
    ['{field: x, prefix: ""}', ['.prefix: is empty; give a value or leave the setting out']],
    ['{field: x, exists: maybe}', ['.exists: is neither true nor false']],
    ['{field: x, range: 5}', ['.range: is no range; give 500..599, 500.., ..599 or {min: 500, max: 599}']],
    ['{field: x, range: ..}', ['.range: is no range; give 500..599, 500.., ..599 or {min: 500, max: 599}']],
    ['{field: x, range: 1e3..}', ['.range: is no range; give 500..599, 500.., ..599 or {min: 500, max: 599}']],
    ['{field: x, range: 599..500}', ['.range: has a min above its max: no number is in it']],
    ['{field: x, range: [1, 2]}', ['.range: is neither a plain value nor a mapping']],
    ['{field: x, range: {}}', ['.range: has neither min nor max']],
    [
      '{field: x, range: {min: low, maks: 5}}',
      [
        '.range.min: is not a decimal number, such as 500 or -0.5',
        '.range: has the unknown key "maks"; it takes min, max',
      ],
    ],
    ['{field: x, range: {min: 2, max: 1}}', ['.range: has a min above its max: no number is in it']],
    [
      "{field: x, regex: '(?=a)'}",
      [
        ".regex: is not a regular expression in RE2's syntax: RE2 does not have a look-ahead or look-behind, at character 1",
      ],
    ],
    ['{not: [{field: x, exists: true}]}', ['.not: is not a mapping']],
    ['{any: []}', ['.any: is an empty list; give at least one']],
    [
      '[{name: a, field: x, exists: true}, {name: a, field: y, exists: true}]',
      ['[1].name: is already the name of where[0]; each condition needs its own name'],
    ],
  ])('refuse %s', (yaml, expected) => {
    expect(complaints(whereSchema, yaml)).toEqual(expected);
  });

  test('say all that is wrong at once, however deep', () => {
    const yaml = `
- field: a
  range: {min: x}
- not:
    any:
      - {equals: b}
      - {field: c, regex: '('}
- {all: [{field: d}]}
`;
    expect(complaints(whereSchema, yaml).map((each) => each.split(': ')[0])).toEqual([
      '[0].range.min',
      '[1].not.any[0].field',
      '[1].not.any[1].regex',
      '[2].all[0]',
    ]);
  });
});

describe('rules', () => {
  test('give severity, facility, tag and msgid', () => {
    const when = { kind: 'exists', field: utf8('a') };
    expect(
      parsed(
        rulesSchema,
        `
- when: {field: a, exists: true}
  severity: err
  facility: local4
  tag: waf
  msgid: BLOCK
- {when: {field: a, exists: true}, severity: 0}
`,
      ),
    ).toEqual([
      { when, severity: 3, facility: 20, appName: 'waf', msgId: 'BLOCK' },
      { when, severity: 0 },
    ]);
    expect(parsed(rulesSchema, '{when: {field: a, exists: true}, severity: 0}')).toEqual([{ when, severity: 0 }]);
  });

  test.each<[string, readonly string[]]>([
    ['{when: {field: a, exists: true}, facility: 24}', ['.facility: is no facility: they go from 0 to 23']],
    ['err', [': is neither a mapping nor a list']],
    ['[]', [': is an empty list; give a rule or leave the setting out']],
    ['[{severity: err}]', ['[0].when: is missing']],
    [
      '[{when: {field: a, exists: true}}]',
      ['[0]: sets nothing for the logs that match; give severity, facility, tag, msgid, or several of them'],
    ],
    [
      '[{when: {field: a, exists: true}, severty: err}]',
      ['[0]: has the unknown key "severty"; did you mean "severity"?'],
    ],
    [
      '[{when: {field: a, range: {min: b}}, severity: bad, tag: a b, msgid: x}]',
      [
        '[0].when.range.min: is not a decimal number, such as 500 or -0.5',
        '[0].severity: is no severity; give 0 to 7 or one of emerg, alert, crit, err, warning, notice, info, debug',
        '[0].tag: may hold only printable ASCII characters and no space',
      ],
    ],
    [
      `[{when: {field: a, exists: true}, msgid: ${'x'.repeat(33)}}]`,
      ['[0].msgid: is too long: 33 characters of at most 32'],
    ],
  ])('refuse %s', (yaml, expected) => {
    expect(complaints(rulesSchema, yaml)).toEqual(expected);
  });
});

test('without filters, rules and a field for the severity there is nothing to decide', () => {
  expect(createRules({})).toBeUndefined();
  expect(createRules({ where: [], rules: [] })).toBeUndefined();
  const rules = createRules({ severityField: utf8('level'), severityMap: new Map([['high', 1]]) });
  expect(rules).toMatchObject({ filters: [], classes: [], severityField: { field: utf8('level') } });
  expect(['HIGH', 'warn', '?'].map((word) => rules?.severityField?.severityOf(utf8(word)))).toEqual([1, 4, undefined]);
});
