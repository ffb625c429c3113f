/** Certificates made while a test runs; no key is ever in a file of the repository. */
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const DAY_MS = 24 * 60 * 60 * 1000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

x509.cryptoProvider.set(webcrypto);

export interface Authority {
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly pem: Buffer;
}

export interface Identity {
  /** PEM */
  readonly cert: Buffer;
  /** PEM, PKCS #8 */
  readonly key: Buffer;
  /** SHA-256, `AB:CD:…` */
  readonly fingerprint: string;
  /** Hexadecimal. */
  readonly serial: string;
}

export interface IdentityOptions {
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Default: an elliptic curve's. */
  readonly keyType?: 'rsa';
}

export async function createAuthority(name: string): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}, O=sls-syslog tests`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 3650 * DAY_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return { name: certificate.subject, keys, pem: Buffer.from(certificate.toString('pem')) };
}

/** An authority whose certificate another has issued. */
export async function createIssuingAuthority(above: Authority, name: string): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${name}, O=sls-syslog tests`,
    issuer: above.name,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 3650 * DAY_MS),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: above.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return { name: certificate.subject, keys, pem: Buffer.from(certificate.toString('pem')) };
}

/** What the authority says is revoked. PEM. @param nextUpdate until when the list is good; default: a week */
export async function revocationList(
  authority: Authority,
  revoked: readonly Identity[] = [],
  nextUpdate = new Date(Date.now() + 7 * DAY_MS),
): Promise<Buffer> {
  const list = await x509.X509CrlGenerator.create({
    issuer: authority.name,
    thisUpdate: new Date(Math.min(Date.now(), nextUpdate.getTime()) - DAY_MS),
    nextUpdate,
    entries: revoked.map(({ serial }) => ({ serialNumber: serial, revocationDate: new Date(Date.now() - DAY_MS) })),
    signingAlgorithm: algorithm,
    signingKey: authority.keys.privateKey,
  });
  // As OpenSSL calls it in PEM; the library has a name of its own.
  return pemOf('X509 CRL', Buffer.from(list.rawData));
}

/** A certificate for a server or a client, issued by the authority. */
export async function issue(authority: Authority, options: IdentityOptions): Promise<Identity> {
  const keys = await generateKeys(options.keyType === 'rsa' ? rsa : algorithm);
  const names: x509.JsonGeneralNames = [
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${options.commonName}, O=sls-syslog tests`,
    issuer: authority.name,
    notBefore: options.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: options.notAfter ?? new Date(Date.now() + 365 * DAY_MS),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  const digest = Buffer.from(await certificate.getThumbprint({ name: 'SHA-256' }));
  return {
    cert: Buffer.from(certificate.toString('pem')),
    key: await exportKey(keys.privateKey),
    serial: certificate.serialNumber,
    fingerprint: digest.toString('hex').toUpperCase().match(/../g)!.join(':'),
  };
}

async function generateKeys(of: typeof algorithm | typeof rsa = algorithm): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(of, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<Buffer> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return pemOf('PRIVATE KEY', der);
}

function pemOf(label: string, der: Buffer): Buffer {
  const lines = der.toString('base64').match(/.{1,64}/g)!;
  return Buffer.from(`-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`);
}

/** Positive, and never twice. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(12));
  return `01${Buffer.from(bytes).toString('hex')}`;
}
