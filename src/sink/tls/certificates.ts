/** What a certificate says of itself, for logs and errors; and the warning before it expires. */
import type { X509Certificate } from 'node:crypto';
import type { Log } from '../../core/log.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const WARN_BEFORE_MS = 30 * DAY_MS;

/** 64 lower-case hex digits. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/**
 * @param text `sha256:AB:CD:…`, `AB:CD:…` or plain hex
 * @returns 64 lower-case hex digits; undefined when it is not a SHA-256 fingerprint
 */
export function parseFingerprint(text: string): string | undefined {
  const digits = text
    .trim()
    .replace(/^sha-?256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}

/** `sha256:AB:CD:…`, as `--fingerprint` takes it. */
export function showFingerprint(certificate: X509Certificate): string {
  return `sha256:${certificate.fingerprint256}`;
}

/** Node gives a name a line for each part: `CN=a\nO=b`. */
export function oneLine(distinguishedName: string): string {
  return distinguishedName === '' ? '(no name)' : distinguishedName.replaceAll('\n', ', ');
}

/** `DNS:siem.corp, IP Address:10.0.0.1`; without any, the common name, which counts only then. */
export function showNames(certificate: X509Certificate): string {
  return certificate.subjectAltName ?? oneLine(certificate.subject);
}

export function validFromMs(certificate: X509Certificate): number {
  return Date.parse(certificate.validFrom);
}

export function validToMs(certificate: X509Certificate): number {
  return Date.parse(certificate.validTo);
}

export function showTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function certificateFacts(certificate: X509Certificate): Readonly<Record<string, unknown>> {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validTo: showTime(validToMs(certificate)),
  };
}

/**
 * The warning about our own certificate's dates, which the receiver will look at; undefined: nothing for 30 days.
 * @returns `phrase` continues the certificate's name
 */
export function ownDates(
  certificate: X509Certificate,
  nowMs: number,
): { readonly phrase: string; readonly isValid: boolean } | undefined {
  const [fromMs, toMs] = [validFromMs(certificate), validToMs(certificate)];
  if (nowMs > toMs) {
    return { phrase: `expired at ${showTime(toMs)}; renew it: receivers refuse such a certificate`, isValid: false };
  }
  if (nowMs < fromMs) {
    return { phrase: `is not valid before ${showTime(fromMs)}; check the clock of this machine`, isValid: false };
  }
  if (toMs - nowMs >= WARN_BEFORE_MS) return undefined;
  const days = Math.floor((toMs - nowMs) / DAY_MS);
  return { phrase: `expires in ${days} days, at ${showTime(toMs)}; renew it before then`, isValid: true };
}

export interface ExpiryWatch {
  /** The receiver's: within 30 days, or expired (a fingerprint may let it pass). */
  receivers(certificate: X509Certificate): void;
  /** Our own, also one that is not valid yet. */
  own(certificate: X509Certificate): void;
}

/** Warns once a day for each certificate, however often it is asked. */
export function createExpiryWatch(now: () => number, log: Log): ExpiryWatch {
  const warnedAtMs = new Map<string, number>();
  const warn = (certificate: X509Certificate, message: string) => {
    const nowMs = now();
    const fingerprint = fingerprintOf(certificate);
    if (nowMs - (warnedAtMs.get(fingerprint) ?? Number.NEGATIVE_INFINITY) < DAY_MS) return;
    for (const [known, atMs] of warnedAtMs) if (nowMs - atMs >= DAY_MS) warnedAtMs.delete(known);
    warnedAtMs.set(fingerprint, nowMs);
    log.warn(certificateFacts(certificate), message);
  };
  return {
    receivers(certificate) {
      const leftMs = validToMs(certificate) - now();
      if (leftMs >= WARN_BEFORE_MS) return;
      const when =
        leftMs < 0
          ? 'has expired'
          : `expires in ${Math.floor(leftMs / DAY_MS)} days; renew it before, or nothing is sent`;
      warn(certificate, `the receiver's certificate ${when}`);
    },
    own(certificate) {
      const dates = ownDates(certificate, now());
      if (dates) warn(certificate, `our own certificate (--cert) ${dates.phrase}`);
    },
  };
}
