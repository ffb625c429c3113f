/**
 * Signature version 4 (API reference, "Request signatures"; needs the region):
 *
 *     Authorization: SLS4-HMAC-SHA256 Credential=<access key id>/<date>/<region>/sls/aliyun_v4_request,Signature=<hex>
 *
 *     canonical request:                          string to sign:
 *       METHOD                                      SLS4-HMAC-SHA256
 *       path                                        x-log-date
 *       sorted key=RFC3986(value), joined by &      scope
 *       name:value of the signed headers, a line    hex(sha256(canonical request))
 *         each, and an empty line
 *       the signed headers' names joined by ;
 *       x-log-content-sha256
 *
 * The request does not list the signed headers: always host, content-type if sent, and every x-log-* and x-acs-*.
 */
import { createHash, createHmac } from 'node:crypto';
import {
  isServiceHeader,
  pathReadings,
  type QueryParameter,
  queryReadings,
  type SignedRequest,
} from './signed-request.ts';

const ALGORITHM = 'SLS4-HMAC-SHA256';
const AUTHORIZATION =
  /^SLS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/sls\/aliyun_v4_request, ?Signature=([0-9a-f]{64})$/;

export interface AuthorizationV4 {
  readonly accessKeyId: string;
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: string;
  readonly signature: string;
}

export function parseAuthorizationV4(header: string): AuthorizationV4 | undefined {
  const [, accessKeyId, date, region, signature] = AUTHORIZATION.exec(header) ?? [];
  if (!accessKeyId || !date || !region || !signature) return undefined;
  return { accessKeyId, date, region, signature };
}

/** One canonical request for each way in which clients encode the characters `~`, `*` and `!'()`. */
export function* canonicalRequestsV4(request: SignedRequest): Generator<string> {
  const { headers } = request;
  const names = Object.keys(headers)
    .filter((name) => name === 'host' || name === 'content-type' || isServiceHeader(name))
    .sort();
  const tail = [
    names.map((name) => `${name}:${headers[name]}\n`).join(''),
    names.join(';'),
    headers['x-log-content-sha256'] ?? '',
  ].join('\n');

  for (const path of pathReadings(request.path)) {
    for (const parameters of queryReadings(request.rawQuery)) {
      for (const encode of valueEncoders) {
        yield [request.method, path, canonicalQuery(parameters, encode), tail].join('\n');
      }
    }
  }
}

/** @param dateTime `x-log-date`, `YYYYMMDDTHHMMSSZ` */
export function signV4(
  canonicalRequest: string,
  secret: string,
  scope: { readonly dateTime: string; readonly date: string; readonly region: string },
): string {
  const scopeText = `${scope.date}/${scope.region}/sls/aliyun_v4_request`;
  const stringToSign = [ALGORITHM, scope.dateTime, scopeText, sha256Hex(canonicalRequest)].join('\n');
  return createHmac('sha256', signingKey(secret, scope.date, scope.region))
    .update(stringToSign)
    .digest('hex');
}

/** A cache of signing keys: a client's key is valid for a day. */
const keys = new Map<string, Buffer>();
const mostKeys = 16;

function signingKey(secret: string, date: string, region: string): Buffer {
  const name = `${secret} ${date} ${region}`;
  const known = keys.get(name);
  if (known) return known;
  const round = (chained: string | Buffer, part: string) => createHmac('sha256', chained).update(part).digest();
  const key = [region, 'sls', 'aliyun_v4_request'].reduce(round, round(`aliyun_v4${secret}`, date));
  if (keys.size >= mostKeys) keys.clear();
  keys.set(name, key);
  return key;
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

type ValueEncoder = (parameter: QueryParameter) => string;

const rfc3986: ValueEncoder = ({ value }) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** The official npm package leaves `!'()` alone and encodes only the first `*`. */
const browserLike: ValueEncoder = ({ value }) => encodeURIComponent(value).replace('*', '%2A');

const asSent: ValueEncoder = ({ rawValue }) => rawValue;

const valueEncoders = [rfc3986, browserLike, asSent];

function canonicalQuery(parameters: readonly QueryParameter[], encode: ValueEncoder): string {
  return parameters
    .map((parameter) => ({ key: parameter.key, value: encode(parameter) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ key, value }) => (value === '' ? key : `${key}=${value}`))
    .join('&');
}
