import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createStaticCredentials, redact, sameCredentials } from '../../../../src/sls/signing/credentials.ts';

const given = { accessKeyId: 'LTAI', accessKeySecret: 'the-secret', securityToken: 'the-token' };

test('are what was given, and what replaces it', async () => {
  const provider = createStaticCredentials(given);
  const before = await provider.current();
  expect([before.accessKeyId, before.accessKeySecret, before.securityToken]).toEqual([
    'LTAI',
    'the-secret',
    'the-token',
  ]);
  provider.replace({ accessKeyId: 'LTAJ', accessKeySecret: 'another' });
  await provider.refresh();
  const after = await provider.current();
  expect([after.accessKeyId, after.accessKeySecret, after.securityToken]).toEqual(['LTAJ', 'another', '']);
  expect(before.accessKeySecret).toBe('the-secret');
});

test('show neither secret nor token, however they are printed', async () => {
  const credentials = await createStaticCredentials(given).current();
  const nested = { options: { credentials } };
  for (const shown of [
    String(credentials),
    JSON.stringify(nested),
    inspect(nested, { depth: null, showHidden: true, getters: true }),
    JSON.stringify({ ...credentials }),
    JSON.stringify(Object.entries(credentials)),
  ]) {
    expect(shown).toContain('LTAI');
    expect(shown).not.toMatch(/the-secret|the-token/);
  }
});

test('no token and an empty one are the same', () => {
  const key = { accessKeyId: 'a', accessKeySecret: 'b' };
  expect(sameCredentials(key, { ...key, securityToken: '' })).toBe(true);
  expect(sameCredentials(key, { ...key, securityToken: 't' })).toBe(false);
  expect(sameCredentials(key, { ...key, accessKeySecret: 'c' })).toBe(false);
  expect(sameCredentials(key, { ...key, accessKeyId: 'c' })).toBe(false);
});

test('redact takes every occurrence out of a text', () => {
  expect(redact('k=the-secret&t=the-token&k=the-secret', given)).toBe('k=[redacted]&t=[redacted]&k=[redacted]');
  expect(redact('as it is', { accessKeyId: 'a', accessKeySecret: '' })).toBe('as it is');
  expect(redact('as it is', undefined)).toBe('as it is');
});
