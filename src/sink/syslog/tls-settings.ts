/** From PEM buffers to what a TLS connection is made with; everything that can be wrong is found here, at start. */
import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, type SecureContextOptions } from 'node:tls';
import { ConfigError, type ConfigProblem } from '../../errors.ts';
import type { CheckPolicy } from './certificate-check.ts';
import { parseFingerprint } from './certificates.ts';
import type { ResolvedOptions, SyslogTlsOptions } from './options.ts';

export interface TlsSettings {
  readonly connect: ConnectionOptions;
  readonly policy: CheckPolicy;
}

/** @throws ConfigError that names every problem */
export function createTlsSettings({ host, tls }: Pick<ResolvedOptions, 'host' | 'tls'>): TlsSettings {
  const problems = [...caProblems(tls), ...clientProblems(tls), ...fingerprintProblems(tls)];
  if (problems.length > 0) throw new ConfigError(problems);
  const name = tls.serverName ?? host;
  return {
    connect: {
      secureContext: createSecureContext(contextOptions(tls)),
      // RFC 6066: no IP address as server name.
      ...(isIP(name) === 0 && { servername: name }),
      // Not a way around verification: `checkReceiver` does it, before the first byte is written, because it can
      // see the certificate that it complains about, knows fingerprints, and looks at resumed sessions too.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    },
    policy: {
      insecure: tls.insecure ?? false,
      fingerprints: new Set((tls.fingerprints ?? []).flatMap((each) => parseFingerprint(each) ?? [])),
      hasCa: tls.ca !== undefined,
      name,
    },
  };
}

function contextOptions(tls: SyslogTlsOptions): SecureContextOptions {
  return {
    minVersion: 'TLSv1.2',
    // Node's client takes part in a renegotiation without a word, and the receiver could show another certificate in
    // it, which nobody checks. (Only TLS 1.2 has it; RFC 9325, section 3.5.)
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(tls.ca && { ca: tls.ca }),
    ...(tls.cert && { cert: tls.cert }),
    ...(tls.key && { key: tls.key }),
    ...(tls.passphrase !== undefined && { passphrase: tls.passphrase }),
  };
}

/** Node itself takes a file without any certificate for an empty list of authorities, and says nothing. */
function caProblems({ ca }: SyslogTlsOptions): ConfigProblem[] {
  if (ca === undefined || readCertificate(ca) !== undefined) return [];
  return [{ flag: '--ca', message: '--ca has no readable certificate: it has to be PEM ("BEGIN CERTIFICATE")' }];
}

function clientProblems({ cert, key, passphrase }: SyslogTlsOptions): ConfigProblem[] {
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

function fingerprintProblems({ fingerprints = [] }: SyslogTlsOptions): ConfigProblem[] {
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
