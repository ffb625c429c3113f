import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settings } from '../../../../src/config/settings/settings.ts';
import { readTlsFiles, type TlsFilePaths } from '../../../../src/config/sources/tls-files.ts';
import { load, problemsOf } from '../../../support/daemons/config.ts';
import {
  type Authority,
  createAuthority,
  createIssuingAuthority,
  type Identity,
  issue,
  revocationList,
} from '../../../support/receivers/certificates.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let directory: string;
let authority: Authority;
let ca: Buffer;
let client: Identity;
let other: Identity;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-tls-'));
  authority = await createAuthority('a');
  ca = authority.pem;
  client = await issue(authority, { commonName: 'client' });
  other = await issue(authority, { commonName: 'other' });
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function file(name: string, content: Buffer | string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function problems(paths: TlsFilePaths, passphrase?: string): string[] {
  return readTlsFiles(paths, passphrase).problems.map(
    ({ key, phrase }) => `${key}${phrase.replaceAll(`${directory}/`, '')}`,
  );
}

function derOf(pem: Buffer): Buffer {
  return Buffer.from(pem.toString().replace(/-----[^-]+-----|\s/g, ''), 'base64');
}

describe('good files', () => {
  test('are handed on as they are', () => {
    const paths = { ca: file('ca.pem', ca), cert: file('cert.pem', client.cert), key: file('key.pem', client.key) };
    expect(readTlsFiles(paths)).toEqual({ files: { ca, cert: client.cert, key: client.key }, problems: [] });
  });

  test('several authorities in a file, with text between', () => {
    expect(problems({ ca: file('ca.pem', `Corp\n${ca}\nnotes\n${client.cert}`) })).toEqual([]);
  });

  test('a certificate with its intermediates and its key in one file', () => {
    const both = Buffer.from([client.cert, ca, client.key].join('\n'));
    const { files, problems } = readTlsFiles({ cert: file('both.pem', both) });
    expect(problems).toEqual([]);
    expect(files).toEqual({ cert: both, key: both });
  });

  test('reach the configuration', () => {
    const paths = {
      '--ca': file('ca.pem', ca),
      '--cert': file('cert.pem', client.cert),
      '--key': file('key.pem', client.key),
    };
    const { config, effective } = load({ SYSLOG_PROTO: 'tls' }, { ...paths, '--server-name': 'siem' });
    expect(config.receiver.tls).toEqual({
      ca,
      cert: client.cert,
      key: client.key,
      paths: { ca: paths['--ca'], cert: paths['--cert'], key: paths['--key'] },
      minVersion: 'TLSv1.2',
      serverName: 'siem',
      fingerprints: [],
      insecure: false,
    });
    expect(effective.receiver).toMatchObject({ ca: paths['--ca'], key: paths['--key'] });
  });
});

describe('bad files', () => {
  test('that are not there, or no file', () => {
    expect(problems({ ca: join(directory, 'none.pem'), cert: directory, key: join(directory, 'none.key') })).toEqual([
      'ca: none.pem does not exist',
      `cert: ${directory} is a directory`,
      'key: none.key does not exist',
    ]);
  });

  test('that hold something else', () => {
    const phrase = (content: Buffer | string) => problems({ ca: file('x.pem', content) })[0]?.replace('ca: x.pem ', '');
    expect(phrase('')).toBe('is empty');
    expect(phrase('hello')).toBe('is not PEM: it holds no certificate');
    expect(phrase(client.key)).toBe('holds a private key, but no certificate');
    expect(phrase(derOf(client.cert))).toContain('is binary (DER or PKCS #12)');
    expect(phrase(client.cert.subarray(0, 200))).toBe('is cut off: the certificate has no end');
    expect(phrase(client.cert.toString().replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'))).toBe(
      'ca: certificate 1 of 1 in x.pem is damaged',
    );
    expect(phrase('-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n')).toContain(
      'certificate request',
    );
  });

  test('a key that is another one, damaged, or none', () => {
    const cert = file('cert.pem', client.cert);
    const phrase = (key: Buffer | string) => problems({ cert, key: file('key.pem', key) }).join('\n');
    expect(phrase(other.key)).toBe('key: key.pem is not the private key of the certificate in cert.pem');
    expect(phrase(client.cert)).toBe('key: key.pem is not PEM: it holds no private key');
    expect(phrase('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n')).toBe(
      'key: key.pem holds a private key that is damaged',
    );
  });

  test('a certificate without its key, or with another one in the same file', () => {
    expect(problems({ cert: file('cert.pem', client.cert) })).toEqual([
      'key is missing: cert.pem holds a certificate, but not its private key',
    ]);
    expect(problems({ cert: file('both.pem', `${client.cert}\n${other.key}`) })).toEqual([
      'cert: both.pem is not the private key of the certificate in both.pem',
    ]);
  });

  test('blocks without a line break between them', () => {
    const glued = file('glued.pem', `${client.cert.toString().trim()}${ca.toString().trim()}`);
    expect(problems({ ca: glued })).toEqual([
      'ca: glued.pem has an END and a BEGIN on one line; a line break is missing between them',
    ]);
  });

  test('a path through a file', () => {
    expect(problems({ ca: join(file('plain', 'x'), 'ca.pem') })).toEqual([
      'ca: plain/ca.pem lies in something that is not a directory',
    ]);
  });
});

describe('an encrypted key', () => {
  const passphrase = 'correct horse; battery=staple';
  // PKCS #8, and the form of OpenSSL's own that `openssl genrsa -aes128` wrote up to 1.1.1.
  const pkcs8 = () =>
    createPrivateKey(client.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  const sec1 = () =>
    createPrivateKey(client.key).export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase });

  test.each([
    ['PKCS #8', pkcs8],
    ['SEC 1', sec1],
  ])('is opened by its passphrase, %s', (_, encrypted) => {
    const cert = file('cert.pem', client.cert);
    expect(problems({ cert, key: file('key.pem', encrypted()) }, passphrase)).toEqual([]);
    const both = file('both.pem', `${client.cert}\n${encrypted()}`);
    expect(problems({ cert: both }, passphrase)).toEqual([]);
  });

  test('says which setting is missing, or that the passphrase does not open it', () => {
    const paths = { cert: file('cert.pem', client.cert), key: file('key.pem', pkcs8()) };
    expect(problems(paths)).toEqual([
      'key: key.pem is encrypted; give its passphrase as SYSLOG_KEY_PASSPHRASE, or as key-passphrase in the configuration file',
    ]);
    expect(problems(paths, 'wrong')).toEqual([
      expect.stringMatching(/^key: key.pem is encrypted, and key-passphrase does/),
    ]);
    const foreign = { ...paths, cert: file('cert.pem', other.cert) };
    expect(problems(foreign, passphrase)).toEqual([expect.stringMatching(/is not the private key of/)]);
  });

  test('and its passphrase reach the sink, and nobody else', () => {
    const given = { '--cert': file('cert.pem', client.cert), '--key': file('key.pem', pkcs8()) };
    const loaded = load({ SYSLOG_PROTO: 'tls', SYSLOG_KEY_PASSPHRASE: passphrase }, given);
    expect(loaded.config.receiver.tls).toMatchObject({ passphrase });
    expect(loaded.effective.receiver).toMatchObject({ keyPassphrase: '[redacted]' });
    expect(JSON.stringify([loaded.effective, loaded.warnings, loaded.explain()])).not.toContain('staple');
    const refused = problemsOf({ SYSLOG_PROTO: 'tls', SYSLOG_KEY_PASSPHRASE: 'staple' }, given);
    expect(JSON.stringify(refused)).not.toContain('staple');
  });

  test('has no flag, and no meaning without a certificate', () => {
    expect(settings.keyPassphrase.noFlag).toBe(true);
    expect(problemsOf({ SYSLOG_PROTO: 'tls', SYSLOG_KEY_PASSPHRASE: 'x' })[0]?.message).toMatch(
      /^key-passphrase \(from SYSLOG_KEY_PASSPHRASE\) has no meaning without --cert and --key/,
    );
  });
});

describe('revocation lists', () => {
  const tls = { SYSLOG_PROTO: 'tls' };

  test('are read, and those that are damaged are told', async () => {
    const list = await revocationList(authority);
    const given = { '--ca': file('ca.pem', ca), '--crl': file('crl.pem', list) };
    expect(load(tls, given).config.receiver.tls).toMatchObject({ crl: list, paths: { crl: given['--crl'] } });
    const damaged = Buffer.from(list.toString().replace(/\n.{30}/, `\n${'A'.repeat(30)}`));
    const phrase = (crl: Buffer) =>
      problemsOf(tls, { ...given, '--crl': file('bad.pem', Buffer.concat([list, crl])) })[0]?.message;
    expect(phrase(damaged)).toMatch(
      /^crl \(from --crl\): .*bad\.pem has a revocation list that is damaged: the 2. of 2/,
    );
    expect(problemsOf(tls, { ...given, '--crl': file('no.pem', 'hello') })[0]?.message).toMatch(
      /has no revocation list/,
    );
    expect(problemsOf(tls, { ...given, '--crl': join(directory, 'none.pem') })[0]?.message).toMatch(/does not exist/);
  });

  test('ask for the authorities up to a self-signed one', async () => {
    const issuing = await createIssuingAuthority(authority, 'issuing');
    const crl = file('crl.pem', await revocationList(issuing));
    expect(problems({ ca: file('ca.pem', issuing.pem), crl })).toEqual([
      'ca: ca.pem holds "CN=issuing, O=sls-syslog tests", but not "CN=a, O=sls-syslog tests", which issued it; with --crl the file has to go up to the self-signed authority',
    ]);
    expect(problems({ ca: file('ca.pem', `${issuing.pem}\n${ca}`), crl })).toEqual([]);
    expect(problems({ ca: file('ca.pem', issuing.pem) })).toEqual([]);
  });

  test('have no meaning where no chain is verified', async () => {
    const given = { '--crl': file('crl.pem', await revocationList(authority)) };
    const pin = { ...given, '--fingerprint': client.fingerprint };
    expect(problemsOf(tls, pin)[0]?.message).toMatch(/has no meaning with --fingerprint alone/);
    expect(problemsOf({ ...tls, SYSLOG_INSECURE: 'true' }, pin)[0]?.message).toMatch(/has no meaning with --insecure/);
    load(tls, { ...pin, '--ca': file('ca.pem', ca) });
  });
});

describe('versions and ciphers', () => {
  const tls = { SYSLOG_PROTO: 'tls' };

  test('reach the sink', () => {
    const given = { '--tls-min-version': '1.3', '--tls-ciphers': 'TLS_AES_256_GCM_SHA384' };
    expect(load(tls, given).config.receiver.tls).toMatchObject({
      minVersion: 'TLSv1.3',
      ciphers: 'TLS_AES_256_GCM_SHA384',
    });
  });

  test.each([
    ['ECDHE-RSA-AES256-GCM-SHA384:TYPO', /tls-ciphers .*: "TYPO" is no cipher that this Node's OpenSSL knows/],
    ['TLS_RSA_WITH_AES_128_CBC_SHA', /is a name of the IANA registry/],
    ['NULL', /nothing is left of the list that may be offered/],
    ['!aNULL', /nothing is left/],
  ])('of ciphers, %s is a problem', (ciphers, message) => {
    expect(problemsOf(tls, { '--tls-ciphers': ciphers })[0]?.message).toMatch(message);
  });

  test.each([
    ['AES128-SHA', true],
    ['HIGH:!aNULL', true],
    ['ECDHE+AESGCM', false],
    ['ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305', false],
    ['TLS_AES_128_GCM_SHA256', false],
  ])('of ciphers, %s is warned of: %s', (ciphers, isWeak) => {
    const { warnings } = load(tls, { '--tls-ciphers': ciphers });
    expect(warnings.filter((each) => each.includes('without forward secrecy'))).toHaveLength(isWeak ? 1 : 0);
  });

  test('have no meaning with another transport', () => {
    const given = { '--tls-min-version': '1.3', '--tls-ciphers': 'HIGH', '--crl': 'x' };
    const messages = problemsOf({ SYSLOG_KEY_PASSPHRASE: 'x' }, given).map(({ message }) => message);
    expect(messages).toHaveLength(4);
    for (const message of messages) expect(message).toMatch(/has no meaning with --proto tcp/);
  });
});

describe('our own certificate', () => {
  const dated = async (fromDays: number, toDays: number) => {
    const at = (days: number) => new Date(Date.now() + days * DAY_MS);
    const { cert, key } = await issue(authority, { commonName: 'c', notBefore: at(fromDays), notAfter: at(toDays) });
    return load({ SYSLOG_PROTO: 'tls' }, { '--cert': file('cert.pem', cert), '--key': file('key.pem', key) });
  };

  test('is warned of from 30 days before its end, and outdated behind that, or before it begins', async () => {
    expect(await dated(-1, 30.1)).toMatchObject({ warnings: [], outdated: [] });
    const soon = await dated(-1, 10.5);
    expect(soon.warnings).toEqual([expect.stringMatching(/^cert \(from --cert\): .*cert.pem expires in 10 days, at /)]);
    expect(soon.outdated).toEqual([]);
    const old = await dated(-10, -1);
    expect(old.warnings).toEqual([expect.stringMatching(/cert.pem expired at .*; renew it/)]);
    expect(old.outdated).toMatchObject([{ flag: '--cert', message: old.warnings[0] }]);
    expect((await dated(1, 10)).outdated).toMatchObject([{ message: expect.stringMatching(/is not valid before/) }]);
  });
});
