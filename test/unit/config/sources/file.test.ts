import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfigFile, readConfigFile } from '../../../../src/config/sources/file.ts';
import { type load, problemsOf } from '../../../support/daemons/config.ts';

function parse(text: string) {
  const file = parseConfigFile(text, 'c.yaml', '/etc/sls-syslog');
  if (!file) throw new Error('no mapping');
  return file;
}

function problems(text: string): string[] {
  return parse(text).problems.map(({ message, at }) => `${at} ${message}`);
}

describe('values', () => {
  test('arrive as they were written, with their line', () => {
    const { values } = parse(
      '# comment\n\nport: 0514\nfrom: 2026-03-01T00:00:00Z\nsep: "\\t"\nquery: >-\n  * | where\n  x = 1\nin-order: yes\n',
    );
    expect(Object.fromEntries([...values].map(([key, { texts, at }]) => [key, [...texts, at]]))).toEqual({
      port: ['0514', 'c.yaml:3'],
      from: ['2026-03-01T00:00:00Z', 'c.yaml:4'],
      sep: ['\t', 'c.yaml:5'],
      query: ['* | where x = 1', 'c.yaml:6'],
      inOrder: ['yes', 'c.yaml:9'],
    });
  });

  test('nothing, ~ and null leave a setting unset; quoted they are text', () => {
    const { values } = parse('host:\nport: ~\ntag: null\nproject: "null"\n');
    expect([...values.keys()]).toEqual(['project']);
  });

  test('an empty file, and one of comments, set nothing', () => {
    for (const text of ['', '# nothing\n', '---\n', '~\n']) {
      expect(parse(text)).toMatchObject({ problems: [], readable: true });
    }
  });

  test('anchors and a byte order mark are understood', () => {
    const { values } = parse('\ufeffhost: &name siem.corp\nserver-name: *name\n');
    expect(values.get('serverName')?.texts).toEqual(['siem.corp']);
  });
});

