import { describe, expect, test } from 'vitest';
import { actionFor, classify, type Phase } from '../../../src/sls/error-table.ts';

const atStart: Phase = { atStart: true, hasWorked: false, isOptional: false };
const running: Phase = { atStart: false, hasWorked: true, isOptional: false };

// status, the service's code, our code, the action at start, the action while running
test.each([
  [401, 'Unauthorized', 'unauthorized', 'fatal', 'retry'],
  [401, 'InvalidAccessKeyId', 'unauthorized', 'fatal', 'retry'],
  [401, 'SecurityTokenExpired', 'security-token-invalid', 'fatal', 'retry'],
  [401, '', 'unauthorized', 'fatal', 'retry'],
  [403, 'SignatureNotMatch', 'signature-not-match', 'fatal', 'retry'],
  [401, 'SignatureNotMatch', 'signature-not-match', 'fatal', 'retry'],
  [400, 'RequestTimeTooSkewed', 'clock-skew', 'fatal', 'retry'],
  [400, 'RequestTimeExpired', 'clock-skew', 'fatal', 'retry'],
  [404, 'ProjectNotExist', 'project-not-exist', 'fatal', 'retry'],
  [404, 'LogStoreNotExist', 'logstore-not-exist', 'fatal', 'retry'],
  [400, 'ConsumerGroupQuotaExceed', 'consumer-group-quota', 'fatal', 'retry'],
  [403, 'ShardReadQuotaExceed', 'read-quota', 'retry', 'retry'],
  [403, 'ReadQuotaExceed', 'read-quota', 'retry', 'retry'],
  [403, 'ProjectForbidden', 'project-forbidden', 'retry', 'retry'],
  [403, 'MetaOperationQpsLimitExceeded', 'request-quota', 'retry', 'retry'],
  [503, 'ServerBusy', 'server-busy', 'retry', 'retry'],
  [500, 'InternalServerError', 'server-error', 'retry', 'retry'],
  [502, '', 'server-error', 'retry', 'retry'],
  [599, 'NeverHeardOf', 'server-error', 'retry', 'retry'],
  [429, '', 'request-quota', 'retry', 'retry'],
  [400, 'InvalidCursor', 'invalid-cursor', 'reject', 'reject'],
  [404, 'ShardNotExist', 'shard-not-exist', 'release-shard', 'release-shard'],
  [400, 'ShardNotExsit', 'shard-not-exist', 'release-shard', 'release-shard'],
  [400, 'ConsumerNotMatch', 'consumer-not-match', 'release-shard', 'release-shard'],
  [404, 'ConsumerNotExsit', 'consumer-not-exist', 'release-shard', 'release-shard'],
  [404, 'consumernotexist', 'consumer-not-exist', 'release-shard', 'release-shard'],
  [404, 'ConsumerGroupNotExist', 'consumer-group-not-exist', 'retry', 'retry'],
  [404, 'CONSUMERGROUPNOTEXSIT', 'consumer-group-not-exist', 'retry', 'retry'],
  [400, 'ConsumerGroupAlreadyExist', 'consumer-group-already-exist', 'reject', 'reject'],
  [400, 'NeverHeardOf', 'request-refused', 'fatal', 'retry'],
  [403, 'NeverHeardOf', 'request-refused', 'fatal', 'retry'],
  [404, '', 'request-refused', 'fatal', 'retry'],
  [302, '', 'request-refused', 'fatal', 'retry'],
  [400, 'constructor', 'request-refused', 'fatal', 'retry'],
])('%i %s → %s: %s at start, %s while running', (status, serviceCode, code, first, later) => {
  const errorClass = classify(status, serviceCode);
  expect(errorClass.code).toBe(code);
  expect(actionFor(errorClass, atStart)).toBe(first);
  expect(actionFor(errorClass, running)).toBe(later);
});

describe('an unknown refusal', () => {
  const refusal = classify(400, 'NeverHeardOf');

  test('is fatal for an operation that has never worked, though others have', () => {
    expect(actionFor(refusal, { atStart: false, hasWorked: false, isOptional: false })).toBe('fatal');
  });

  test('is rejected where the caller can do without', () => {
    expect(actionFor(refusal, { atStart: true, hasWorked: false, isOptional: true })).toBe('reject');
    expect(actionFor(refusal, { atStart: false, hasWorked: true, isOptional: true })).toBe('reject');
  });
});

test('a revoked key is retried, though the operation has never worked', () => {
  expect(actionFor(classify(401, 'Unauthorized'), { ...running, hasWorked: false })).toBe('retry');
});
