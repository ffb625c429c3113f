import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/core/errors.ts';
import { resolveAddress, resolveRegion } from '../../../src/sls/endpoint.ts';

describe('resolveAddress', () => {
  test.each([
    ['cn-hangzhou.log.aliyuncs.com', 'https://p-1.cn-hangzhou.log.aliyuncs.com', 'p-1.cn-hangzhou.log.aliyuncs.com'],
    [
      'https://cn-hangzhou.log.aliyuncs.com/',
      'https://p-1.cn-hangzhou.log.aliyuncs.com',
      'p-1.cn-hangzhou.log.aliyuncs.com',
    ],
    [
      'http://cn-hangzhou-intranet.log.aliyuncs.com',
      'http://p-1.cn-hangzhou-intranet.log.aliyuncs.com',
      'p-1.cn-hangzhou-intranet.log.aliyuncs.com',
    ],
    ['sls.corp:8443', 'https://p-1.sls.corp:8443', 'p-1.sls.corp:8443'],
    ['https://sls.corp:443', 'https://p-1.sls.corp', 'p-1.sls.corp'],
    ['http://127.0.0.1:12345', 'http://127.0.0.1:12345', 'p-1.127.0.0.1:12345'],
    ['10.1.2.3', 'https://10.1.2.3', 'p-1.10.1.2.3'],
    ['http://[::1]:8080', 'http://[::1]:8080', 'p-1.[::1]:8080'],
    ['http://localhost:8080', 'http://localhost:8080', 'p-1.localhost:8080'],
    [
      '  HTTP://CN-Hangzhou.log.aliyuncs.com ',
      'http://p-1.cn-hangzhou.log.aliyuncs.com',
      'p-1.cn-hangzhou.log.aliyuncs.com',
    ],
  ])('%s', (endpoint, origin, host) => {
    expect(resolveAddress(endpoint, 'p-1')).toEqual({ origin, host });
  });

  test.each([
    ['', /not an address/],
    ['ftp://cn-hangzhou.log.aliyuncs.com', /scheme "ftp:"/],
    ['cn-hangzhou.log.aliyuncs.com/logstores', /must not have a path/],
    ['https://user:pass@cn-hangzhou.log.aliyuncs.com', /credentials/],
    ['p-1.cn-hangzhou.log.aliyuncs.com', /already contains the project; use "cn-hangzhou.log.aliyuncs.com"/],
    ['a b', /not an address/],
  ])('refuses "%s", and says where it is set', (endpoint, message) => {
    const act = () => resolveAddress(endpoint, 'p-1');
    expect(act).toThrow(message);
    expect(act).toThrow(ConfigError);
    try {
      act();
    } catch (error) {
      expect((error as ConfigError).problems[0]).toMatchObject({ flag: '--endpoint', variable: 'SLS_ENDPOINT' });
      expect((error as ConfigError).message).not.toContain('pass@');
    }
  });

  test('refuses a project that would change the host', () => {
    for (const project of ['', 'a.b', 'a/b', 'a@b', 'a:b']) {
      expect(() => resolveAddress('sls.corp', project), project).toThrow(ConfigError);
    }
  });
});

// The forms are those of the reference's table of endpoints, and of the official SDKs' own tests.
test.each([
  ['cn-hangzhou.log.aliyuncs.com', 'cn-hangzhou'],
  ['https://cn-hangzhou.log.aliyuncs.com', 'cn-hangzhou'],
  ['http://cn-hangzhou.log.aliyuncs.com:80/', 'cn-hangzhou'],
  ['cn-hangzhou.log.aliyuncs.com.', 'cn-hangzhou'],
  ['CN-HANGZHOU.sls.aliyuncs.com', 'cn-hangzhou'],
  ['cn-hangzhou-intranet.log.aliyuncs.com', 'cn-hangzhou'],
  ['cn-beijing-internal.log.aliyuncs.com', 'cn-beijing'],
  ['cn-shanghai-share.log.aliyuncs.com', 'cn-shanghai'],
  ['cn-shanghai-vpc.sls.aliyuncs.com', 'cn-shanghai'],
  ['cn-hangzhou-acdr-ut-1-internal.log.aliyuncs.com', 'cn-hangzhou-acdr-ut-1'],
  ['cn-shanghai-finance-1.log.aliyuncs.com', 'cn-shanghai-finance-1'],
  ['us-east-1.log.aliyuncs.com', 'us-east-1'],
  ['zhangbei-corp-share.log.aliyuncs.com', 'cn-zhangbei-corp'],
  ['log-global.aliyuncs.com', undefined],
  ['cn-hangzhou.oss.aliyuncs.com', undefined],
  ['cn-hangzhou.log.aliyuncs.com.cn', undefined],
  ['p.cn-hangzhou.log.aliyuncs.com', undefined],
  ['ftp://cn-hangzhou.log.aliyuncs.com', undefined],
  ['127.0.0.1:8080', undefined],
  ['http://localhost:8080', undefined],
  ['', undefined],
])('resolveRegion: %s → %s', (endpoint, region) => {
  expect(resolveRegion(endpoint)).toBe(region);
});
