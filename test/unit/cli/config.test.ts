import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { presetNames } from '../../../src/config/settings/presets.ts';
import { requiredEnvironment, testSurroundings } from '../../support/daemons/config.ts';
import { createFakeContext, createFakeDaemon } from '../../support/daemons/fake-daemon.ts';
import { createAuthority, issue } from '../../support/receivers/certificates.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-config-command-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function run(args: readonly string[], environment: Readonly<Record<string, string | undefined>> = {}) {
  const context = {
    ...createFakeContext(createFakeDaemon().create, environment),
    surroundings: testSurroundings({
      environment: { ...requiredEnvironment, ...environment },
      workingDirectory: directory,
    }),
  };
  const out: string[] = [];
  const exitCode = await runProgram(['config', ...args], { ...context, writeOut: (text) => out.push(text) });
  return { exitCode, out: out.join(''), error: context.error() };
}

function file(text: string): string {
  writeFileSync(join(directory, 'c.yaml'), text);
  return 'c.yaml';
}

const pipelines = `
sources: {a: {project: shop, logstore: access}, b: {project: shop, logstore: error}, c: {project: shop, logstore: x1}}
receivers: {siem: {preset: qradar}, archive: {host: other.corp, proto: udp}}
pipelines: [{name: all, from: [a, b], to: [siem, {receiver: archive, required: false}], tag: "\${APP}"}]
`;

describe('check', () => {
  test('says how much is fine, and warns', async () => {
    expect(await run(['check'])).toEqual({ exitCode: 0, out: '1 source, 1 receiver, 1 pipeline: fine\n', error: '' });
    const { exitCode, out, error } = await run(['check', file(pipelines)], { APP: 'web' });
    expect([exitCode, out]).toEqual([0, '2 sources, 2 receivers, 1 pipeline: fine\n']);
    expect(error).toContain('warning: sources.c (c.yaml:2) is in no pipeline');
  });

  test('fails over a client certificate that has expired, and warns of one that soon will', async () => {
    const authority = await createAuthority('a');
    const checked = async (days: number) => {
      const notBefore = new Date(Date.now() - 100 * DAY_MS);
      const notAfter = new Date(Date.now() + days * DAY_MS);
      const { cert, key } = await issue(authority, { commonName: 'c', notBefore, notAfter });
      writeFileSync(join(directory, 'client.pem'), `${cert}\n${key}`);
      return run(['check', file('proto: tls\ncert: client.pem\n')]);
    };
    const expired = await checked(-2);
    expect([expired.exitCode, expired.out]).toEqual([2, '']);
    expect(expired.error).toMatch(/cert \(from c\.yaml:2\): .*client\.pem expired at .*; renew it/);
    const soon = await checked(7.5);
    expect([soon.exitCode, soon.out]).toEqual([0, '1 source, 1 receiver, 1 pipeline: fine\n']);
    expect(soon.error).toMatch(/^warning: cert \(from c\.yaml:2\): .*client\.pem expires in 7 days/);
  });

  test('says every problem with file, line, path and a suggestion', async () => {
    const { exitCode, out, error } = await run([
      'check',
      file('port: 99999\nhots: a\nrules:\n  - when:\n      feld: a\n    severity: err\nformat: josn\n'),
    ]);
    expect([exitCode, out]).toEqual([2, '']);
    for (const expected of [
      'unknown key "hots"; did you mean "host"?\n      c.yaml:2',
      'port (from c.yaml:1): "99999" is not a port',
      '"josn" is none of kv, json, cef, leef, sd, raw, template, module; did you mean "json"?',
      'rules[0].when (from c.yaml:5) has the unknown key "feld"; did you mean "field"?',
    ]) {
      expect(error).toContain(expected);
    }
    expect(error).toContain('4 problems');
  });

  test('the file also as --config, not both; flags count too', async () => {
    const path = file('port: 1\n');
    expect((await run(['check', '--config', path])).exitCode).toBe(0);
    expect((await run(['check', path, '--config', path])).error).toContain('there is a file and --config');
    expect((await run(['check', path, '--port', 'x'])).error).toContain('port (from --port): "x" is not a port');
    expect((await run(['check', 'missing.yaml'])).error).toContain('missing.yaml does not exist');
    expect((await run(['check', path, 'another.yaml'])).exitCode).toBe(2);
  });
});

