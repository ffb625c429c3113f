/** Reads the PEM files of a TLS connection and checks what can be checked before connecting. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type FileOutcome, readBytes } from './read-text-file.ts';

export const tlsFileKeys = ['ca', 'cert', 'key', 'crl'] as const;
export type TlsFileKey = (typeof tlsFileKeys)[number];

/** Absolute. */
export type TlsFilePaths = { readonly [Key in TlsFileKey]?: string };
export type TlsFiles = { readonly [Key in TlsFileKey]?: Buffer };

/** With where they are from. */
export interface TlsFilesGiven {
  readonly files: TlsFiles;
  readonly paths: TlsFilePaths;
}

export interface TlsFileProblem {
  readonly key: TlsFileKey;
  /** Continues the setting's name. */
  readonly phrase: string;
}

export interface TlsFilesOutcome {
  readonly files: TlsFiles;
  readonly problems: readonly TlsFileProblem[];
}

const certificatePattern =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/gs;
/** What `cat a.pem b.pem` makes of files without a last line break. OpenSSL would read only the first block. */
const gluedBlocks = /-----END [A-Z0-9 ]+----------BEGIN /;
const privateKeyPattern = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;

/**
 * A certificate file that holds its private key too needs no `key`.
 * @param passphrase of an encrypted key
 */
export function readTlsFiles(paths: TlsFilePaths, passphrase?: string): TlsFilesOutcome {
  const given = tlsFileKeys.flatMap((key) => (paths[key] === undefined ? [] : [[key, readBytes(paths[key])] as const]));
  return checkTlsFiles(paths, new Map(given), passphrase);
}

/**
 * Nothing of a file's content gets into a problem, nor of the passphrase.
 * @param read of each path
 */
export function checkTlsFiles(
  paths: TlsFilePaths,
  read: ReadonlyMap<TlsFileKey, FileOutcome>,
  passphrase?: string,
): TlsFilesOutcome {
  const problems: TlsFileProblem[] = [];
  const bytesOf = (key: TlsFileKey): Buffer | undefined => {
    const outcome = read.get(key);
    if (outcome === undefined) return undefined;
    if ('bytes' in outcome) return outcome.bytes;
    problems.push({ key, phrase: `: ${paths[key]} ${outcome.problem}` });
    return undefined;
  };
  const [ca, cert, keyBytes, crl] = [bytesOf('ca'), bytesOf('cert'), bytesOf('key'), bytesOf('crl')];

  const authorities = ca && certificatesOf('ca', paths.ca!, ca);
  const client = cert && certificatesOf('cert', paths.cert!, cert);
  problems.push(...(authorities?.problems ?? []), ...(client?.problems ?? []));
  if (authorities && crl) problems.push(...incompleteChain(paths.ca!, authorities.certificates));

  const keyInCert = cert !== undefined && paths.key === undefined && privateKeyPattern.test(cert.toString('latin1'));
  const key = keyInCert ? cert : keyBytes;
  if (cert && paths.key === undefined && !keyInCert) {
    problems.push({ key: 'key', phrase: ` is missing: ${paths.cert} holds a certificate, but not its private key` });
  }
  // A file that is damaged as a certificate has its problem already.
  if (key && !(keyInCert && client && client.problems.length > 0)) {
    const [settingKey, path] = keyInCert ? (['cert', paths.cert!] as const) : (['key', paths.key!] as const);
    const parsed = parsePrivateKey(key, passphrase);
    const leaf = client?.certificates[0];
    if (typeof parsed === 'string') problems.push({ key: settingKey, phrase: `: ${path} ${parsed}` });
    else if (leaf && !leaf.checkPrivateKey(parsed)) {
      problems.push({
        key: settingKey,
        phrase: `: ${path} is not the private key of the certificate in ${paths.cert}`,
      });
    }
  }
  return { files: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(crl && { crl }) }, problems };
}

/** Whether a certificate is revoked, OpenSSL asks of each one up to a self-signed one, and takes no end before that. */
function incompleteChain(path: string, authorities: readonly X509Certificate[]): readonly TlsFileProblem[] {
  const last = authorities.find((each) => !authorities.some((other) => each.checkIssued(other)));
  if (last === undefined) return [];
  const [subject, issuer] = [last.subject, last.issuer].map((name) => JSON.stringify(name.replaceAll('\n', ', ')));
  const phrase = `: ${path} holds ${subject}, but not ${issuer}, which issued it; with --crl the file has to go up to the self-signed authority`;
  return [{ key: 'ca', phrase }];
}

function certificatesOf(
  key: TlsFileKey,
  path: string,
  bytes: Buffer,
): { readonly certificates: readonly X509Certificate[]; readonly problems: readonly TlsFileProblem[] } {
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
  return { certificates: certificates.filter((each) => each !== undefined), problems };
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
function parsePrivateKey(pem: Buffer, passphrase: string | undefined): KeyObject | string {
  const text = pem.toString('latin1');
  if (!privateKeyPattern.test(text)) return 'is not PEM: it holds no private key';
  const isEncrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text);
  if (isEncrypted && passphrase === undefined) {
    return 'is encrypted; give its passphrase as SYSLOG_KEY_PASSPHRASE, or as key-passphrase in the configuration file';
  }
  try {
    return createPrivateKey({ key: pem, ...(isEncrypted && { passphrase }) });
  } catch {
    return isEncrypted
      ? 'is encrypted, and key-passphrase does not open it: the passphrase is wrong, the file is damaged, or it is encrypted in an outdated way (openssl pkcs8 -topk8 -v2 aes256 writes it anew)'
      : 'holds a private key that is damaged';
  }
}
