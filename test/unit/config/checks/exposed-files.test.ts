import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadReplayConfig } from '../../../../src/config/load.ts';
import { hidden } from '../../../../src/config/settings/setting.ts';
import { settingKeys, settings } from '../../../../src/config/settings/settings.ts';
import { flags, load, testSurroundings } from '../../../support/daemons/config.ts';
import { createAuthority, issue } from '../../../support/receivers/certificates.ts';

let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-exposed-'));
  chmodSync(directory, 0o755);
  const client = await issue(await createAuthority('ca'), { commonName: 'client' });
  file('client.pem', client.cert, 0o644);
  file('client-key.pem', client.key, 0o644);
  file('secret-key.pem', client.key, 0o600);
  file('name', 'web', 0o644);
  file('both.pem', `${client.cert}\n${client.key}`, 0o644);
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function file(name: string, text: string | Buffer, mode: number): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function warningsOf(text: string, mode: number, environment: Readonly<Record<string, string | undefined>> = {}) {
  const path = file('c.yaml', text, mode);
  return load({ SLS_AK_KEY: undefined, KEY: 'x', ...environment }, { '--config': path }).warnings;
}

const plain = 'access-key-secret: hunter2hunter2\n';

const hasModes = process.platform !== 'win32';
if (!hasModes) console.warn('skipped: on Windows modes do not say who may read a file');

describe.runIf(hasModes)('a file that every user may read is warned of', () => {
  test.each([
    ['a plain secret', plain, 'holds access-key-secret'],
    [
      "a key's passphrase",
      'access-key-secret: ${KEY}\nproto: tls\ncert: client.pem\nkey: secret-key.pem\nkey-passphrase: hunter2hunter2\n',
      'holds key-passphrase',
    ],
    ['two of them', `${plain}sources: {a: {sts-token: hunter2hunter2}}\n`, 'holds access-key-secret and sts-token'],
  ])('the configuration with %s', (_, text, phrase) => {
    const [warning, ...others] = warningsOf(text, 0o644);
    expect(warning).toContain(`c.yaml ${phrase}, and every user of this machine may read it (mode 0644): chmod o-r it`);
    expect(warning).not.toContain('hunter2');
    expect(others).toEqual([]);
  });

  test('the file that a secret is put in from, through the links of a Kubernetes volume', () => {
    mkdirSync(join(directory, '..data'));
    file('..data/ak-key', 'hunter2hunter2\n', 0o644);
    symlinkSync('..data/ak-key', join(directory, 'ak-key'));
    const text = 'access-key-secret: ${file:ak-key}\n';
    expect(warningsOf(text, 0o644)).toEqual([
      expect.stringMatching(/ak-key holds a secret, .*\(mode 0644\).*Kubernetes Secret: defaultMode: 0440/),
    ]);
    file('..data/ak-key', 'hunter2hunter2\n', 0o440);
    expect(warningsOf(text, 0o644)).toEqual([]);
  });

  test.each([
    ['its own file', 'cert: client.pem\nkey: client-key.pem\n', 'client-key.pem'],
    ["the certificate's file", 'cert: both.pem\n', 'both.pem'],
  ])('a private key in %s, for a replay too', (_, text, name) => {
    const expected = [
      expect.stringContaining(`${name} holds a private key, and every user of this machine may read it`),
    ];
    const all = `proto: tls\n${text}`;
    expect(warningsOf(all, 0o644, { SLS_AK_KEY: 'x' })).toEqual(expected);
    const surroundings = testSurroundings({ workingDirectory: directory });
    expect(loadReplayConfig(flags({ '--config': 'c.yaml' }), surroundings).warnings).toEqual(expected);
    chmodSync(join(directory, name), 0o640);
    expect(warningsOf(all, 0o644, { SLS_AK_KEY: 'x' })).toEqual([]);
    chmodSync(join(directory, name), 0o644);
  });
});

describe('nothing is said', () => {
  test.each([0o600, 0o640])('of mode %o', (mode) => {
    expect(warningsOf(plain, mode)).toEqual([]);
  });

  test('of a file in a directory that others may not enter', () => {
    chmodSync(directory, 0o750);
    expect(warningsOf(plain, 0o644)).toEqual([]);
    chmodSync(directory, 0o755);
  });

  test('of a file without a secret, or with the name of a variable', () => {
    expect(warningsOf('access-key-id: LTAI5tExampleKeyId\n', 0o644, { SLS_AK_KEY: 'x' })).toEqual([]);
    expect(warningsOf('access-key-secret: ${KEY}\n', 0o644, { KEY: 'hunter2hunter2' })).toEqual([]);
    expect(warningsOf('tag: ${file:name}\n', 0o644, { SLS_AK_KEY: 'x' })).toEqual([]);
  });
});

test('no setting is a secret by another mask, which would not be looked for', () => {
  const secrets = settingKeys.filter((key) => settings[key].mask?.('hunter2hunter2') === hidden());
  expect(secrets).toContain('accessKeySecret');
  expect(secrets.filter((key) => settings[key].mask !== hidden)).toEqual([]);
});
