/**
 * Signature version 1 (API reference, "Request signatures"):
 *
 *     Authorization: LOG <access key id>:<base64(hmac(secret, string to sign))>
 *
 *     METHOD \n Content-MD5 \n Content-Type \n Date \n
 *     x-log-… and x-acs-… headers, sorted, `name:value`, joined by \n \n
 *     path[?sorted query, `key=value`, not encoded]
 *
 * `x-log-signaturemethod` is hmac-sha1 (as specified) or hmac-sha256 (sent by one official package). Clients disagree
 * in details, so any of a small set of strings may have been signed: with or without `x-log-date`, which may be added
 * after signing; an empty query value with or without its `=`.
 */
import { createHmac } from 'node:crypto';
import { isServiceHeader, pathReadings, queryReadings, type SignedRequest } from './signed-request.ts';

export type HmacName = 'sha1' | 'sha256';

export function* stringsToSignV1(request: SignedRequest): Generator<string> {
  const { headers } = request;
  const head = [
    request.method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    headers.date ?? headers['x-log-date'] ?? '',
  ].join('\n');
  const names = Object.keys(headers).filter(isServiceHeader).sort();
  const headerSets = [names];
  if (names.includes('x-log-date')) headerSets.push(names.filter((name) => name !== 'x-log-date'));

  for (const set of headerSets) {
    const headerLines = set.map((name) => `${name}:${headers[name]}\n`).join('');
    for (const resource of resources(request)) yield `${head}\n${headerLines}${resource}`;
  }
}

export function signV1(stringToSign: string, secret: string, hmac: HmacName): string {
  return createHmac(hmac, secret).update(stringToSign, 'utf8').digest('base64');
}

function resources(request: SignedRequest): string[] {
  const queries = queryReadings(request.rawQuery).flatMap((parameters) => {
    const withSign = parameters.map(({ key, value }) => `${key}=${value}`);
    const bare = parameters.map(({ key, value }) => (value === '' ? key : `${key}=${value}`));
    return [withSign, bare].map((pairs) => pairs.sort().join('&'));
  });
  return pathReadings(request.path).flatMap((path) =>
    queries.map((query) => (query === '' ? path : `${path}?${query}`)),
  );
}
