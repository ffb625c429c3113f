/** Signatures by the official packages are in the integration test; here is what they never send. */
import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../src/emulator/auth/authenticate.ts';
import type { SignedRequest } from '../../../src/emulator/auth/signed-request.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 10, 11, 12);
const MINUTE_MS = 60_000;
const CREDENTIALS = { accessKeyId: 'ak', accessKeySecret: 'sk' };
const BODY = Buffer.from('{"a":1}');
const MD5 = createHash('md5').update(BODY).digest('hex').toUpperCase();

interface V1Options {
  readonly headers?: Record<string, string>;
  /** Headers that are added after signing. */
  readonly unsigned?: Record<string, string>;
  readonly rawQuery?: string;
  /** The query as it is signed. */
  readonly signedQuery?: string;
  readonly hmac?: 'sha1' | 'sha256';
}

/** Signed by the specification's text, word for word. */
function requestV1({ headers = {}, unsigned = {}, rawQuery = '', signedQuery = rawQuery, hmac = 'sha1' }: V1Options) {
  const all: Record<string, string> = {
    host: 'demo.example.com',
    date: new Date(NOW_MS).toUTCString(),
    'content-type': 'application/json',
    'content-md5': MD5,
    'x-log-apiversion': '0.6.0',
    'x-log-bodyrawsize': '7',
    'x-log-signaturemethod': `hmac-${hmac}`,
    ...headers,
  };
  const lines = Object.keys(all)
    .filter((name) => name.startsWith('x-'))
    .sort()
    .map((name) => `${name}:${all[name]}`);
  const resource = signedQuery === '' ? '/logstores/l' : `/logstores/l?${signedQuery}`;
  const text = ['POST', all['content-md5'], all['content-type'], all.date, ...lines, resource].join('\n');
  const authorization = `LOG ak:${createHmac(hmac, 'sk').update(text).digest('base64')}`;
  return request({ ...all, ...unsigned, authorization }, rawQuery);
}

function requestV4(options: { dateTime?: string; date?: string; region?: string; contentHash?: string }) {
  const { dateTime = '20261120T101112Z', date = dateTime.slice(0, 8), region = 'cn-hangzhou' } = options;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    host: 'demo.example.com:8080',
    'x-log-apiversion': '0.6.0',
    'x-log-content-sha256': options.contentHash ?? createHash('sha256').update(BODY).digest('hex'),
    'x-log-date': dateTime,
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    'POST',
    '/logstores/l',
    'empty&query=a%20%2A%7C%21',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    headers['x-log-content-sha256'],
  ].join('\n');
  const scope = `${date}/${region}/sls/aliyun_v4_request`;
  const text = ['SLS4-HMAC-SHA256', dateTime, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const key = hmac(hmac(hmac(hmac('aliyun_v4sk', date), region), 'sls'), 'aliyun_v4_request');
  const signature = hmac(key, text).toString('hex');
  const authorization = `SLS4-HMAC-SHA256 Credential=ak/${scope},Signature=${signature}`;
  return request({ ...headers, authorization }, 'query=a%20*%7C%21&empty=');
}

function request(headers: Record<string, string>, rawQuery: string): SignedRequest {
  return { method: 'POST', path: '/logstores/l', rawQuery, headers, body: BODY };
}

function without(original: SignedRequest, name: string): SignedRequest {
  return { ...original, headers: Object.fromEntries(Object.entries(original.headers).filter(([key]) => key !== name)) };
}

function check(signed: SignedRequest, more: { securityToken?: string; region?: string } = {}): void {
  const { securityToken, region } = more;
  authenticate(signed, {
    credentials: [{ ...CREDENTIALS, ...(securityToken && { securityToken }) }],
    region,
    nowMs: NOW_MS,
  });
}

const refused = (code: string, status: number) => expect.objectContaining({ code, status });

