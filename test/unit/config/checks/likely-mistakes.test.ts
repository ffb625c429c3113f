import { describe, expect, test } from 'vitest';
import { loadReplayConfig } from '../../../../src/config/load.ts';
import { flags, load, problemsOf, testSurroundings } from '../../../support/daemons/config.ts';

const warningsOf = (given: Readonly<Record<string, string | readonly string[]>>) => load({}, given).warnings;

describe('a path into JSON where a name is meant', () => {
  test.each([
    ['--where', '{field: "event:userIdentity.type", equals: Root}', 'where.field: "event:userIdentity.type"'],
    [
      '--where',
      '[{field: a, exists: true}, {any: [{field: $.event.type, equals: x}]}]',
      'where[1].any[0].field: "$.event.type"',
    ],
    ['--where', '{not: {field: "event[\'type\']", equals: x}}', 'where.not.field: "event[\'type\']"'],
    ['--where', '{field: event.userIdentity.type, equals: Root}', 'where.field: "event.userIdentity.type"'],
    ['--rules', '{when: {field: "event:type", equals: x}, severity: err}', 'rules.when.field: "event:type"'],
    ['--severity-field', 'event:level', 'severity-field: "event:level"'],
    ['--exclude', 'event:userIdentity.accessKeyId', 'exclude: "event:userIdentity.accessKeyId"'],
    ['--include', 'event:type', 'include: "event:type"'],
    ['--rename', 'event:type=type', 'rename: "event:type"'],
    ['--hostname', 'x-{event:host|none}', 'hostname: "event:host"'],
  ])('%s %s', (flag, text, place) => {
    const [warning, ...others] = warningsOf({ [flag]: text });
    expect(others).toEqual([]);
    expect(warning).toContain(`${place} is taken for the name of a whole field, and is no path into JSON here`);
    expect(warning?.includes('may drop every log')).toBe(flag === '--where');
    expect(warning).toContain('--query, such as "* | parse-json ');
  });

  test.each([
    ['--where', '{field: __tag__:__hostname__, equals: x}'],
    ['--where', '{field: __tag__:k8s.io/name, equals: x}'],
    ['--where', '{field: status, equals: "a:b.c"}'],
    ['--exclude', '__tag__:*,http.*,a.b'],
    ['--hostname', '{__tag__:__hostname__|web-1.corp}'],
    ['--hostname', '{{a:b}}'],
  ])('%s %s is none', (flag, text) => {
    expect(warningsOf({ [flag]: text })).toEqual([]);
  });
});

describe('--from', () => {
  const now = testSurroundings().now() / 1000;

  test('in the future', () => {
    const expected = [
      expect.stringMatching(/^from: 2027-01-01T00:00:00Z is in the future \(now it is 2026-11-20T10:11:12Z\)/),
    ];
    expect(warningsOf({ '--from': '2027-01-01T00:00:00Z' })).toEqual(expected);
  });

  test('now, and by a clock that is a little ahead', () => {
    for (const from of [now, now + 60]) expect(warningsOf({ '--from': String(from) })).toEqual([]);
    expect(warningsOf({ '--from': String(now + 61) })).toHaveLength(1);
  });
});

describe('a host name for QRadar', () => {
  test.each(['2001:db8::1', 'web/1', '-', 'prod:web', '{host}#1'])('%s', (hostname) => {
    const given = { '--hostname': hostname };
    expect(warningsOf({ ...given, '--preset': 'qradar' })).toEqual([
      expect.stringMatching(/^hostname.* is neither an IPv4 address nor a host name/),
    ]);
    expect(warningsOf({ ...given, '--preset': 'rsyslog' })).toEqual([]);
    const surroundings = testSurroundings();
    expect(loadReplayConfig(flags({ ...given, '--preset': 'qradar' }), surroundings).warnings).toHaveLength(1);
  });

  test.each(['web-01', '192.0.2.1', 'web_01.corp', '{__tag__:__hostname__|unknown}'])('%s is one', (hostname) => {
    expect(warningsOf({ '--hostname': hostname, '--preset': 'qradar' })).toEqual([]);
  });
});

test.each([
  ['--proto', 'ssl', 'tls'],
  ['--proto', 'TCP+TLS', 'tls'],
  ['--proto', 'tcpp', 'tcp'],
  ['--rfc', 'rfc5424', '5424'],
  ['--rfc', 'bsd', '3164'],
  ['--framing', 'newline', 'lf'],
  ['--format', 'structured-data', 'sd'],
  ['--preset', 'splunk', 'splunk-sc4s'],
  ['--log-level', 'warning', 'warn'],
  ['--from', 'earliest', 'begin'],
  ['--until', 'now', 'end'],
])('%s %s: did you mean %s?', (flag, text, meant) => {
  expect(problemsOf({}, { [flag]: text }).map(({ message }) => message)).toEqual([
    expect.stringMatching(new RegExp(`; did you mean "${meant}"\\?$`)),
  ]);
});
