import { describe, expect, test } from 'vitest';
import { describeProblems } from '../../../src/cli/process/exit.ts';
import { nearestName } from '../../../src/schema/suggest.ts';
import { problemsOf, requiredEnvironment } from '../../support/daemons/config.ts';

function messages(...args: Parameters<typeof problemsOf>): string[] {
  return problemsOf(...args).map((problem) => problem.message);
}

describe('what is missing', () => {
  test('everything at once, with flag and variable, in the order of the help', () => {
    const unset = Object.fromEntries(Object.keys(requiredEnvironment).map((name) => [name, undefined]));
    const problems = problemsOf(unset);
    expect(problems.map(({ flag, variable }) => [flag, variable])).toEqual([
      ['--endpoint', 'SLS_ENDPOINT'],
      ['--project', 'SLS_PROJECT'],
      ['--logstore', 'SLS_LOGSTORE'],
      [undefined, 'SLS_AK_ID'],
      [undefined, 'SLS_AK_KEY'],
      ['--group', 'SLS_CG'],
      ['--host', 'SYSLOG_HOST'],
    ]);
    for (const { message } of problems) expect(message).toContain('is missing: ');
  });

  test('an empty variable is as good as none', () => {
    expect(messages({ SYSLOG_HOST: '' })).toEqual([
      expect.stringContaining('host is missing: name or address of the receiver'),
    ]);
  });

  test('a wrong value is not missing too', () => {
    expect(messages({ SYSLOG_HOST: 'a b' })).toEqual([
      'host (from SYSLOG_HOST): "a b" is neither a host name nor an address',
    ]);
  });
});

describe('what settings demand of each other', () => {
  test.each<[string, Record<string, string>, Record<string, string>, string[]]>([
    ['v4 without a region', { SLS_ENDPOINT: 'localhost' }, { '--sign-version': 'v4' }, ['region is missing: the v4']],
    [
      'logs for the dead-letter file, and none given',
      { SYSLOG_OVERSIZE: 'dead-letter' },
      {},
      ['dead-letter is missing: --oversize dead-letter needs a file'],
    ],
    [
      'batches to be skipped, and no dead-letter file',
      {},
      { '--on-corrupt-batch': 'skip' },
      ['dead-letter is missing: --on-corrupt-batch skip needs a file'],
    ],
    [
      'a dead-letter file’s size without the file',
      {},
      { '--dead-letter-files': '3', '--dead-letter-max-size': '1GiB' },
      ['dead-letter-max-size (from --dead-letter-max-size) has no meaning', 'dead-letter-files (from --dead'],
    ],
    [
      'a dead-letter file in no directory',
      {},
      { '--dead-letter': 'missing/dead.jsonl' },
      ['dead-letter (from --dead-letter): the directory /nowhere/missing does not exist; make it'],
    ],
    [
      'a dead-letter file in a file',
      {},
      { '--dead-letter': '/etc/passwd/dead.jsonl' },
      ['/etc/passwd is not a directory'],
    ],
    ['a dead-letter file that is a device', {}, { '--dead-letter': '/dev/full' }, ['/dev/full is not a regular file']],
    [
      'a dead-letter file with a word that stands for nothing',
      {},
      { '--dead-letter': '/tmp/{host}.jsonl' },
      [
        'dead-letter (from --dead-letter): "/tmp/{host}.jsonl" holds {host}; only {consumer}, {pipeline}, {source} and {receiver} stand for something',
      ],
    ],
    [
      'a receiver that is there twice',
      { SYSLOG_HOST: 'a,b:514,A:514' },
      {},
      ['host (from SYSLOG_HOST): a port 514 is there twice; give each receiver once'],
    ],
    [
      'nothing between from and until',
      {},
      { '--from': '1700000000', '--until': '1700000000' },
      ['until (from --until) is not later'],
    ],
    [
      'the project in the endpoint',
      { SLS_ENDPOINT: 'web-logs.cn-hangzhou.log.aliyuncs.com' },
      {},
      ['already contains the project; give "cn-hangzhou.log.aliyuncs.com"'],
    ],
    [
      'a drain as long as the group waits',
      {},
      { '--drain-timeout': '60s' },
      ["below the group's timeout, 3 times --heartbeat-interval = 1m"],
    ],
    [
      'the same by a shorter heartbeat',
      { SLS_SYSLOG_DRAIN_TIMEOUT: '10s' },
      { '--heartbeat-interval': '2s' },
      ['= 6s'],
    ],
    [
      'tls options without tls',
      {},
      { '--ca': 'x', '--server-name': 'y', '--fingerprint': 'ab'.repeat(32), '--insecure': 'true' },
      ['ca (from --ca)', 'server-name', 'fingerprint', 'insecure'].map((name) => `${name}`),
    ],
    ['tls options with udp', { SYSLOG_PROTO: 'udp' }, { '--ca': 'x' }, ['use --proto tls']],
    ['messages over a datagram', { SYSLOG_PROTO: 'udp' }, { '--max-message-bytes': '64KiB' }, ['at most 65507']],
    [
      'identity with RFC 3164',
      {},
      { '--identity': 'true', '--rfc': '3164' },
      ['(from --identity) has no place with --rfc 3164'],
    ],
    [
      'enterprise id without identity',
      {},
      { '--enterprise-id': '1' },
      ['(from --enterprise-id) has no meaning without --identity'],
    ],
    [
      'no room for an identity',
      { SLS_LOGSTORE: 'l'.repeat(128), SLS_PROJECT: 'p'.repeat(63) },
      { '--identity': 'true', '--max-message-bytes': '500B', '--hostname': 'h', '--tag': 't' },
      ['is 500 bytes; with this header and --identity a message takes at least 523'],
    ],
    ['framing with udp', { SYSLOG_PROTO: 'udp' }, { '--framing': 'lf' }, ['a datagram is one message']],
    ['lines over tls', { SYSLOG_PROTO: 'tls' }, { '--framing': 'lf' }, ['--allow-lf-over-tls']],
    [
      'a key alone',
      { SYSLOG_PROTO: 'tls' },
      { '--key': '/no/key.pem' },
      ['cert is missing', '/no/key.pem does not exist'],
    ],
    ['a long TAG', { SYSLOG_RFC: '3164' }, { '--tag': 'a'.repeat(33) }, ['at most 32']],
    ['a separator of letters', {}, { '--sep': 'AND' }, ['could not be told from text']],
    ['a separator outside ASCII', {}, { '--sep': '·' }, ['could not be told from text']],
  ])('%s', (_, environment, given, phrases) => {
    const found = messages(environment, given);
    expect(found).toHaveLength(phrases.length);
    for (const [index, phrase] of phrases.entries()) expect(found[index]).toContain(phrase);
  });

  test('an insecure that is switched off needs no tls; a separator of letters does with raw text', () => {
    expect(() => problemsOf({ SYSLOG_INSECURE: 'false' }, { '--sep': 'AND', '--escape': 'none' })).toThrow(
      'expected to be refused',
    );
  });
});

