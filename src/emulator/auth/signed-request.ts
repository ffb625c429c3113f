/** The signed parts of a request, read in each way in which clients sign them. */

export interface SignedRequest {
  readonly method: string;
  /** The path as sent, without the query. */
  readonly path: string;
  /** The query as sent, without the `?`. */
  readonly rawQuery: string;
  /** Header names in lower case, values trimmed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface QueryParameter {
  readonly key: string;
  readonly value: string;
  /** The value as it was sent. */
  readonly rawValue: string;
}

/** A `+` in a query means a space to form encoders, and itself to RFC 3986. */
export type PlusMeans = 'space' | 'plus';

export function parseQuery(rawQuery: string, plus: PlusMeans): QueryParameter[] {
  if (rawQuery === '') return [];
  return rawQuery.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    const rawKey = equals === -1 ? pair : pair.slice(0, equals);
    const rawValue = equals === -1 ? '' : pair.slice(equals + 1);
    return { key: percentDecode(rawKey, plus), value: percentDecode(rawValue, plus), rawValue };
  });
}

/** The query, decoded in each way that gives other values: mostly one. */
export function queryReadings(rawQuery: string): QueryParameter[][] {
  const readings = [parseQuery(rawQuery, 'space')];
  if (rawQuery.includes('+')) readings.push(parseQuery(rawQuery, 'plus'));
  return readings;
}

/** SDKs sign the path either as they send it or before they encode it. */
export function pathReadings(path: string): string[] {
  const decoded = percentDecode(path, 'plus');
  return decoded === path ? [path] : [path, decoded];
}

export function isServiceHeader(name: string): boolean {
  return name.startsWith('x-log-') || name.startsWith('x-acs-');
}

function percentDecode(text: string, plus: PlusMeans): string {
  if (!/[%+]/.test(text)) return text;
  const spaced = plus === 'space' ? text.replaceAll('+', ' ') : text;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced; // Not percent-encoded UTF-8: left as it is; the signature decides.
  }
}
