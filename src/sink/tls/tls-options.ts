/** What a TLS connection to a receiver is made with. PEM throughout: reading files is the configuration's job. */

export interface ReceiverTlsOptions {
  /** Replaces the built-in authorities. */
  readonly ca?: Buffer;
  /** The client's certificate, intermediates behind it, and its key. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly passphrase?: string;
  /** Revocation lists, one behind the other: one of each authority up to a self-signed one in `ca`. */
  readonly crl?: Buffer;
  /** Default: TLS 1.2. A later version that Node was started with wins. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Cipher names of OpenSSL; default: forward secrecy and authenticated encryption only. */
  readonly ciphers?: string;
  /** The name to check, and to send as SNI, where it is not the receiver's host. */
  readonly serverName?: string;
  /** SHA-256 of the receiver's own certificate: 64 hex digits, colons and a leading `sha256:` allowed. */
  readonly fingerprints?: readonly string[];
  /** The receiver's certificate is verified by its fingerprint only, or not at all where there are no fingerprints. */
  readonly insecure?: boolean;
  /** Reads the files again that all this is from. Absent: there are none. */
  readonly readAgain?: () => Promise<TlsFilesRead | undefined>;
}

/** What is in the files now, where they are not what they were when they were read last. */
export interface TlsFilesRead {
  readonly files: Pick<ReceiverTlsOptions, TlsFileName>;
  /** Why they cannot be used. Nothing of their contents. */
  readonly problems: readonly string[];
}

export type TlsFileName = 'ca' | 'cert' | 'key' | 'crl';
