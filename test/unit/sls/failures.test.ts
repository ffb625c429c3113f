import { describe, expect, test } from 'vitest';
import { type Attempt, errorFromAnswer, errorFromConnection, timeoutError } from '../../../src/sls/failures.ts';

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);
const attempt: Attempt = {
  call: { operation: 'pull', shard: 3 },
  where: { endpoint: 'https://e.example', project: 'proj', logstore: 'store', consumerGroup: 'siem' },
  phase: 'start',
  credentials: { accessKeyId: 'LTAI', accessKeySecret: 'the-secret', securityToken: 'the-token' },
  atMs: nowMs,
};

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { 'x-log-requestid': 'REQ7', ...headers }, body: Buffer.from(text) };
}

describe('an error answer', () => {
  test('becomes an error with all that is known', () => {
    const error = errorFromAnswer(answer(503, { errorCode: 'ServerBusy', errorMessage: 'try later' }), attempt);
    expect(error).toMatchObject({ status: 503, serviceCode: 'ServerBusy', requestId: 'REQ7', code: 'server-busy' });
    expect(error.action).toBe('retry');
    expect(error.context).toMatchObject({ operation: 'pull', shard: 3, project: 'proj', logstore: 'store' });
    expect(error.message).toBe(
      'Log Service: pulling logs (shard 3) failed (HTTP 503 ServerBusy, "try later", request REQ7)',
    );
  });

  test.each([
    [{ errorCode: 'InvalidCursor', errorMessage: 'm' }],
    [{ ErrorCode: 'InvalidCursor', ErrorMessage: 'm' }],
    [{ code: 'InvalidCursor', message: 'm' }],
    [{ error: 'InvalidCursor', message: 'm' }],
    [{ error: { code: 'InvalidCursor', message: 'm' } }],
    [{ Error: { Code: 'invalidcursor', Message: 'm', RequestId: 'r' } }],
  ])('is understood in the spelling %j', (body) => {
    const error = errorFromAnswer(answer(400, body), attempt);
    expect(error.code).toBe('invalid-cursor');
    expect(error.message).toContain('"m"');
  });

  test.each([['<html>\nBad\u0000 Gateway</html>'], ['[1]'], ['null'], ['']])('may be no JSON object: %j', (body) => {
    const error = errorFromAnswer(answer(404, body), attempt);
    expect([error.code, error.action]).toEqual(['not-the-service', 'retry']);
    expect(error.message).toContain('no answer of Log Service');
    expect(error.message).toContain('check the endpoint https://e.example');
    expect(error.message).not.toMatch(/[\x00-\x1f]/);
  });

  test('is quoted without our secrets, on one line, and cut', () => {
    const message = `you sent\r\nthe-secret and the-token\u2028${'x'.repeat(100_000)}`;
    const error = errorFromAnswer(answer(403, { errorCode: 'SignatureNotMatch', errorMessage: message }), attempt);
    expect(error.message).toContain('you sent [redacted] and [redacted] xxx');
    expect(error.message).not.toMatch(/the-secret|the-token|[\r\n\u2028]/);
    expect(error.message.length).toBeLessThan(1_000);
    expect(JSON.stringify(error.context)).not.toMatch(/the-secret|the-token/);
  });

  test('of the key says what to check', () => {
    const error = errorFromAnswer(answer(401, { errorCode: 'Unauthorized', errorMessage: 'no' }), attempt);
    expect(error.action).toBe('fatal');
    for (const part of ['LTAI', 'SLS_AK_ID', 'SLS_STS_TOKEN', 'log:GetCursorOrData', '"proj"', '"store"']) {
      expect(error.message).toContain(part);
    }
    expect(error.message).not.toContain('clock');
  });

  test('of the signature says what to check, and the clock when it is off', () => {
    const body = { errorCode: 'SignatureNotMatch', errorMessage: 'no' };
    const date = new Date(nowMs + 10 * 60_000).toUTCString();
    const error = errorFromAnswer(answer(403, body, { date }), attempt);
    expect(error.message).toContain('SLS_AK_KEY');
    expect(error.message).toContain('the server says 2026-01-01T12:10:00Z, the clock here says 2026-01-01T12:00:00Z');
    const inTime = errorFromAnswer(answer(403, body, { date: new Date(nowMs).toUTCString() }), attempt);
    expect(inTime.message).not.toContain('clock');
  });

  test('of the clock shows both', () => {
    const date = new Date(nowMs - 3_600_000).toUTCString();
    const error = errorFromAnswer(answer(400, { errorCode: 'RequestTimeTooSkewed' }, { date }), attempt);
    expect(error.code).toBe('clock-skew');
    expect(error.message).toContain('the server says 2026-01-01T11:00:00Z, the clock here says 2026-01-01T12:00:00Z');
  });

  test('of a name names project, logstore and endpoint', () => {
    const project = errorFromAnswer(answer(404, { errorCode: 'ProjectNotExist' }), attempt);
    expect(project.message).toMatch(/"proj".*https:\/\/e\.example/);
    const logstore = errorFromAnswer(answer(404, { errorCode: 'LogStoreNotExist' }), attempt);
    expect(logstore.message).toMatch(/"store".*"proj".*https:\/\/e\.example/);
  });
});

describe('a request without an answer', () => {
  const withCode = (code: string) => Object.assign(new Error(`it was ${code}`), { code });

  test.each([
    ['ENOTFOUND', 'name-not-resolved', 'retry'],
    ['EAI_AGAIN', 'name-not-resolved', 'retry'],
    ['ECONNREFUSED', 'connection-refused', 'retry'],
    ['ECONNRESET', 'connection-lost', 'retry'],
    ['UND_ERR_SOCKET', 'connection-lost', 'retry'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connect-timeout', 'retry'],
    ['EMFILE', 'out-of-descriptors', 'retry'],
    ['EHOSTUNREACH', 'connection-failed', 'retry'],
    ['HPE_INVALID_CONSTANT', 'bad-answer', 'retry'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate-not-trusted', 'retry'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate-not-trusted', 'retry'],
  ])('%s → %s, %s at start', (code, ours, action) => {
    const error = errorFromConnection(withCode(code), attempt);
    expect(error).toMatchObject({ code: ours, action, status: 0, serviceCode: '' });
    expect(error?.message).toContain(code);
    expect(error?.cause).toBeInstanceOf(Error);
  });

  test('is found inside of others', () => {
    const several = new AggregateError([withCode('ECONNREFUSED'), withCode('ENETUNREACH')], 'all failed');
    expect(errorFromConnection(several, attempt)?.code).toBe('connection-refused');
    expect(errorFromConnection(new Error('fetch', { cause: withCode('EPIPE') }), attempt)?.code).toBe(
      'connection-lost',
    );
  });

  test.each([
    [new TypeError('x is not a function')],
    [withCode('UND_ERR_INVALID_ARG')],
    [withCode('ERR_OUT_OF_RANGE')],
    ['text'],
    [undefined],
  ])('may be somebody else’s exception, and is a failure of that one request: %s', (thrown) => {
    expect(errorFromConnection(thrown, attempt)).toMatchObject({ action: 'retry', status: 0 });
  });

  test('may have taken too long', () => {
    expect(timeoutError(5000, attempt)).toMatchObject({ code: 'request-timeout', action: 'retry', status: 0 });
    expect(timeoutError(5000, attempt).message).toContain('within 5000 ms');
  });
});