test('wrong values of all kinds come together, beside rules and missing settings', () => {
  const found = messages(
    { SYSLOG_HOST: undefined, SYSLOG_FACILITY: 'loca10', SLS_MAX_IN_FLIGHT: '64' },
    { '--port': '99999', '--timeout': '20', '--tag': 'two words', '--proto': 'tpc', '--ca': 'x' },
  );
  expect(found).toEqual([
    'max-in-flight (from SLS_MAX_IN_FLIGHT): "64" has no unit; write 64MiB if that is what you mean (units: B, KiB, MiB, GiB, kB, MB or GB)',
    expect.stringContaining('facility (from SYSLOG_FACILITY): "loca10" is no facility'),
    'tag (from --tag): "two words" may hold only printable ASCII characters and no space, but in the names of fields',
    'proto (from --proto): "tpc" is none of udp, tcp, tls; did you mean "tcp"?',
    expect.stringContaining('host is missing: name or address of the receiver'),
    'port (from --port): "99999" is not a port; give a number from 1 to 65535',
    'timeout (from --timeout): "20" has no unit; write 20s if that is what you mean (units: ms, s, m or h)',
  ]);
});

test('a value is shown with its control characters escaped, and cut', () => {
  const [message = ''] = messages({}, { '--host': `\u001b[31m${'x'.repeat(500)}` });
  expect(message).toContain('\\u001b[31mxxx');
  expect(message.length).toBeLessThan(200);
});

test('the list that the user sees', () => {
  expect(
    describeProblems([
      { message: 'unknown key "hots"; did you mean "host"?', at: 'c.yaml:1' },
      { message: 'port: "x" is not a port', flag: '--port', variable: 'SYSLOG_PORT', at: 'c.yaml:7' },
      { message: 'unknown option --x' },
    ]),
  ).toBe(
    [
      'sls-syslog: 3 problems in the configuration',
      '  - unknown key "hots"; did you mean "host"?',
      '      c.yaml:1',
      '  - port: "x" is not a port',
      '      --port, SYSLOG_PORT, c.yaml:7',
      '  - unknown option --x',
      'sls-syslog --help lists all settings; sls-syslog demo needs none.',
      '',
    ].join('\n'),
  );
});

test.each([
  ['hots', 'host'],
  ['prot', 'port'],
  ['hostnme', 'hostname'],
  ['quux', undefined],
  ['x'.repeat(10_000), undefined],
])('the nearest name to %s is %s', (typed, nearest) => {
  expect(nearestName(typed, ['host', 'port', 'hostname'])).toBe(nearest);
});

test('of names of one letter, none is near to another', () => {
  expect(nearestName('c', ['a', 'b'])).toBeUndefined();
  expect(nearestName('bb', ['a', 'b'])).toBe('b');
});
