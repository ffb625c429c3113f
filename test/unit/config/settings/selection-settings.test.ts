import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeProblems } from '../../../../src/cli/process/exit.ts';
import { load, problemsOf } from '../../../support/daemons/config.ts';

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

function messages(...args: Parameters<typeof problemsOf>): string[] {
  return problemsOf(...args).map(({ message }) => message);
}

describe('selection and rules', () => {
  test('nothing is decided unless that is asked for', () => {
    const { message } = load().config;
    expect(message).not.toHaveProperty('rules');
    expect(message).not.toHaveProperty('fields');
  });

  test('filters, rules and the severity of a field', () => {
    const { rules } = load(
      { SYSLOG_WHERE: '{field: status, in: [500, 502]}', SYSLOG_SEVERITY_MAP: 'fatal=emerg' },
      {
        '--rules': '[{when: {field: level, equals: ERROR}, severity: err, tag: app}]',
        '--severity-field': 'level',
      },
    ).config.message;
    expect(rules?.filters).toMatchObject([{ name: 'where', keep: { kind: 'in' } }]);
    expect(rules?.classes).toMatchObject([{ when: { kind: 'in' }, severity: 3, appName: 'app' }]);
    expect(text(rules?.severityField?.field)).toBe('level');
    const severityOf = (word: string) => rules?.severityField?.severityOf(Buffer.from(word));
    expect([severityOf('FATAL'), severityOf('warn'), severityOf('nothing')]).toEqual([0, 4, undefined]);
  });

  test('several filters by several flags', () => {
    const { rules } = load({}, { '--where': ['{field: a, exists: true}', '[{field: b, equals: c}]'] }).config.message;
    expect(rules?.filters.map(({ name }) => name)).toEqual(['where[0]', 'where[1]']);
  });

  test('fields: included, excluded, renamed, without tags', () => {
    const { fields } = load(
      { SYSLOG_EXCLUDE: 'x*, secret' },
      { '--include': ['a*', 'x?', 's*', '__*'], '--rename': ['a1=one', '{sa: two}'], '--no-tags': 'true' },
    ).config.message;
    const choose = (name: string) => {
      const choice = fields?.(Buffer.from(name));
      return typeof choice === 'string' ? choice : text(choice);
    };
    expect(['a1', 'a2', 'x1', 'sa', 'secret', 'b', '__topic__', '__tag__:t'].map(choose)).toEqual([
      'one',
      'keep',
      'drop',
      'two',
      'drop',
      'drop',
      'keep',
      'drop',
    ]);
  });

  test.each<[Record<string, string>, Record<string, string | string[]>, string]>([
    [
      { SYSLOG_WHERE: '{feld: a, equals: b}' },
      {},
      'where (from SYSLOG_WHERE) has the unknown key "feld"; did you mean "field"?',
    ],
    [
      {},
      { '--rules': '[{when: {field: a, range: {min: x}}, severity: err}]' },
      'rules[0].when.range.min (from --rules): "x"',
    ],
    [{}, { '--rules': '[{when: {field: a, regex: "("}, severity: err}]' }, 'rules[0].when.regex (from --rules): "("'],
    [{}, { '--severity-map': 'a=b' }, 'severity-map.a (from --severity-map): "b" is no severity'],
    [{}, { '--severity-map': 'a=err' }, 'severity-map (from --severity-map) has no meaning without --severity-field'],
    [{}, { '--rename': ['a=c', 'b=c'] }, 'rename.b (from --rename)'],
    [{ SYSLOG_RENAME: 'a=c,b=d' }, {}, 'rename.a (from SYSLOG_RENAME) has a second pair behind it'],
  ])('%j %j', (environment, flags, expected) => {
    expect(messages(environment, flags).join('\n')).toContain(expected);
  });
});

