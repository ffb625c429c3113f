/** What the two signature versions sign, in the readings that clients disagree about. */

export interface SignedRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** As sent, without the `?`. */
  readonly rawQuery: string;
  /** Names in lower case, values trimmed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface QueryParameter {
  readonly key: string;
  readonly value: string;
  /** The value as it was on the wire. */
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

/** The query read each way that gives different values: mostly one. */
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
    return spaced; // Not percent-encoded UTF-8: taken as it is, the signature decides.
  }
}
