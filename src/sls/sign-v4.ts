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
 * comes the string to sign: algorithm, time, scope and the hex SHA-256 of that, each on a line of its own. Which
 * headers are signed is not said on the wire: `host`, `content-type` where it is sent, every x-log-* and x-acs-*.
 */
import { createHash, createHmac } from 'node:crypto';
import type { Credentials } from './credentials.ts';
import { isServiceHeader, percentEncode, type SignableRequest, sortedEntries } from './signable-request.ts';

const algorithm = 'SLS4-HMAC-SHA256';

/**
 * @param atMs unix milliseconds; the service refuses a difference of more than 15 minutes to its own clock
 * @param region `cn-hangzhou`
 * @returns every header to send, `host` and `authorization` included
 */
export function signV4(
  request: SignableRequest,
  credentials: Credentials,
  atMs: number,
  region: string,
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
  const key = [date, region, 'sls', 'aliyun_v4_request'].reduce<Buffer | string>(
    (derived, part) => hmac(derived, part),
    `aliyun_v4${credentials.accessKeySecret}`,
  );
  const signature = hmac(key, `${algorithm}\n${time}\n${scope}\n${canonicalHash}`).toString('hex');
  headers.authorization = `${algorithm} Credential=${credentials.accessKeyId}/${scope},Signature=${signature}`;
  return headers;
}

function canonicalRequest(
  request: SignableRequest,
  headers: Readonly<Record<string, string>>,
  contentHash: string,
): string {
  const query = sortedEntries(request.query).map(([key, value]) => (value ? `${key}=${percentEncode(value)}` : key));
  const signed = sortedEntries(headers).filter(
    ([name]) => name === 'host' || name === 'content-type' || isServiceHeader(name),
  );
  return [
    request.method,
    request.path,
    query.join('&'),
    signed.map(([name, value]) => `${name}:${value.trim()}\n`).join(''),
    signed.map(([name]) => name).join(';'),
    contentHash,
  ].join('\n');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256Hex(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
