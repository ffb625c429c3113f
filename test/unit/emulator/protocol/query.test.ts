import { describe, expect, it } from 'vitest';
import {
  decodeLogGroupList,
  encodeLogGroupList,
  type LogGroup,
} from '../../../../src/emulator/protocol/log-group-schema.ts';
import { parseQueryString } from '../../../../src/emulator/protocol/query.ts';

const field = (key: string, value: string) => ({ Key: Buffer.from(key), Value: Buffer.from(value) });
const LIST = encodeLogGroupList([
  group('web', [
    { status: '200', path: '/a' },
    { status: '404', path: '/b.c' },
  ]),
  group('it', [{ status: '404', name: "o'brien" }]),
]);

function group(topic: string, logs: Record<string, string>[]): LogGroup {
  return {
    Logs: logs.map((log) => ({ Time: 1, Contents: Object.entries(log).map(([key, value]) => field(key, value)) })),
    Topic: Buffer.from(topic),
    LogTags: [field('host', `${topic}-1`)],
  };
}

function run(query: string): string[] {
  const result = parseQueryString(query).run(LIST);
  const found = decodeLogGroupList(result.raw).map((each) => {
    const values = each.Logs.map((log) => log.Contents.map((one) => Buffer.from(one.Value).toString()).join(' '));
    return `${Buffer.from(each.Topic!).toString()}: ${values.join(', ')}`;
  });
  expect(result.logGroupCount).toBe(found.length);
  return found;
}

describe('a query', () => {
  it.each([
    ['*', ['web: 200 /a, 404 /b.c', "it: 404 o'brien"]],
    ["* | where status = '404'", ['web: 404 /b.c', "it: 404 o'brien"]],
    ["*|WHERE status!='404'", ['web: 200 /a']],
    ["* | where path != '/a'", ['web: 404 /b.c']],
    ["* | where status = '404' and path = '/b.c'", ['web: 404 /b.c']],
    ["* | where name = 'o''brien'", ["it: 404 o'brien"]],
    ["* | where path like '/_.%'", ['web: 404 /b.c']],
    ["* | where __topic__ = 'it'", ["it: 404 o'brien"]],
    ["* | where \"__tag__:host\" = 'web-1' and status = '200'", ['web: 200 /a']],
    ["* | where nothing = 'x'", []],
  ])('%s', (query, expected) => {
    expect(run(query)).toEqual(expected);
  });

  it.each([
    '',
    'status: 404',
    '* | project a',
    '* | where',
    '* | where a = 1',
    "* | where a = 'b' or c = 'd'",
    "* | where a = 'b' and",
  ])('outside of the subset is refused: %j', (query) => {
    expect(() => parseQueryString(query)).toThrow(expect.objectContaining({ code: 'InvalidQueryString', status: 400 }));
  });
});
