/** A request to be signed. Both signers are pure: equal requests, keys and times give equal headers. */

export interface SignableRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** The path as it is sent: percent-encoded, without the query. */
  readonly path: string;
  /** Query parameters; values not encoded. */
  readonly query: Readonly<Record<string, string>>;
  /** Header names in lower case; `host` exactly as it is sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** The names in the order of both signature versions: by code units. */
export function sortedNames(record: Readonly<Record<string, string>>): string[] {
  return Object.keys(record).sort();
}

/** Whether a header is `x-log-*` or `x-acs-*`: both signature versions sign all of these. */
export function isServiceHeader(name: string): boolean {
  return name.startsWith('x-log-') || name.startsWith('x-acs-');
}

/**
 * RFC 3986, section 2.3: everything but the unreserved characters is encoded, in upper-case hex. Both the request that
 * is sent and the signature use it.
 */
export function percentEncode(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