describe('show', () => {
  test('each value with its origin, secrets masked', async () => {
    const { exitCode, out, error } = await run(
      ['show', file('tag: "${APP}"\nport: 1514\npreset: rsyslog\n'), '--severity', 'err'],
      { APP: 'a-secret-name', SLS_STS_TOKEN: 'hunter2hunter2' },
    );
    expect([exitCode, error]).toEqual([0, '']);
    for (const line of [
      /^Service$/m,
      /^ {2}project +web-logs +SLS_PROJECT$/m,
      /^ {2}access-key-secret +\[redacted\] +SLS_AK_KEY$/m,
      /^ {2}access-key-id +LTAI… +SLS_AK_ID$/m,
      /^ {2}region +cn-hangzhou +derived$/m,
      /^ {2}severity +err +--severity$/m,
      /^ {2}tag +\$\{APP\} +c\.yaml:1$/m,
      /^ {2}port +1514 +c\.yaml:2$/m,
      /^ {2}max-message-bytes +8KiB +preset rsyslog over tcp; https:\/\/www\.rsyslog\.com\/doc\/global\.html: .+$/m,
      /^ {2}facility +user +default$/m,
    ]) {
      expect(out).toMatch(line);
    }
    expect(out).not.toMatch(/hunter2|a-secret-name/);
  });

  test('which cell of a preset was taken, whence it is, and what nobody has verified', async () => {
    const { out } = await run(['show', '--preset', 'splunk-sc4s', '--proto', 'tls']);
    const plugin = 'https://github\\.com/splunk/.*/source_syslog/plugin\\.jinja';
    for (const line of [
      '^  port +6514 +preset splunk-sc4s over tls; https://github\\.com/splunk/',
      `^  framing +lf +preset splunk-sc4s over tls; ${plugin}: network\\(\\)$`,
      `^  allow-lf-over-tls +true +preset splunk-sc4s over tls; ${plugin}`,
      '^  max-message-bytes +64KiB +preset splunk-sc4s over tls; .*log_msg_size\\(65536\\)$',
    ]) {
      expect(out).toMatch(new RegExp(line, 'm'));
    }
    const json = JSON.parse((await run(['show', '--json', '--preset', 'qradar', '--framing', 'lf'])).out);
    expect(json.receivers.default).toMatchObject({
      port: { value: '514', origin: 'preset qradar over tcp', note: expect.stringMatching(/^not verified: /) },
      framing: { value: 'lf', origin: '--framing' },
    });
    expect(json.receivers.default.framing).not.toHaveProperty('note');
  });

  test('of sources, receivers and pipelines, each once', async () => {
    const { out } = await run(['show', file(pipelines)], { APP: 'web' });
    expect(out.match(/^\S.*$/gm)).toEqual([
      'sources.a',
      'sources.b',
      'receivers.siem',
      'receivers.archive',
      'pipeline all: a → siem',
      'pipeline all: a → archive, not required',
      'pipeline all: b → siem',
      'pipeline all: b → archive, not required',
      'the whole process',
    ]);
    expect(out).toMatch(/^sources\.a\n(?: {2}.*\n)* {2}group +siem +SLS_CG$/m);
    expect(out).toMatch(/→ archive, not required\n(?: {2}.*\n)* {2}group +siem-archive +SLS_CG$/m);
    expect(out).toMatch(/→ siem\n(?: {2}(?!group).*\n)*\n/m);
  });

  test('as JSON', async () => {
    const { out } = await run([
      'show',
      '--json',
      '--where',
      '{field: a, in: [b]}',
      '--fingerprint',
      'ab'.repeat(32),
      '--proto',
      'tls',
    ]);
    expect(JSON.parse(out)).toMatchObject({
      sources: { default: { 'access-key-secret': { value: '[redacted]', origin: 'SLS_AK_KEY' } } },
      receivers: { default: { fingerprint: { value: ['ab'.repeat(32)], origin: '--fingerprint' } } },
      pipelines: [
        {
          pipeline: 'default',
          source: 'default',
          receiver: 'default',
          required: true,
          settings: { where: { value: { field: 'a', in: ['b'] }, origin: '--where' } },
        },
      ],
      process: { 'log-level': { value: 'info', origin: 'default' } },
    });
    const several = JSON.parse((await run(['show', '--json', file(pipelines)], { APP: 'web' })).out);
    expect(Object.keys(several)).toEqual(['sources', 'receivers', 'pipelines', 'process']);
    expect(several).toMatchObject({
      sources: { a: { group: { value: 'siem' } }, b: {} },
      receivers: { siem: { framing: { value: 'lf', origin: 'preset qradar over tcp' } }, archive: {} },
      pipelines: [
        { source: 'a', receiver: 'siem', required: true, settings: { format: { value: 'leef' } } },
        { source: 'a', receiver: 'archive', required: false, settings: { group: { value: 'siem-archive' } } },
        { source: 'b' },
        { source: 'b' },
      ],
    });
  });

  test('a configuration that is wrong is told, and not shown', async () => {
    const { exitCode, out, error } = await run(['show', '--port', 'x']);
    expect([exitCode, out]).toEqual([2, '']);
    expect(error).toContain('"x" is not a port');
  });
});