describe('problems', () => {
  test.each([
    ['port: 1\nhots: x\n', ['c.yaml:2 unknown key "hots"; did you mean "host"?']],
    ['zzzzzz: x\n', ['c.yaml:1 unknown key "zzzzzz"']],
    ['maxInFligt: x\n', ['c.yaml:1 unknown key "maxInFligt"; did you mean "max-in-flight"?']],
    ['port: 1\nport: 2\n', ['c.yaml:2 port (from c.yaml:2): "port" sets it a second time; the first is at c.yaml:1']],
    [
      'ca: a\ncert_path: b\n',
      ['c.yaml:2 ca (from c.yaml:2): "cert_path" sets it a second time; the first is at c.yaml:1'],
    ],
    ['config: other.yaml\n', ['c.yaml:1 config (from c.yaml:1) cannot be set in the file itself']],
    ['port: [1, 2]\n', ['c.yaml:1 port (from c.yaml:1) takes one value, not a list']],
    ['host:\n  name: x\n', ['c.yaml:1 host (from c.yaml:1) takes a plain value']],
    ...['hostname: {__tag__:__hostname__}', 'template: {a|b}', 'event-name: {a|b}', 'event-name: [{a}, x]'].map(
      (line): [string, unknown[]] => [
        `${line}\n`,
        [expect.stringMatching(/^c\.yaml:1 .* takes text, and YAML takes \{…\} for a mapping: put quotes around it/)],
      ],
    ),
    ['fingerprint:\n  - {a: b}\n', ['c.yaml:1 fingerprint (from c.yaml:1) takes a list of plain values']],
    ['[a]: b\n', ['c.yaml:1 c.yaml has a key that is not text']],
    ['host: x\n\tport: 1\n', ['c.yaml:2 config: c.yaml is not YAML: tabs cannot indent']],
    ['host: x\nsep: ||\n', [expect.stringMatching(/^c\.yaml:2 config: c\.yaml is not YAML: .*"\|\|"/)]],
    ['host: *x\n', ['c.yaml:1 host (from c.yaml:1) begins with *, which YAML takes for an alias: quote it']],
    ...['* | where status >= 500', '*', '& select 1'].map((query): [string, unknown[]] => [
      `host: a\nquery: ${query}\n`,
      [
        'c.yaml:2 config: c.yaml is not YAML: a value that begins with * or & has to be quoted, as in query: "* | where status >= 500"',
      ],
    ]),
    ['query: *error\n', ['c.yaml:1 query (from c.yaml:1) begins with *, which YAML takes for an alias: quote it']],
    ...['%x', '!a !b c', '&a &b c', '- [', '[a: b: c]', '{a', '@a', '`a'].map((text): [string, unknown[]] => [
      `tag: ${text}\n`,
      [expect.stringMatching(/^c\.yaml:\d (?!.*[A-Z]{3}_)/)],
    ]),
    ['host: x\n---\nhost: y\n', [expect.stringContaining('more than one document')]],
    [
      'where: {field: a, in: [b, c}\nport: 1\n',
      [expect.stringContaining('a bracket or brace before it is not closed')],
    ],
    ['host: "x\n', [expect.stringContaining('a quote, bracket or colon is missing')]],
  ])('%j', (text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  test('too much of anything is one problem, and nothing of the file is used', () => {
    const values = `host: x\nwhere: {field: a, in: [${Array(100_001).fill('b').join(', ')}]}\n`;
    for (const [text, phrase] of [
      [values, 'c.yaml has more than 100000 values'],
      [`tag: x\nwhere: ${'['.repeat(65)}${']'.repeat(65)}\n`, 'c.yaml has lists or mappings more than 64 deep'],
    ] as const) {
      expect(parse(text)).toMatchObject({ values: new Map(), readable: false });
      expect(problems(text)).toEqual([expect.stringContaining(`c.yaml:2 config: ${phrase}`)]);
    }
  });

  test('a list or a word is no mapping', () => {
    expect(parseConfigFile('- host\n', 'c.yaml', '/')).toBeUndefined();
    expect(parseConfigFile('host', 'c.yaml', '/')).toBeUndefined();
  });

  test('no text of a broken file gets into a problem', () => {
    const broken = [
      'access-key-secret: *s3cret',
      'access-key-secret: "s3cret',
      'access-key-secret: s3cret\n  s3cret: [',
      '%s3cret',
      '- s3cret',
      '@s3cret: 1',
    ];
    for (const text of broken) {
      const file = parseConfigFile(text, 'c.yaml', '/');
      expect(JSON.stringify(file?.problems ?? [])).not.toContain('s3cret');
    }
  });
});

describe('on disk', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'sls-syslog-file-'));
  });

  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  test.each([
    ['missing.yaml', 'missing.yaml does not exist'],
    ['.', '. is a directory'],
    ['binary.yaml', 'binary.yaml is not UTF-8 text'],
    ['list.yaml', 'list.yaml is not a mapping of keys to values'],
    ['large.yaml', 'large.yaml is larger than 1 MiB: this cannot be the file that is meant'],
    ['/dev/zero', '/dev/zero is larger than 1 MiB: this cannot be the file that is meant'],
  ])('%s', (name, phrase) => {
    writeFileSync(join(directory, 'binary.yaml'), Uint8Array.of(0x68, 0xff, 0xfe));
    writeFileSync(join(directory, 'list.yaml'), '- a\n');
    writeFileSync(join(directory, 'large.yaml'), `host: a\n${'#'.repeat(2 ** 20)}`);
    const file = readConfigFile(name, directory);
    expect(file.readable).toBe(false);
    expect(file.problems).toMatchObject([
      { message: `config: ${phrase}`, flag: '--config', variable: 'SLS_SYSLOG_CONFIG' },
    ]);
  });

  test('a file that cannot be read leaves open what is missing: only that is told', () => {
    const messages = problemsOf(
      { SYSLOG_HOST: undefined },
      { '--config': 'missing.yaml' },
      { workingDirectory: directory },
    );
    expect(messages.map((p) => p.message)).toEqual(['config: missing.yaml does not exist']);
  });

  test('paths in the file are relative to it, those of variables and flags to the working directory', () => {
    mkdirSync(join(directory, 'etc'), { recursive: true });
    writeFileSync(join(directory, 'etc/c.yaml'), 'proto: tls\nca: ca.pem\n');
    const message = (...args: Parameters<typeof load>) => problemsOf(...args)[0]?.message;
    const at = { workingDirectory: directory };
    expect(message({}, { '--config': 'etc/c.yaml' }, at)).toBe(
      `ca (from etc/c.yaml:2): ${join(directory, 'etc/ca.pem')} does not exist`,
    );
    expect(message({}, { '--config': 'etc/c.yaml', '--ca': 'ca.pem' }, at)).toBe(
      `ca (from --ca): ${join(directory, 'ca.pem')} does not exist`,
    );
    expect(problemsOf({}, { '--config': 'etc/c.yaml' }, at)[0]?.at).toBe('etc/c.yaml:2');
  });
});