describe('version 1', () => {
  it.each(['sha1', 'sha256'] as const)('is accepted with hmac-%s', (hmac) => {
    expect(() => check(requestV1({ hmac }))).not.toThrow();
  });

  it('signs the query decoded, with or without the sign of an empty value', () => {
    expect(() => check(requestV1({ rawQuery: 'q=a%20b%3D&e=', signedQuery: 'e=&q=a b=' }))).not.toThrow();
    expect(() => check(requestV1({ rawQuery: 'q=a+b&e', signedQuery: 'e&q=a b' }))).not.toThrow();
    expect(() => check(requestV1({ rawQuery: 'q=a+b', signedQuery: 'q=a+b' }))).not.toThrow();
    expect(() => check(requestV1({ rawQuery: 'q=a', signedQuery: 'q=b' }))).toThrow(refused('SignatureNotMatch', 403));
  });

  it('takes x-log-date in the signed set or added after signing', () => {
    const date = { 'x-log-date': new Date(NOW_MS).toUTCString() };
    expect(() => check(requestV1({ headers: date }))).not.toThrow();
    expect(() => check(requestV1({ unsigned: date }))).not.toThrow();
    expect(() => check(requestV1({ unsigned: { 'x-log-other': '1' } }))).toThrow(refused('SignatureNotMatch', 403));
  });

  it('refuses a clock that is more than 15 minutes off, in each direction', () => {
    const at = (minutes: number) =>
      requestV1({ headers: { date: new Date(NOW_MS + minutes * MINUTE_MS).toUTCString() } });
    expect(() => check(at(-15))).not.toThrow();
    expect(() => check(at(15))).not.toThrow();
    expect(() => check(at(-15.1))).toThrow(refused('RequestTimeExpired', 400));
    expect(() => check(at(15.1))).toThrow(refused('RequestTimeTooSkewed', 400));
    expect(() => check(requestV1({ headers: { date: 'yesterday' } }))).toThrow(refused('InvalidDateFormat', 400));
    expect(() => check(without(requestV1({}), 'date'))).toThrow(refused('MissingDate', 400));
  });

  it("refuses a Content-MD5 that is not the body's", () => {
    const wrong = requestV1({ headers: { 'content-md5': MD5.replace(/./, (c) => (c === '0' ? '1' : '0')) } });
    expect(() => check(wrong)).toThrow(expect.objectContaining({ message: expect.stringContaining('Content-MD5') }));
    expect(() => check({ ...requestV1({}), body: Buffer.from('other') })).toThrow(refused('SignatureNotMatch', 403));
  });

  it('refuses headers that are missing or unknown', () => {
    const method = { 'x-log-signaturemethod': 'hmac-md5' };
    expect(() => check(requestV1({ headers: method }))).toThrow(refused('InvalidSignatureMethod', 400));
    expect(() => check(without(requestV1({}), 'x-log-signaturemethod'))).toThrow(
      refused('MissingSignatureMethod', 400),
    );
    expect(() => check(without(requestV1({}), 'x-log-apiversion'))).toThrow(refused('MissingAPIVersion', 400));
    expect(() => check(requestV1({ headers: { 'x-log-apiversion': '9' } }))).toThrow(refused('InvalidAPIVersion', 400));
    expect(() => check(without(requestV1({}), 'authorization'))).toThrow(refused('Unauthorized', 401));
  });

  it('checks the security token where one is configured, and never tells the secret', () => {
    const token = { 'x-acs-security-token': 'token' };
    expect(() => check(requestV1({ headers: token }), { securityToken: 'token' })).not.toThrow();
    expect(() => check(requestV1({ headers: token }), { securityToken: 'newer' })).toThrow(
      refused('Unauthorized', 401),
    );
    expect(() => check(requestV1({}), { securityToken: 'token' })).toThrow(refused('Unauthorized', 401));
    expect(() => check(requestV1({ headers: token }), { securityToken: 'newer' })).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/newer|sk/) }),
    );
  });
});

describe('version 4', () => {
  it('is accepted, for any region or the configured one', () => {
    expect(() => check(requestV4({}))).not.toThrow();
    expect(() => check(requestV4({}), { region: 'cn-hangzhou' })).not.toThrow();
    expect(() => check(requestV4({}), { region: 'eu-central-1' })).toThrow(refused('SignatureNotMatch', 403));
  });

  it('refuses what was changed after signing', () => {
    const signed = requestV4({});
    const changed = (headers: Record<string, string>) => ({ ...signed, headers: { ...signed.headers, ...headers } });
    expect(() => check(changed({ host: 'demo.example.com' }))).toThrow(refused('SignatureNotMatch', 403));
    expect(() => check(changed({ 'x-log-other': '1' }))).toThrow(refused('SignatureNotMatch', 403));
    expect(() => check({ ...signed, rawQuery: 'query=a' })).toThrow(refused('SignatureNotMatch', 403));
    expect(() => check({ ...signed, body: Buffer.from('{}') })).toThrow(refused('SignatureNotMatch', 403));
    expect(() => check(changed({ 'user-agent': 'not signed' }))).not.toThrow();
  });

  it('refuses a content hash that is not that of the body, a foreign day and a skewed clock', () => {
    expect(() => check(requestV4({ contentHash: '0'.repeat(64) }))).toThrow(refused('SignatureNotMatch', 403));
    expect(() => check(requestV4({ date: '20261119' }))).toThrow(refused('SignatureNotMatch', 403));
    expect(() => check(requestV4({ dateTime: '20261120T095000Z' }))).toThrow(refused('RequestTimeExpired', 400));
    expect(() => check(requestV4({ dateTime: '20261120T103000Z' }))).toThrow(refused('RequestTimeTooSkewed', 400));
    expect(() => check(requestV4({ dateTime: '2026-11-20', date: '20261120' }))).toThrow(
      refused('InvalidDateFormat', 400),
    );
  });
});
