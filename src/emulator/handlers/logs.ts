/** Handlers of PullLogs and PutLogs. */
import type { PackedPull, PullCache } from '../model/pull-cache.ts';
import type { GroupRange, ShardLog } from '../model/shard-log.ts';
import { ApiError, parameterInvalid, postBodyInvalid } from '../protocol/api-error.ts';
import { type BodyCompression, chooseCompression, compress, decompress } from '../protocol/compression.ts';
import type { Dialect } from '../protocol/dialect.ts';
import { decodeLogGroup } from '../protocol/log-group-schema.ts';
import { parseQueryString } from '../protocol/query.ts';
import { type ApiRequest, DONE, type Handlers } from './handler.ts';
import { findLogstore, findShard } from './shards.ts';

const MAX_GROUPS_PER_PULL = 1000;
const MAX_PUT_BYTES = 10 * 1024 * 1024;
const MAX_LOGS_PER_PUT = 40_960;
const PROTOBUF = 'application/x-protobuf';

export const logHandlers: Handlers = {
  PullLogs(request) {
    const { query, store } = request;
    if (query.get('processor')) throw parameterInvalid('the embedded service has no consume processors');
    const shard = findShard(request);
    const firstIndex = shard.indexOf(query.get('cursor') ?? '');
    const endCursor = query.get('end_cursor');
    const endIndex = endCursor ? shard.indexOf(endCursor) : shard.endIndex;
    const range = shard.range(firstIndex, readCount(query.get('count')), endIndex);
    const spl = query.get('query') ?? '';
    const compression = chooseCompression(request.headers['accept-encoding']);
    const logstore = `${request.project}/${request.route.logstore}`;
    const packed = packRange(request.cache, { logstore, shard, range, compression, spl });

    store.pulled.requests++;
    store.pulled.logGroups += range.groupCount;
    store.pulled.logs += packed.logCount;
    store.pulled.rawBytes += packed.rawSize;
    store.pulled.bodyBytes += packed.body.length;
    return {
      status: 200,
      headers: pullHeaders(shard, range, packed, { compression, spl, dialect: store.dialect }),
      body: packed.body,
    };
  },

  PutLogs(request) {
    const { headers, body, store } = request;
    const type = headers['content-type'];
    if (!type) {
      throw new ApiError(
        400,
        'MissingContentType',
        'Content-Type does not exist in http header when body is not empty.',
      );
    }
    if (type !== PROTOBUF) throw new ApiError(415, 'InvalidContentType', `Content-Type ${type} is unsupported.`);
    const raw = decompress(body, headers['x-log-compresstype'] ?? '', readRawSize(headers, body.length));
    const logCount = countLogs(raw);
    const shard = findLogstore(request).shardFor(request.query.get('key') || undefined);
    if (logCount > 0) shard.append(raw, logCount, store.now(), 'put');
    return DONE;
  },
};

/**
 * The compressed body of a pull, from the cache where it has it.
 * @param spl the query; empty: none
 */
export function packRange(
  cache: PullCache,
  {
    logstore,
    shard,
    range,
    compression,
    spl,
  }: {
    /** With its project: `demo/logs`. */
    readonly logstore: string;
    readonly shard: ShardLog;
    readonly range: GroupRange;
    readonly compression: BodyCompression;
    readonly spl: string;
  },
): PackedPull {
  if (range.groupCount === 0 && spl === '') return EMPTY_PULL;
  const key = [logstore, shard.id, range.firstIndex, range.groupCount, compression, spl].join(' ');
  return cache.get(key, () => {
    const all = shard.read(range);
    const { raw, logGroupCount, logCount } =
      spl === ''
        ? { raw: all, logGroupCount: range.groupCount, logCount: range.logCount }
        : parseQueryString(spl).run(all);
    const body = raw.length === 0 ? raw : compress(raw, compression);
    return { body, rawSize: raw.length, logGroupCount, logCount };
  });
}

const EMPTY_PULL: PackedPull = { body: Buffer.alloc(0), rawSize: 0, logGroupCount: 0, logCount: 0 };

function pullHeaders(
  shard: ShardLog,
  range: GroupRange,
  packed: PackedPull,
  {
    compression,
    spl,
    dialect,
  }: { readonly compression: BodyCompression; readonly spl: string; readonly dialect: Dialect },
): Record<string, string> {
  const nextIndex = range.firstIndex + range.groupCount;
  const headers: Record<string, string> = {
    'content-type': PROTOBUF,
    'x-log-cursor': shard.cursorAt(nextIndex),
    'x-log-count': String(packed.logGroupCount),
    'x-log-bodyrawsize': String(packed.rawSize),
  };
  if (compression !== 'none') headers['x-log-compresstype'] = compression;
  if (range.groupCount > 0) headers['x-log-read-last-cursor'] = shard.positionAt(nextIndex - 1).toString();
  if (dialect.endOfCursor) headers['x-log-end-of-cursor'] = nextIndex === shard.endIndex ? '1' : '0';
  if (dialect.cursorTime && range.groupCount > 0) {
    headers['x-log-cursor-time'] = String(shard.receivedSecondsAt(nextIndex - 1, 0));
  }
  if (spl !== '') {
    headers['x-log-rawdatasize'] = String(range.rawBytes);
    headers['x-log-rawdatacount'] = String(range.groupCount);
    headers['x-log-rawdatalines'] = String(range.logCount);
    headers['x-log-resultlines'] = String(packed.logCount);
    headers['x-log-failedlines'] = '0';
  }
  return headers;
}

function readCount(text: string | undefined): number {
  const count = Number(text ?? Number.NaN);
  if (!Number.isInteger(count) || count < 1 || count > MAX_GROUPS_PER_PULL) {
    throw parameterInvalid(`count must be 1 to ${MAX_GROUPS_PER_PULL}, not ${JSON.stringify(text ?? '')}`);
  }
  return count;
}

function readRawSize(headers: ApiRequest['headers'], bodyBytes: number): number {
  const text = headers['x-log-bodyrawsize'];
  if (text === undefined) {
    if (!headers['x-log-compresstype']) return bodyBytes;
    throw new ApiError(400, 'MissingBodyRawSize', 'x-log-bodyrawsize does not exist in header when it is necessary.');
  }
  if (!/^\d{1,12}$/.test(text)) throw new ApiError(400, 'InvalidBodyRawSize', 'x-log-bodyrawsize is invalid.');
  if (Number(text) > MAX_PUT_BYTES) {
    throw new ApiError(400, 'PostBodyTooLarge', `body size ${text} must be at most ${MAX_PUT_BYTES}.`);
  }
  return Number(text);
}

function countLogs(raw: Uint8Array): number {
  let logs: number;
  try {
    logs = decodeLogGroup(raw).Logs.length;
  } catch (cause) {
    throw postBodyInvalid(`The body is not a LogGroup: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (logs > MAX_LOGS_PER_PUT) {
    throw new ApiError(400, 'PostBodyTooLarge', `${logs} logs, at most ${MAX_LOGS_PER_PUT} in one LogGroup.`);
  }
  return logs;
}
