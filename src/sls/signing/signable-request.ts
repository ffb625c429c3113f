/** What a signer is given. Both signers are pure: the same request, key and time give the same headers. */

export interface SignableRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As it is sent: percent-encoded, without the query. */
  readonly path: string;
  /** Values not encoded. */
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case; `host` exactly as it is sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** The names, sorted in code units: what both versions sign over. */
export function sortedNames(record: Readonly<Record<string, string>>): string[] {
  return Object.keys(record).sort();
}

/** `x-log-*` and `x-acs-*` are signed whichever they are. */
export function isServiceHeader(name: string): boolean {
  return name.startsWith('x-log-') || name.startsWith('x-acs-');
}

/**
 * RFC 3986, section 2.3: everything but the unreserved characters is encoded, in upper-case hex. Used on the wire as
 * well as for signing.
 */
export function percentEncode(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
