/**
 * Signature version 4, `SLS4-HMAC-SHA256` (API reference, "Request signatures", V4). Over the canonical request
 *
 *     METHOD \n
 *     path \n
 *     key=RFC3986(value)&…      sorted by key; a key with an empty value stands alone \n
 *     key:value \n              of each signed header, sorted
 *     \n
 *     names of the signed headers, joined by ; \n
 *     hex SHA-256 of the body
 *
 * the string to sign is built: algorithm, time, scope and the hex SHA-256 of the canonical request, each on a line of
 * its own. The request does not list the signed headers: they are `host`, `content-type` if sent, every x-log-* and
 * x-acs-*.
 */
import { createHash, createHmac } from 'node:crypto';
import type { Credentials } from './credentials.ts';
import { isServiceHeader, percentEncode, type SignableRequest, sortedNames } from './signable-request.ts';

const algorithm = 'SLS4-HMAC-SHA256';

/**
 * @param atMs unix milliseconds; the service refuses a difference of more than 15 minutes to its own clock
 * @param region for example `cn-hangzhou`
 * @param keyOfDay `deriveKey`, or a cache of it
 * @returns every header to send, `host` and `authorization` included
 */
export function signV4(
  request: SignableRequest,
  credentials: Credentials,
  atMs: number,
  region: string,
  keyOfDay: KeyOfDay = deriveKey,
): Record<string, string> {
  const time = new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = time.slice(0, 8);
  const contentHash = sha256Hex(request.body ?? '');
  const headers: Record<string, string> = {
    ...request.headers,
    'x-log-date': time,
    'x-log-content-sha256': contentHash,
  };
  if (credentials.securityToken) headers['x-acs-security-token'] = credentials.securityToken;

  const scope = `${date}/${region}/sls/aliyun_v4_request`;
  const canonicalHash = sha256Hex(canonicalRequest(request, headers, contentHash));
  const key = keyOfDay(credentials.accessKeySecret, date, region);
  const signature = hmac(key, `${algorithm}\n${time}\n${scope}\n${canonicalHash}`).toString('hex');
  headers.authorization = `${algorithm} Credential=${credentials.accessKeyId}/${scope},Signature=${signature}`;
  return headers;
}

/** @param date for example `20260131`, UTC */
export type KeyOfDay = (secret: string, date: string, region: string) => Buffer;

/** The signing key of a day: four rounds of HMAC over the secret. */
export function deriveKey(secret: string, date: string, region: string): Buffer {
  return [region, 'sls', 'aliyun_v4_request'].reduce(
    (derived, part) => hmac(derived, part),
    hmac(`aliyun_v4${secret}`, date),
  );
}

/** Caches the last key, which is valid until midnight UTC, or until the credentials change. */
export function createKeyOfDay(): KeyOfDay {
  let last: { secret: string; date: string; region: string; key: Buffer } | undefined;
  return (secret, date, region) => {
    if (last?.secret !== secret || last.date !== date || last.region !== region) {
      last = { secret, date, region, key: deriveKey(secret, date, region) };
    }
    return last.key;
  };
}

function canonicalRequest(
  request: SignableRequest,
  headers: Readonly<Record<string, string>>,
  contentHash: string,
): string {
  const query = sortedNames(request.query).map((key) => {
    const value = request.query[key]!;
    return value ? `${key}=${percentEncode(value)}` : key;
  });
  const signed = sortedNames(headers).filter(
    (name) => name === 'host' || name === 'content-type' || isServiceHeader(name),
  );
  return [
    request.method,
    request.path,
    query.join('&'),
    signed.map((name) => `${name}:${headers[name]!.trim()}\n`).join(''),
    signed.join(';'),
    contentHash,
  ].join('\n');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256Hex(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
