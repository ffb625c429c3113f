/**
 * Which TLS versions and ciphers are offered to the receiver.
 *
 * Version: the later one of `--tls-min-version` and of what Node was started with (`node --tls-min-v1.3`, also in
 * NODE_OPTIONS). Ciphers, where `--tls-ciphers` gives none: forward secrecy and authenticated encryption only (RFC 9325,
 * section 4.2), and of those only what a `--tls-cipher-list` of Node's own leaves. Anonymous ciphers, and those that
 * encrypt nothing, are never offered.
 *
 * A list without a suite of TLS 1.3 keeps that version's own suites, as in OpenSSL's programs and in nginx: they all have
 * both properties. A list of nothing else leaves TLS 1.3 alone.
 */
import { constants } from 'node:crypto';
import {
  createSecureContext,
  DEFAULT_CIPHERS,
  DEFAULT_MAX_VERSION,
  DEFAULT_MIN_VERSION,
  type SecureContextOptions,
} from 'node:tls';
import type { ReceiverTlsOptions } from './tls-options.ts';

export type Offer = Pick<ReceiverTlsOptions, 'minVersion' | 'ciphers'>;

/** What is wrong with a setting; `phrase` continues its name. */
export interface OfferProblem {
  readonly setting: 'tls-min-version' | 'tls-ciphers';
  readonly phrase: string;
}

/** What Node was started with; another one in tests. */
export interface NodeDefaults {
  readonly minVersion: string;
  readonly maxVersion: string;
  /** Absent: nobody has chosen any. */
  readonly ciphers?: string;
}

export const nodeDefaults: NodeDefaults = {
  minVersion: DEFAULT_MIN_VERSION,
  maxVersion: DEFAULT_MAX_VERSION,
  ...(DEFAULT_CIPHERS !== constants.defaultCoreCipherList && { ciphers: DEFAULT_CIPHERS }),
};

const suites = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];

/** Ciphers of TLS 1.2: RFC 9325, section 4.2, and ChaCha20 (RFC 7905). */
const strongCiphers = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

const never = ['!aNULL', '!eNULL'];
/** All without forward secrecy; all with a MAC beside the cipher (in OpenSSL's lists SHA256 is that MAC, not GCM's hash). */
const notWeak = ['!kRSA', '!PSK', '!SRP', '!SHA1', '!SHA256', '!SHA384', '!MD5'];
/** Takes out all that have both properties: what is left is weak. */
const notStrong = ['AESGCM', 'CHACHA20', 'AESCCM', 'ARIAGCM'].flatMap((cipher) => [
  `!ECDHE+${cipher}`,
  `!DHE+${cipher}`,
]);

/** @throws what OpenSSL says of a list that leaves nothing; `offerProblems` finds that first */
export function offerOptions(
  { minVersion, ciphers }: Offer,
  node: NodeDefaults = nodeDefaults,
): Pick<SecureContextOptions, 'minVersion' | 'ciphers'> {
  const given = elementsOf(ciphers ?? node.ciphers ?? [...suites, ...strongCiphers].join(':'));
  const ownSuites = given.filter(isSuite);
  const legacy = given.filter((each) => !isSuite(each));
  const exclusions = ciphers === undefined ? [...notWeak, ...never] : never;
  return {
    minVersion: lowestVersion(minVersion, node),
    ciphers: [
      ...(ownSuites.length > 0 ? ownSuites : suites),
      ...(legacy.length > 0 ? [...legacy, ...exclusions] : []),
    ].join(':'),
  };
}

export function offerProblems(offer: Offer, node: NodeDefaults = nodeDefaults): readonly OfferProblem[] {
  const problems: OfferProblem[] = [];
  const minVersion = lowestVersion(offer.minVersion, node);
  if (minVersion === 'TLSv1.3' && node.maxVersion !== 'TLSv1.3') {
    const phrase =
      ' asks for TLS 1.3, and Node was started with --tls-max-v1.2, which forbids it: take that out of the command, or of NODE_OPTIONS';
    problems.push({ setting: 'tls-min-version', phrase });
  }
  const unknown = elementsOf(offer.ciphers ?? '').find(
    (each) => /^[^!+@-]/.test(each) && (isIanaName(each) || !isUsable(each)),
  );
  if (unknown !== undefined) {
    problems.push({ setting: 'tls-ciphers', phrase: `: ${unknownCipher(unknown)}` });
  } else if (!isUsable(offerOptions(offer, node).ciphers ?? '')) {
    const phrase =
      offer.ciphers === undefined
        ? ' is missing: the --tls-cipher-list that Node was started with has no cipher with forward secrecy and authenticated encryption; set the ciphers here, or take that list out'
        : ': nothing is left of the list that may be offered';
    problems.push({ setting: 'tls-ciphers', phrase });
  }
  return problems;
}

/** Some that are given have no forward secrecy, or no authenticated encryption. With TLS 1.3 alone there are none. */
export function offersWeakCiphers({ minVersion, ciphers }: Offer, node: NodeDefaults = nodeDefaults): boolean {
  const legacy = elementsOf(ciphers ?? '').filter((each) => !isSuite(each));
  if (legacy.length === 0 || lowestVersion(minVersion, node) === 'TLSv1.3') return false;
  return isUsable([...legacy, ...never, '!PSK', '!SRP', ...notStrong].join(':'));
}

function lowestVersion(minVersion: Offer['minVersion'], node: NodeDefaults): 'TLSv1.2' | 'TLSv1.3' {
  return minVersion === 'TLSv1.3' || node.minVersion === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2';
}

function unknownCipher(name: string): string {
  const quoted = JSON.stringify(name);
  if (isIanaName(name)) {
    return `${quoted} is a name of the IANA registry; ciphers of TLS 1.2 go by OpenSSL's names here: openssl ciphers -stdname has both`;
  }
  return `${quoted} is no cipher that this Node's OpenSSL knows; openssl ciphers -v lists them`;
}

function elementsOf(list: string): readonly string[] {
  return list.split(/[:, ]+/).filter((each) => each !== '');
}

/**
 * Whether a cipher of TLS 1.2 has its IANA name. Node takes such a name for a suite of TLS 1.3, and some releases of OpenSSL
 * then offer it in 1.2.
 */
function isIanaName(element: string): boolean {
  return /^TLS_.*_WITH_/.test(element);
}

/** Whether a name is that of a suite of TLS 1.3: Node tells suites by that, too. */
function isSuite(element: string): boolean {
  return element.startsWith('TLS_');
}

function isUsable(ciphers: string): boolean {
  try {
    createSecureContext({ ciphers });
    return true;
  } catch {
    return false;
  }
}
