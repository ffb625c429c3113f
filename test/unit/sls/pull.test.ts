/** Pulls: what is asked, what is believed, and what is refused before a byte is allocated for it. */
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { CorruptBatchError } from '../../../src/core/errors.ts';
import { answerError, answerJson } from '../../support/service/scripted-http.ts';
import { closeAll, makeService } from '../../support/service/sls-client.ts';

afterEach(closeAll);

const signal = new AbortController().signal;
const bytes = Buffer.from('these stand for a compressed LogGroupList');

function answerPull(response: ServerResponse, headers: Record<string, string>, body: Uint8Array = bytes): void {
  response.writeHead(200, {
    'content-type': 'application/x-protobuf',
    'x-log-cursor': 'next',
    'x-log-count': '2',
    'x-log-bodyrawsize': '100',
    'x-log-compresstype': 'lz4',
    ...headers,
  });
  response.end(body);
}

test('hands the body on as it came', async () => {
  const { service, server } = await makeService((_request, response) => answerPull(response, {}));
  const batch = await service.pull(3, 'cur', { maxLogGroups: 500, signal });
  expect(batch).toMatchObject({ nextCursor: 'next', logGroupCount: 2, body: { compression: 'lz4', rawSize: 100 } });
  expect(Buffer.from(batch.body!.bytes)).toEqual(bytes);
  const [request] = server.received;
  expect(request?.url).toBe('/logstores/store/shards/3?type=logs&cursor=cur&count=500');
  expect(request?.headers).toMatchObject({ accept: 'application/x-protobuf', 'accept-encoding': 'lz4' });
});

test('asks for an end, a query and a count within 1..1000', async () => {
  const query = '* | where level = 5';
  const { service, server } = await makeService((_request, response) => answerPull(response, {}), { query });
  await service.pull(3, 'cur', { maxLogGroups: 5_000, endCursor: 'end', signal });
  await service.pull(3, 'cur', { maxLogGroups: 0, signal });
  const [first, second] = server.received.map(({ url }) => new URL(url, 'http://x').searchParams);
  expect(Object.fromEntries(first!)).toEqual({
    type: 'logs',
    cursor: 'cur',
    count: '1000',
    end_cursor: 'end',
    query,
    pullMode: 'scan_on_stream',
  });
  expect(second!.get('count')).toBe('1');
});

test('no data is no body, and not the end of the shard', async () => {
  const { service } = await makeService((_request, response) =>
    answerPull(response, { 'x-log-bodyrawsize': '0', 'x-log-count': '0' }, Buffer.alloc(0)),
  );
  expect(await service.pull(3, 'cur', { maxLogGroups: 1, signal })).toEqual({
    body: undefined,
    nextCursor: 'next',
    logGroupCount: 0,
  });
});

test.each([
  ['lz4', 'lz4'],
  ['LZ4', 'lz4'],
  ['zstd', 'zstd'],
  ['deflate', 'deflate'],
  ['none', 'none'],
])('knows the compression %s', async (header, compression) => {
  const { service } = await makeService((_request, response) =>
    answerPull(response, { 'x-log-compresstype': header, 'x-log-bodyrawsize': String(bytes.length) }),
  );
  const batch = await service.pull(3, 'cur', { maxLogGroups: 1, signal });
  expect(batch.body?.compression).toBe(compression);
});

