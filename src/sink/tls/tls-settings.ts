/** From PEM buffers to what a TLS connection is made with; everything that can be wrong is found here, at start. */
import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, type SecureContextOptions } from 'node:tls';
import { ConfigError, type ConfigProblem } from '../../core/errors.ts';
import type { CheckPolicy } from './certificate-check.ts';
import { parseFingerprint } from './certificates.ts';
import { offerOptions, offerProblems } from './tls-offer.ts';
import type { ReceiverTlsOptions } from './tls-options.ts';

export interface TlsSettings {
  readonly connect: ConnectionOptions;
  readonly policy: CheckPolicy;
}

/** @throws ConfigError that names every problem */
export function createTlsSettings({ host, tls }: { host: string; tls: ReceiverTlsOptions }): TlsSettings {
  const problems = [
    ...offerProblems(tls).map(({ setting, phrase }) => ({ flag: `--${setting}`, message: `--${setting}${phrase}` })),
    ...caProblems(tls),
    ...clientProblems(tls),
    ...crlProblems(tls),
    ...fingerprintProblems(tls),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  const name = nameOf(tls.serverName ?? host);
  return {
    connect: {
      secureContext: createSecureContext(contextOptions(tls)),
      ...(isName(name) && { servername: name }),
      // Not a way around verification: `checkReceiver` does it, before the first byte is written, because it can
      // see the certificate that it complains about, knows fingerprints, and looks at resumed sessions too.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    },
    policy: {
      insecure: tls.insecure ?? false,
      fingerprints: new Set((tls.fingerprints ?? []).flatMap((each) => parseFingerprint(each) ?? [])),
      hasCa: tls.ca !== undefined,
      hasCrl: tls.crl !== undefined,
      name,
    },
  };
}

/** A host name in the form of certificates: without the dot that a full name may end in, and an address without its zone. */
function nameOf(host: string): string {
  return isIP(host) === 0 ? host.replace(/\.$/, '') : host.replace(/%.*$/, '');
}

/** RFC 6066, section 3: no address as server name. An IPv4 address may be written in parts: `127.1`, `0x7f000001`. */
function isName(name: string): boolean {
  return isIP(name) === 0 && !/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i.test(name);
}

function contextOptions(tls: ReceiverTlsOptions): SecureContextOptions {
  return {
    ...offerOptions(tls),
    // Node's client takes part in a renegotiation without a word, and the receiver could show another certificate in
    // it, which nobody checks. (Only TLS 1.2 has it; RFC 9325, section 3.5.)
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // An issuing authority alone is enough then. Not with revocation lists: OpenSSL ends the chain at the first authority
    // that is given, and looks for a list about that one too, which only the authority above it can have signed.
    allowPartialTrustChain: tls.crl === undefined,
    ...(tls.ca && { ca: tls.ca }),
    ...(tls.crl && { crl: splitCrls(tls.crl) }),
    ...(tls.cert && { cert: tls.cert }),
    ...(tls.key && { key: tls.key }),
    ...(tls.passphrase !== undefined && { passphrase: tls.passphrase }),
  };
}

/** Node reads one list of each text, and leaves the others out without a word. */
function splitCrls(pem: Buffer): string[] {
  return pem.toString('latin1').match(/-----BEGIN X509 CRL-----.*?-----END X509 CRL-----/gs) ?? [];
}

/** @returns a phrase that continues the file's name; undefined when all lists can be read */
export function crlFault(pem: Buffer): string | undefined {
  const lists = splitCrls(pem);
  if (lists.length === 0) {
    return 'has no revocation list: it has to be PEM ("BEGIN X509 CRL"); openssl crl -inform der converts a binary one';
  }
  const broken = lists.findIndex((crl) => !isReadableCrl(crl)) + 1;
  return broken > 0 ? `has a revocation list that is damaged: the ${broken}. of ${lists.length}` : undefined;
}

function isReadableCrl(crl: string): boolean {
  try {
    createSecureContext({ crl });
    return true;
  } catch {
    return false;
  }
}

function crlProblems({ crl }: ReceiverTlsOptions): ConfigProblem[] {
  const fault = crl && crlFault(crl);
  return fault === undefined ? [] : [{ flag: '--crl', message: `--crl ${fault}` }];
}

/** Node itself takes a file without any certificate for an empty list of authorities, and says nothing. */
function caProblems({ ca }: ReceiverTlsOptions): ConfigProblem[] {
  if (ca === undefined || readCertificate(ca) !== undefined) return [];
  return [{ flag: '--ca', message: '--ca has no readable certificate: it has to be PEM ("BEGIN CERTIFICATE")' }];
}

function clientProblems({ cert, key, passphrase }: ReceiverTlsOptions): ConfigProblem[] {
  if (cert === undefined && key === undefined) return [];
  if (cert === undefined) return [{ flag: '--cert', message: '--key is given without --cert; both belong together' }];
  if (key === undefined) return [{ flag: '--key', message: '--cert is given without --key; both belong together' }];
  const problems: ConfigProblem[] = [];
  const certificate = readCertificate(cert);
  const privateKey = readKey(key, passphrase);
  if (certificate === undefined) {
    problems.push({
      flag: '--cert',
      message: '--cert has no readable certificate: it has to be PEM ("BEGIN CERTIFICATE")',
    });
  }
  if (privateKey === undefined) {
    problems.push({
      flag: '--key',
      message: '--key cannot be read: it has to be a PEM private key, and its passphrase the right one',
    });
  }
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    problems.push({ flag: '--key', message: '--key does not belong to the certificate in --cert' });
  }
  return problems;
}

function fingerprintProblems({ fingerprints = [] }: ReceiverTlsOptions): ConfigProblem[] {
  return fingerprints
    .filter((each) => parseFingerprint(each) === undefined)
    .map((each) => ({
      flag: '--fingerprint',
      message: `--fingerprint ${each} is not a SHA-256 fingerprint: sha256: and 64 hex digits, with or without colons`,
    }));
}

function readCertificate(pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function readKey(pem: Buffer, passphrase: string | undefined): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    return undefined;
  }
}
