/**
 * Decides whether a request may pass, in the service's order: API version, credentials known, clock, body hash,
 * signature, security token. Error messages name what to check and never a secret.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError, signatureNotMatch, unauthorized } from '../protocol/api-error.ts';
import { type HmacName, signV1, stringsToSignV1 } from './signature-v1.ts';
import { canonicalRequestsV4, parseAuthorizationV4, sha256Hex, signV4 } from './signature-v4.ts';
import type { SignedRequest } from './signed-request.ts';

export interface AccessKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Set for temporary credentials: a request has to carry exactly this. */
  readonly securityToken?: string;
}

export interface Authentication {
  readonly credentials: readonly AccessKey[];
  /** Set: a v4 signature for another region is refused. */
  readonly region: string | undefined;
  readonly nowMs: number;
}

const MAX_CLOCK_SKEW_MS = 15 * 60 * 1000;
const API_VERSIONS = ['0.4.0', '0.6.0'];
const HMAC_BY_METHOD: Readonly<Record<string, HmacName>> = { 'hmac-sha1': 'sha1', 'hmac-sha256': 'sha256' };
const AUTHORIZATION_V1 = /^LOG ([^:]+):(.+)$/;
const DATE_V4 = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** @throws ApiError that says why the request is refused */
export function authenticate(request: SignedRequest, authentication: Authentication): void {
  checkApiVersion(request.headers['x-log-apiversion']);
  const authorization = request.headers.authorization ?? '';
  if (authorization === '') throw unauthorized('The request has no Authorization header.');
  const credentials = authorization.startsWith('SLS4-')
    ? checkV4(request, authorization, authentication)
    : checkV1(request, authorization, authentication);
  if (credentials.securityToken !== undefined) {
    checkSecurityToken(request.headers['x-acs-security-token'], credentials.securityToken);
  }
}

function checkV1(request: SignedRequest, authorization: string, { credentials, nowMs }: Authentication): AccessKey {
  const [, accessKeyId = '', signature = ''] = AUTHORIZATION_V1.exec(authorization) ?? [];
  if (accessKeyId === '') throw unauthorized('The Authorization header is neither "LOG <id>:<signature>" nor SLS4.');
  const found = findCredentials(credentials, accessKeyId);
  const method = request.headers['x-log-signaturemethod'];
  if (method === undefined) {
    throw new ApiError(400, 'MissingSignatureMethod', 'x-log-signaturemethod does not exist in http header.');
  }
  const hmac = HMAC_BY_METHOD[method];
  if (!hmac) {
    throw new ApiError(400, 'InvalidSignatureMethod', `signature method ${method} is unsupported, use hmac-sha1`);
  }
  checkClock(request.headers.date ?? request.headers['x-log-date'], nowMs, Date.parse);
  checkContentMd5(request);
  // The first text is mostly the one that the client signed.
  for (const text of stringsToSignV1(request)) {
    if (sameText(signV1(text, found.accessKeySecret, hmac), signature)) return found;
  }
  throw mismatch(accessKeyId);
}

function checkV4(request: SignedRequest, authorization: string, authentication: Authentication): AccessKey {
  const parsed = parseAuthorizationV4(authorization);
  if (!parsed) throw unauthorized('The SLS4-HMAC-SHA256 Authorization header is malformed.');
  const found = findCredentials(authentication.credentials, parsed.accessKeyId);
  const dateTime = request.headers['x-log-date'] ?? '';
  checkClock(dateTime, authentication.nowMs, parseDateV4);
  if (!dateTime.startsWith(parsed.date)) {
    throw signatureNotMatch(`The credential's date ${parsed.date} is not the day of x-log-date ${dateTime}.`);
  }
  if (authentication.region !== undefined && parsed.region !== authentication.region) {
    throw signatureNotMatch(`The signature is for region ${parsed.region}, this is ${authentication.region}.`);
  }
  if (request.headers['x-log-content-sha256'] !== sha256Hex(request.body)) {
    throw signatureNotMatch("x-log-content-sha256 is not the body's sha256.");
  }
  const scope = { dateTime, date: parsed.date, region: parsed.region };
  // The first canonical request is mostly the one that the client signed.
  for (const canonical of canonicalRequestsV4(request)) {
    if (sameText(signV4(canonical, found.accessKeySecret, scope), parsed.signature)) return found;
  }
  throw mismatch(parsed.accessKeyId);
}

function checkApiVersion(version: string | undefined): void {
  if (version === undefined) {
    throw new ApiError(400, 'MissingAPIVersion', 'x-log-apiversion does not exist in http header.');
  }
  if (!API_VERSIONS.includes(version)) {
    throw new ApiError(400, 'InvalidAPIVersion', `x-log-apiversion ${version} is unsupported.`);
  }
}

function findCredentials(credentials: readonly AccessKey[], accessKeyId: string): AccessKey {
  const found = credentials.find((one) => one.accessKeyId === accessKeyId);
  if (!found) throw unauthorized(`AccessKeyId not found: ${accessKeyId}`);
  return found;
}

function checkClock(date: string | undefined, nowMs: number, parse: (text: string) => number): void {
  if (!date) throw new ApiError(400, 'MissingDate', 'Date does not exist in http header.');
  const requestMs = parse(date);
  if (Number.isNaN(requestMs)) throw new ApiError(400, 'InvalidDateFormat', `Date ${date} is not a date.`);
  const server = () => new Date(nowMs).toUTCString();
  if (requestMs < nowMs - MAX_CLOCK_SKEW_MS) {
    throw new ApiError(
      400,
      'RequestTimeExpired',
      `Request time ${date} has been expired while server time is ${server()}.`,
    );
  }
  if (requestMs > nowMs + MAX_CLOCK_SKEW_MS) {
    throw new ApiError(
      400,
      'RequestTimeTooSkewed',
      `Request time ${date} is too far ahead of server time ${server()}.`,
    );
  }
}

function parseDateV4(text: string): number {
  const [, year, month, day, hour, minute, second] = DATE_V4.exec(text) ?? [];
  return year === undefined ? Number.NaN : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function checkContentMd5(request: SignedRequest): void {
  const claimed = request.headers['content-md5'];
  if (!claimed) return;
  if (claimed.toUpperCase() !== createHash('md5').update(request.body).digest('hex').toUpperCase()) {
    throw signatureNotMatch("Content-MD5 is not the body's MD5 (upper-case hex).");
  }
}

function checkSecurityToken(sent: string | undefined, expected: string): void {
  if (!sent) throw unauthorized('This access key is temporary: x-acs-security-token is missing.');
  if (!sameText(sent, expected)) throw unauthorized('The security token is not valid or has expired.');
}

function mismatch(accessKeyId: string): ApiError {
  return signatureNotMatch(
    `The signature does not match for AccessKeyId ${accessKeyId}: check the secret and the signer.`,
  );
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