describe('refuses an answer that lies, once, and leaves it to the caller to ask again', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['a size over the bound', { 'x-log-bodyrawsize': String((64 << 20) + 1) }, /claims 67108865 bytes of logs/],
    ['a size of 2 GiB', { 'x-log-bodyrawsize': '2147483648' }, /more than the 67108864/],
    ['a size beyond numbers', { 'x-log-bodyrawsize': '9'.repeat(400) }, /gives no valid size/],
    ['a negative size', { 'x-log-bodyrawsize': '-1' }, /gives no valid size/],
    ['a broken size', { 'x-log-bodyrawsize': '1.5' }, /gives no valid size/],
    ['a size in words', { 'x-log-bodyrawsize': '0x10' }, /gives no valid size/],
    ['an empty size', { 'x-log-bodyrawsize': '' }, /gives no valid size/],
    ['an unknown compression', { 'x-log-compresstype': 'constructor' }, /compressed with "constructor"/],
  ])('%s', async (_name, headers, message) => {
    const { service, server } = await makeService((_request, response) => answerPull(response, headers));
    const error = await service.pull(3, 'cur', { maxLogGroups: 1, signal }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CorruptBatchError);
    expect(String(error)).toMatch(message);
    expect(server.received).toHaveLength(1);
  });

  test('a body longer than its raw size can make, by content-length', async () => {
    const { service } = await makeService((_request, response) =>
      answerPull(response, { 'x-log-bodyrawsize': '100' }, Buffer.alloc(200)),
    );
    await expect(service.pull(3, 'cur', { maxLogGroups: 1, signal })).rejects.toBeInstanceOf(CorruptBatchError);
  });

  test('a body that is only announced to be longer: not a byte of it is waited for', async () => {
    const { service, server } = await makeService((_request, response) => {
      response.writeHead(200, { 'x-log-cursor': 'n', 'x-log-bodyrawsize': '100', 'content-length': '1000000000' });
      response.flushHeaders();
    });
    await expect(service.pull(3, 'cur', { maxLogGroups: 1, signal })).rejects.toBeInstanceOf(CorruptBatchError);
    await expect.poll(() => server.isOpen(server.received[0]!.connection)).toBe(false);
  });

  test('a body longer than its raw size can make, that does not end', async () => {
    const { service, server } = await makeService((_request, response) => {
      response.writeHead(200, { 'x-log-cursor': 'n', 'x-log-bodyrawsize': '1000', 'x-log-compresstype': 'lz4' });
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', pour);
      pour();
    });
    await expect(service.pull(3, 'cur', { maxLogGroups: 1, signal })).rejects.toBeInstanceOf(CorruptBatchError);
    await expect.poll(() => server.isOpen(server.received[0]!.connection)).toBe(false);
  });
});

test('accepts what incompressible data makes', async () => {
  const rawSize = 100_000;
  const { service } = await makeService((_request, response) =>
    answerPull(
      response,
      { 'x-log-bodyrawsize': String(rawSize) },
      Buffer.alloc(rawSize + Math.ceil(rawSize / 255) + 16),
    ),
  );
  await expect(service.pull(3, 'cur', { maxLogGroups: 1, signal })).resolves.toMatchObject({ nextCursor: 'next' });
});

test('an answer without a cursor is asked for again', async () => {
  const { service } = await makeService((_request, response, index) => {
    if (index === 0) answerPull(response, { 'x-log-cursor': '' });
    else answerPull(response, {});
  });
  expect(await service.pull(3, 'cur', { maxLogGroups: 1, signal })).toMatchObject({ nextCursor: 'next' });
});

test('an expired cursor is rejected, a shard that is gone is given up', async () => {
  const { service, server } = await makeService((_request, response, index) =>
    answerError(response, 400, index === 0 ? 'InvalidCursor' : 'ShardNotExsit'),
  );
  const options = { maxLogGroups: 1, signal };
  await expect(service.pull(3, 'c', options)).rejects.toMatchObject({ code: 'invalid-cursor', action: 'reject' });
  await expect(service.pull(3, 'c', options)).rejects.toMatchObject({ action: 'release-shard' });
  expect(server.received).toHaveLength(2);
});

test('64 shards are pulled at once over 64 connections, and a heartbeat does not wait for them', async () => {
  let held: ServerResponse[] | undefined = [];
  const { service, server } = await makeService(({ method }, response) => {
    if (method === 'POST') answerJson(response, [1]);
    else if (held) held.push(response);
    else answerPull(response, {});
  });
  const shards = Array.from({ length: 80 }, (_, shard) => shard);
  const pulls = shards.map((shard) => service.pull(shard, 'c', { maxLogGroups: 1, signal }));
  await server.requested(64);
  expect(await service.heartbeat([], signal)).toEqual([1]);
  expect(new Set(server.received.map(({ connection }) => connection)).size).toBe(65);

  const waiting = held;
  held = undefined;
  for (const response of waiting) answerPull(response, {});
  expect(await Promise.all(pulls)).toHaveLength(80);
  expect(new Set(server.received.map(({ connection }) => connection)).size).toBe(65);
});