describe('init', () => {
  test.each([undefined, ...presetNames])(
    'preset %s: is refused until it is filled in, and then accepted',
    async (preset) => {
      const path = `${preset ?? 'plain'}.yaml`;
      const written = await run(['init', path, ...(preset ? ['--preset', preset] : [])]);
      expect(written).toMatchObject({ exitCode: 0, error: '' });
      expect(statSync(join(directory, path)).mode & 0o077).toBe(0);
      const bare = Object.fromEntries(Object.keys(requiredEnvironment).map((name) => [name, undefined]));
      const environment = { ...bare, SLS_AK_ID: 'id', SLS_AK_KEY: 'key' };
      const empty = await run(['check', path], environment);
      expect(empty.exitCode).toBe(2);
      expect(empty.error).toContain('5 problems');
      const values: Record<string, string> = {
        '<endpoint>': 'cn-hangzhou.log.aliyuncs.com',
        '<project>': 'shop',
        '<logstore>': 'access',
        '<consumer-group>': 'siem',
        '<host>': 'siem.corp',
      };
      const text = readFileSync(join(directory, path), 'utf8');
      writeFileSync(
        join(directory, path),
        text.replace(/<[a-z-]+>/g, (name) => values[name] ?? name),
      );
      expect(await run(['check', path], environment)).toEqual({
        exitCode: 0,
        out: '1 source, 1 receiver, 1 pipeline: fine\n',
        error: '',
      });
      // What it offers in comments can be taken as it is.
      const offered = text
        .replace(/<[a-z-]+>/g, (name) => values[name] ?? name)
        .replace(/^#((?!proto|ca|preset|format)[a-z-]+:)/gm, '$1');
      writeFileSync(join(directory, path), offered);
      expect(await run(['check', path], environment)).toMatchObject({ exitCode: 0, error: '' });
    },
  );

  test('leaves a file that is there as it is, and writes to the output for -', async () => {
    writeFileSync(join(directory, 'mine.yaml'), 'mine');
    const { exitCode, error } = await run(['init', 'mine.yaml']);
    expect([exitCode, error]).toEqual([2, expect.stringContaining('mine.yaml is there already')]);
    expect(readFileSync(join(directory, 'mine.yaml'), 'utf8')).toBe('mine');
    expect((await run(['init', '-', '--preset', 'qradar'])).out).toContain('preset: qradar');
    expect((await run(['init', 'no/such/c.yaml'])).error).toContain('its directory does not exist');
    expect((await run(['init', '-', '--preset', 'qradr'])).exitCode).toBe(2);
  });
});

test('schema prints JSON', async () => {
  const { exitCode, out } = await run(['schema']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
});
