import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTlsFiles, type TlsFilePaths } from '../../../src/config/tls-files.ts';
import { createAuthority, type Identity, issue } from '../../support/certificates.ts';
import { load } from '../../support/config.ts';

let directory: string;
let ca: Buffer;
let client: Identity;
let other: Identity;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sls-syslog-tls-'));
  const authority = await createAuthority('a');
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

function problems(paths: TlsFilePaths): string[] {
  return readTlsFiles(paths).problems.map(({ key, phrase }) => `${key}${phrase.replaceAll(`${directory}/`, '')}`);
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

  test('a key that is another one, encrypted, damaged, or none', () => {
    const cert = file('cert.pem', client.cert);
    const phrase = (key: Buffer | string) => problems({ cert, key: file('key.pem', key) }).join('\n');
    const encrypted = createPrivateKey(client.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-128-cbc',
      passphrase: 'x',
    });
    expect(phrase(other.key)).toBe('key: key.pem is not the private key of the certificate in cert.pem');
    expect(phrase(encrypted)).toContain('key: key.pem is encrypted; remove the passphrase');
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
