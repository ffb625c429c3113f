/**
 * Is this the receiver that was meant? RFC 5425, 4.2.1 and 5.2.
 *
 *   fingerprints given, no CA   the peer's own certificate has one of them: that is enough
 *   fingerprints and a CA       both hold
 *   neither, or a CA alone      the chain leads to an authority, the dates hold, and the certificate has the name
 *   insecure, no fingerprint    nothing is asked
 *   insecure and fingerprints   the peer's own certificate has one of them, whatever CA is given
 *
 * With revocation lists, a chain leads to an authority only if every certificate in it is on none of them.
 *
 * A resumed session is checked alike, by the certificate of the handshake that began it: neither its dates
 * nor its name are looked at by the library again.
 */
import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type TLSSocket } from 'node:tls';
import type { AppError } from '../../core/errors.ts';
import { connectionError } from '../network-errors.ts';
import {
  fingerprintOf,
  oneLine,
  showFingerprint,
  showNames,
  showTime,
  validFromMs,
  validToMs,
} from './certificates.ts';

export interface CheckPolicy {
  readonly insecure: boolean;
  /** 64 lower-case hex digits each. */
  readonly fingerprints: ReadonlySet<string>;
  readonly hasCa: boolean;
  /** Revocation lists are given. No session is resumed then: the library looks at them in full handshakes only. */
  readonly hasCrl: boolean;
  /** A host name, or an IP address. */
  readonly name: string;
}

/** What a peer showed in a full handshake. */
export interface Presented {
  readonly certificate: X509Certificate;
  /** What the library found wrong with the chain: an X509 verification code; undefined when it is trusted. */
  readonly chainError: string | undefined;
}

/**
 * After a full handshake only: in a resumed session no certificate is sent, and Node has none to show.
 * (`getPeerX509Certificate` is no way to it: in Node 20 it takes the certificate out of the chain.)
 */
export function readPresented(socket: TLSSocket): Presented | undefined {
  const { raw } = socket.getPeerCertificate();
  // The types do not know that a peer without a certificate has an empty object.
  if (!(raw instanceof Uint8Array)) return undefined;
  const chainError = socket.authorized ? undefined : String(socket.authorizationError);
  return { certificate: new X509Certificate(raw), chainError };
}

/** Nothing is asked: whoever answers is taken for the receiver. */
export function isUnverified({ insecure, fingerprints }: Pick<CheckPolicy, 'insecure' | 'fingerprints'>): boolean {
  return insecure && fingerprints.size === 0;
}

/** @returns what is wrong, and what to do about it; undefined when the peer is who it should be */
export function checkReceiver(
  presented: Presented | undefined,
  policy: CheckPolicy,
  nowMs: number,
): AppError | undefined {
  if (isUnverified(policy)) return undefined;
  if (presented === undefined) return connectionError('tls-no-certificate', 'the receiver sent no certificate');
  const { certificate, chainError } = presented;
  if (policy.fingerprints.size > 0) {
    if (!policy.fingerprints.has(fingerprintOf(certificate))) return wrongFingerprint(certificate);
    if (!policy.hasCa || policy.insecure) return undefined;
  }
  return (
    checkDates(certificate, nowMs) ??
    (chainError === undefined ? undefined : badChain(chainError, certificate)) ??
    checkName(certificate, policy.name)
  );
}

function wrongFingerprint(certificate: X509Certificate): AppError {
  return connectionError(
    'tls-fingerprint',
    `the receiver's certificate (${oneLine(certificate.subject)}) has none of the given fingerprints; its own is ` +
      `${showFingerprint(certificate)}: if that is the receiver's, give it with --fingerprint`,
  );
}

function checkDates(certificate: X509Certificate, nowMs: number): AppError | undefined {
  const fromMs = validFromMs(certificate);
  const toMs = validToMs(certificate);
  if (nowMs > toMs) {
    return connectionError(
      'tls-certificate-expired',
      `the receiver's certificate (${oneLine(certificate.subject)}) expired at ${showTime(toMs)}; renew it there`,
    );
  }
  if (nowMs < fromMs) {
    return connectionError(
      'tls-certificate-not-yet-valid',
      `the receiver's certificate (${oneLine(certificate.subject)}) is not valid before ${showTime(fromMs)}; ` +
        'check the clocks on both sides',
    );
  }
  return undefined;
}

/** X509 verification codes, as Node spells them, of a chain that ends at nobody we know. */
const unknownAuthority = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function badChain(code: string, certificate: X509Certificate): AppError {
  const issuer = oneLine(certificate.issuer);
  if (unknownAuthority.has(code)) {
    return connectionError(
      'tls-unknown-ca',
      `the receiver's certificate was issued by an authority that is not trusted here (${issuer}; ${code}); give ` +
        `that authority's certificate with --ca, or this one's fingerprint: --fingerprint ${showFingerprint(certificate)}`,
    );
  }
  const revocation = revocations[code];
  if (revocation !== undefined) {
    const of = `the receiver's certificate (${oneLine(certificate.subject)}, issued by ${issuer})`;
    return connectionError(revocation.code, `${of} ${revocation.text} (${code})`);
  }
  const what = code === 'CERT_HAS_EXPIRED' ? 'a certificate above it has expired' : 'it was refused';
  return connectionError(
    'tls-chain',
    `the receiver's certificate (${oneLine(certificate.subject)}, issued by ${issuer}) cannot be trusted: ${what} (${code})`,
  );
}

/** X509 verification codes, as Node spells them, that come of `--crl`. */
const revocations: Readonly<Record<string, { readonly code: string; readonly text: string }>> = {
  CERT_REVOKED: {
    code: 'tls-revoked',
    text: 'is revoked, or one above it is, by a list in --crl; give the receiver another certificate',
  },
  UNABLE_TO_GET_CRL: {
    code: 'tls-crl',
    text: 'cannot be checked: --crl has no list of one of the authorities above it; put the list of each into the file, the self-signed one included',
  },
  CRL_HAS_EXPIRED: {
    code: 'tls-crl-expired',
    text: 'cannot be checked: a list in --crl is out of date; put the new one into the file, it is read again by itself',
  },
  CRL_NOT_YET_VALID: {
    code: 'tls-crl',
    text: 'cannot be checked: a list in --crl is not valid yet; check the clock of this machine',
  },
  CRL_SIGNATURE_FAILURE: {
    code: 'tls-crl',
    text: 'cannot be checked: a list in --crl was not signed by the authority that it names; get it anew from that authority',
  },
};

function checkName(certificate: X509Certificate, name: string): AppError | undefined {
  if (checkServerIdentity(name, certificate.toLegacyObject()) === undefined) return undefined;
  return connectionError(
    'tls-wrong-name',
    `the receiver's certificate is not for ${name}; it is for ${showNames(certificate)}: connect to one of these ` +
      'names, or say which to expect with --server-name',
  );
}