test('keys that are not known: each by itself, at its own line; a flag is named once', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sls-syslog-selection-'));
  const path = join(directory, 'c.yaml');
  writeFileSync(
    path,
    `where:
  - field: status
    in: [500]
    naem: errors
    range:
      min: 5
      mux: 6
    nto:
      field: a
rules:
  when:
    any:
      - equals: x
        feild: y
  severity: err
`,
  );
  const found = problemsOf({}, { '--config': path });
  rmSync(directory, { recursive: true });
  expect(found.map(({ message, at }) => `${at} ${message}`.replaceAll(path, 'c'))).toEqual([
    'c:7 where[0].range (from c:7) has the unknown key "mux"; did you mean "max"?',
    'c:4 where[0] (from c:4) has the unknown key "naem"; did you mean "name"?',
    'c:8 where[0] (from c:8) has the unknown key "nto"; did you mean "not"?',
    'c:14 rules.when.any[0] (from c:14) has the unknown key "feild"; did you mean "field"?',
  ]);
  const flag = { '--where': ['{field: a, in: [b]}', '{feld: a, equals: b}'] };
  expect(describeProblems(problemsOf({}, flag)).split('\n').slice(1, 3)).toEqual([
    '  - where[1] (from --where) has the unknown key "feld"; did you mean "field"?',
    '      --where, SYSLOG_WHERE',
  ]);
  const variable = { SYSLOG_RENAME: '{a: [b]}' };
  expect(problemsOf(variable)).toEqual([
    {
      message: 'rename.a (from SYSLOG_RENAME) is not a plain value',
      path: 'rename.a',
      flag: '--rename',
      variable: 'SYSLOG_RENAME',
    },
  ]);
});

describe('the header', () => {
  test('may come from the log', () => {
    const { message } = load(
      {},
      { '--hostname': '{__tag__:__hostname__|none}', '--procid': 'p-{pid}', '--msgid': 'ID' },
    ).config;
    const [part] = message.hostname;
    expect(typeof part === 'object' && [text(part.field), part.orElse]).toEqual(['__tag__:__hostname__', 'none']);
    expect(message.procId).toHaveLength(2);
    expect([message.tag, message.msgId]).toEqual(['-', 'ID']);
  });

  test('a machine whose name has braces in it is no template', () => {
    expect(load({}, {}, { hostname: '{web}' }).config.message.hostname).toBe('-web-');
  });

  test.each([
    ['UTC', 'utc'],
    ['Local', 'local'],
    ['asia/shanghai', 'Asia/Shanghai'],
  ])('time zone %s', (given, expected) => {
    expect(load({}, { '--timezone': given }).config.message.timeZone).toBe(expected);
  });

  test('RFC 3164 is in local time unless another is given', () => {
    expect(load({ SYSLOG_RFC: '3164' }).config.message.timeZone).toBe('local');
    expect(
      load({ SYSLOG_RFC: '3164' }, { '--timezone': 'utc', '--rfc3164-time': 'year' }).config.message,
    ).toMatchObject({
      timeZone: 'utc',
      rfc3164Time: 'year',
    });
  });

  test.each<[Record<string, string>, string]>([
    [{ '--timezone': 'Mars/Olympus' }, 'timezone (from --timezone): "Mars/Olympus" is no time zone'],
    [{ '--time-precision': '7' }, 'time-precision (from --time-precision): "7" is neither auto nor'],
    [{ '--rfc3164-time': 'year' }, 'rfc3164-time (from --rfc3164-time) has no meaning with --rfc 5424'],
    [
      { '--rfc': '3164', '--time-precision': '3' },
      'time-precision (from --time-precision) has no meaning with --rfc 3164',
    ],
    [{ '--rfc': '3164', '--msgid': 'X' }, 'msgid (from --msgid) has no place with --rfc 3164'],
    [{ '--hostname': '{a' }, 'hostname (from --hostname): "{a" has a {'],
  ])('%j', (flags, expected) => {
    expect(messages({}, flags).join('\n')).toContain(expected);
  });

  test('the precision of time stamps', () => {
    expect(load({}, { '--time-precision': '3' }).config.message.timestampDigits).toBe(3);
    expect(load({ SYSLOG_RFC: '3164' }, { '--rfc3164-time': 'rfc3339', '--time-precision': '0' })).toBeDefined();
  });
});

test('a fingerprint is the same for the same message, and another for any other', () => {
  const of = (flags: Record<string, string | string[]>) => load({}, flags).config.message.fingerprint;
  const where = '{field: a, equals: b}';
  expect(of({ '--where': where })).toBe(of({ '--where': where }));
  expect(of({})).toBe(of({ '--tag': '-' }));
  expect(of({ '--port': '1' })).toBe(of({}));
  const different = [
    {},
    { '--where': where },
    { '--where': '{field: a, equals: c}' },
    { '--tag': 'x' },
    { '--format': 'json' },
  ];
  expect(new Set(different.map(of)).size).toBe(different.length);
});
