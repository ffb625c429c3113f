import { describe, expect, test } from 'vitest';
import { actionByKind, actionFor, classify, connectionErrors } from '../../../src/sls/error-table.ts';

// status, the service's code, our code, the action at start, the action while running
test.each([
  [401, 'Unauthorized', 'unauthorized', 'fatal', 'retry'],
  [401, 'InvalidAccessKeyId', 'unauthorized', 'fatal', 'retry'],
  [401, 'SecurityTokenExpired', 'security-token-invalid', 'fatal', 'retry'],
  [401, '', 'not-the-service', 'retry', 'retry'],
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
  [403, '', 'not-the-service', 'retry', 'retry'],
  [404, '', 'not-the-service', 'retry', 'retry'],
  [302, '', 'not-the-service', 'retry', 'retry'],
  [400, 'constructor', 'request-refused', 'fatal', 'retry'],
])('%i %s → %s: %s at start, %s while running', (status, serviceCode, code, first, later) => {
  const errorClass = classify(status, serviceCode);
  expect(errorClass.code).toBe(code);
  expect(actionFor('heartbeat', errorClass, 'start')).toBe(first);
  expect(actionFor('heartbeat', errorClass, 'running')).toBe(later);
});

test.each(['pull', 'getCursorTime', 'listCheckpoints'] as const)(
  'an unknown refusal of %s is the caller’s to act on',
  (operation) => {
    const refusal = classify(400, 'NeverHeardOf');
    expect(actionFor(operation, refusal, 'start')).toBe('reject');
    expect(actionFor(operation, refusal, 'running')).toBe('reject');
  },
);

describe('a process', () => {
  test('is never ended while it runs', () => {
    for (const row of Object.values(actionByKind)) expect(row.running).toBe('retry');
  });

  test('is ended at its start by the service alone, and not by what stands in between', () => {
    expect(actionByKind['not-the-service']?.start).toBe('retry');
    for (const each of Object.values(connectionErrors)) expect(actionFor('heartbeat', each, 'start')).toBe('retry');
  });
});
