/**
 * Signature version 1 (API reference, "Request signatures"): HMAC-SHA1 over
 *
 *     METHOD \n
 *     Content-MD5, or nothing \n
 *     Content-Type, or nothing \n
 *     Date \n
 *     every x-log-* and x-acs-* header as key:value, sorted, each with \n
 *     path[?key=value&…]        sorted by key, the values not encoded
 *
 * sent as `Authorization: LOG <access key id>:<base64>`.
 */
import { createHash, createHmac } from 'node:crypto';
import type { Credentials } from './credentials.ts';
import { isServiceHeader, type SignableRequest, sortedNames } from './signable-request.ts';

/**
 * @param atMs unix milliseconds; the service refuses a difference of more than 15 minutes to its own clock
 * @returns every header to send, `host` and `authorization` included
 */
export function signV1(request: SignableRequest, credentials: Credentials, atMs: number): Record<string, string> {
  const headers: Record<string, string> = {
    ...request.headers,
    date: new Date(atMs).toUTCString(),
    'x-log-signaturemethod': 'hmac-sha1',
  };
  if (credentials.securityToken) headers['x-acs-security-token'] = credentials.securityToken;
  if (request.body) headers['content-md5'] = createHash('md5').update(request.body).digest('hex').toUpperCase();
  const signature = createHmac('sha1', credentials.accessKeySecret)
    .update(stringToSignV1(request, headers))
    .digest('base64');
  headers.authorization = `LOG ${credentials.accessKeyId}:${signature}`;
  return headers;
}

/** @param headers as they are sent, with `date` and x-log-* */
export function stringToSignV1(
  request: Pick<SignableRequest, 'method' | 'path' | 'query'>,
  headers: Readonly<Record<string, string>>,
): string {
  const serviceHeaders = sortedNames(headers)
    .filter(isServiceHeader)
    .map((name) => `${name}:${headers[name]!.trim()}\n`);
  const query = sortedNames(request.query).map((key) => `${key}=${request.query[key]}`);
  return [
    `${request.method}\n${headers['content-md5'] ?? ''}\n${headers['content-type'] ?? ''}\n${headers.date ?? ''}\n`,
    ...serviceHeaders,
    request.path,
    query.length > 0 ? `?${query.join('&')}` : '',
  ].join('');
}
