/** Reads the PEM files of a TLS connection and checks what can be checked before connecting. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readBytes } from './read-text-file.ts';

export type TlsFileKey = 'ca' | 'cert' | 'key';

export interface TlsFilePaths {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface TlsFileProblem {
  readonly key: TlsFileKey;
  /** Continues the setting's name. */
  readonly phrase: string;
}

const certificatePattern =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/gs;
/** What `cat a.pem b.pem` makes of files without a last line break. OpenSSL would read only the first block. */
const gluedBlocks = /-----END [A-Z0-9 ]+----------BEGIN /;
const privateKeyPattern = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;

/**
 * The paths are absolute. A certificate file that holds its private key too needs no `key`.
 * Nothing of a file's content gets into a problem.
 */
export function readTlsFiles(paths: TlsFilePaths): {
  readonly files: TlsFiles;
  readonly problems: readonly TlsFileProblem[];
} {
  const problems: TlsFileProblem[] = [];
  const read = (key: TlsFileKey, path: string | undefined): Buffer | undefined => {
    if (path === undefined) return undefined;
    const outcome = readBytes(path);
    if ('bytes' in outcome) return outcome.bytes;
    problems.push({ key, phrase: `: ${path} ${outcome.problem}` });
    return undefined;
  };
  const ca = read('ca', paths.ca);
  const cert = read('cert', paths.cert);
  const keyBytes = read('key', paths.key);

  if (ca) problems.push(...certificatesOf('ca', paths.ca!, ca).problems);
  const client = cert && certificatesOf('cert', paths.cert!, cert);
  if (client) problems.push(...client.problems);

  const keyInCert = cert !== undefined && paths.key === undefined && privateKeyPattern.test(cert.toString('latin1'));
  const key = keyInCert ? cert : keyBytes;
  if (cert && paths.key === undefined && !keyInCert) {
    problems.push({ key: 'key', phrase: ` is missing: ${paths.cert} holds a certificate, but not its private key` });
  }
  // A file that is damaged as a certificate has its problem already.
  if (key && !(keyInCert && client && client.problems.length > 0)) {
    const [settingKey, path] = keyInCert ? (['cert', paths.cert!] as const) : (['key', paths.key!] as const);
    const parsed = parsePrivateKey(key);
    if (typeof parsed === 'string') problems.push({ key: settingKey, phrase: `: ${path} ${parsed}` });
    else if (client?.leaf && !client.leaf.checkPrivateKey(parsed)) {
      problems.push({
        key: settingKey,
        phrase: `: ${path} is not the private key of the certificate in ${paths.cert}`,
      });
    }
  }
  return { files: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }, problems };
}

function certificatesOf(
  key: TlsFileKey,
  path: string,
  bytes: Buffer,
): { readonly leaf: X509Certificate | undefined; readonly problems: readonly TlsFileProblem[] } {
  const blocks = bytes.toString('latin1').match(certificatePattern) ?? [];
  const certificates = blocks.map(parseCertificate);
  const broken = certificates.indexOf(undefined) + 1;
  const problems: TlsFileProblem[] = [];
  if (gluedBlocks.test(bytes.toString('latin1'))) {
    problems.push({
      key,
      phrase: `: ${path} has an END and a BEGIN on one line; a line break is missing between them`,
    });
  } else if (blocks.length === 0) problems.push({ key, phrase: `: ${path} ${withoutCertificate(bytes)}` });
  else if (broken > 0)
    problems.push({ key, phrase: `: certificate ${broken} of ${blocks.length} in ${path} is damaged` });
  return { leaf: certificates[0], problems };
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function withoutCertificate(bytes: Buffer): string {
  if (bytes.length === 0) return 'is empty';
  const text = bytes.toString('latin1');
  if (text.includes('-----BEGIN CERTIFICATE REQUEST'))
    return 'holds a certificate request, not the certificate made of it';
  if (privateKeyPattern.test(text)) return 'holds a private key, but no certificate';
  // Every DER certificate, and every PKCS #12 file, is an ASN.1 SEQUENCE with a long length.
  if (bytes[0] === 0x30 && bytes[1]! >= 0x80) {
    return 'is binary (DER or PKCS #12), not PEM; convert it with openssl x509 -inform der, or openssl pkcs12';
  }
  return text.includes('-----BEGIN CERTIFICATE')
    ? 'is cut off: the certificate has no end'
    : 'is not PEM: it holds no certificate';
}

/** @returns the key, or what is wrong with it */
function parsePrivateKey(pem: Buffer): KeyObject | string {
  const text = pem.toString('latin1');
  if (!privateKeyPattern.test(text)) return 'is not PEM: it holds no private key';
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return 'is encrypted; remove the passphrase with openssl pkey, and guard the file by its permissions';
  }
  try {
    return createPrivateKey(pem);
  } catch {
    return 'holds a private key that is damaged';
  }
}
