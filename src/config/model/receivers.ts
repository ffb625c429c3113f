/** What a receiver is told by: a union, by `kind`. */
import type { TlsFilePaths } from '../sources/tls-files.ts';

/** Each kind has a file in config/receivers/, and one in pipeline/receivers/. */
export type ReceiverConfig = SyslogReceiverConfig;

export interface SyslogReceiverConfig {
  readonly kind: 'syslog';
  readonly protocol: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  /** The receivers after the first one; there where there are several, and only there. */
  readonly others?: readonly { readonly host: string; readonly port: number }[];
  /** `datagram` with udp, and only there. */
  readonly framing: 'octet-counting' | 'lf' | 'datagram';
  readonly timeoutMs: number;
  /** How often the name is looked up again, with `udp`. */
  readonly dnsRefreshMs: number;
  /** Present with `tls` only. */
  readonly tls?: TlsConfig;
}

/** Files are read and checked already. */
export interface TlsConfig {
  /** PEM, one certificate or several. Replaces the built-in authorities. */
  readonly ca?: Buffer;
  /** PEM: the client's certificate, and any intermediates behind it. */
  readonly cert?: Buffer;
  /** PEM: the private key of `cert`, as it is in the file. */
  readonly key?: Buffer;
  /** Opens `key`, where that is encrypted. */
  readonly passphrase?: string;
  /** PEM: revocation lists. */
  readonly crl?: Buffer;
  /** Where all that is from: it is read again when it changes. Absent: it is from no file. */
  readonly paths?: TlsFilePaths;
  /** Absent: TLS 1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Cipher names of OpenSSL; absent: those with forward secrecy and authenticated encryption. */
  readonly ciphers?: string;
  /** The name to check, and to send as SNI, where it is not `host`. */
  readonly serverName?: string;
  /** SHA-256 of the peer's certificate: 64 lower-case hex digits each. Empty: none asked for. */
  readonly fingerprints: readonly string[];
  /** The receiver's certificate is verified by its fingerprint only, or not at all where there are no fingerprints. */
  readonly insecure: boolean;
}
