/** What can be said of TLS settings before anybody connects: for `config check`, and at start. */
import { X509Certificate } from 'node:crypto';
import { ownDates } from './certificates.ts';
import { offerProblems, offersWeakCiphers } from './tls-offer.ts';
import type { ReceiverTlsOptions } from './tls-options.ts';
import { crlFault } from './tls-settings.ts';

export interface TlsFinding {
  readonly setting: 'tls-min-version' | 'tls-ciphers' | 'crl' | 'cert';
  /** Continues the setting's name, or the file's. */
  readonly phrase: string;
  /** `outdated`: it was right once, or will be. */
  readonly kind: 'wrong' | 'outdated' | 'warning';
}

type TlsToCheck = Pick<ReceiverTlsOptions, 'minVersion' | 'ciphers' | 'crl' | 'cert'>;

/** @param nowMs unix milliseconds: certificates are valid from and to */
export function checkTls(tls: TlsToCheck, nowMs: number): readonly TlsFinding[] {
  const found: TlsFinding[] = offerProblems(tls).map((problem) => ({ ...problem, kind: 'wrong' }));
  if (found.length === 0 && offersWeakCiphers(tls)) {
    const phrase =
      ' has ciphers without forward secrecy, or without authenticated encryption; use them only with a receiver that has no others';
    found.push({ setting: 'tls-ciphers', phrase, kind: 'warning' });
  }
  const fault = tls.crl && crlFault(tls.crl);
  if (fault !== undefined) found.push({ setting: 'crl', phrase: fault, kind: 'wrong' });
  const dates = tls.cert && ownDates(new X509Certificate(tls.cert), nowMs);
  if (dates) found.push({ setting: 'cert', phrase: dates.phrase, kind: dates.isValid ? 'warning' : 'outdated' });
  return found;
}
