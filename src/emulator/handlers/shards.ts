/** Handlers of ListShards, SplitShard, MergeShards, GetCursor, GetCursorTime. */
import type { Logstore } from '../model/logstore.ts';
import type { ShardLog } from '../model/shard-log.ts';
import { parameterInvalid } from '../protocol/api-error.ts';
import { type ApiRequest, type Handlers, json } from './handler.ts';

const MAX_PARTS = 10;

export const shardHandlers: Handlers = {
  ListShards(request) {
    return json(
      findLogstore(request)
        .shards()
        .map((shard) => shard.describe(request.store.dialect.readOnlySpelling)),
    );
  },

  SplitShard(request) {
    const parts = Number(request.query.get('shardCount') ?? 2);
    if (!Number.isInteger(parts) || parts < 2 || parts > MAX_PARTS) {
      throw parameterInvalid(`shardCount must be 2 to ${MAX_PARTS}`);
    }
    const id = findShard(request).id;
    const shards = findLogstore(request).split(id, request.query.get('key') || undefined, parts, request.store.now());
    return json(shards.map((shard) => shard.describe(request.store.dialect.readOnlySpelling)));
  },

  MergeShards(request) {
    const shards = findLogstore(request).merge(findShard(request).id, request.store.now());
    return json(shards.map((shard) => shard.describe(request.store.dialect.readOnlySpelling)));
  },

  GetCursor(request) {
    const shard = findShard(request);
    return json({ cursor: shard.cursorAt(indexFrom(shard, request.query.get('from') ?? '')) });
  },

  GetCursorTime(request) {
    const shard = findShard(request);
    const index = shard.indexOf(request.query.get('cursor') ?? '');
    return json({ cursor_time: shard.receivedSecondsAt(index, request.store.now()) });
  },
};

export function findLogstore({ store, project, route }: ApiRequest): Logstore {
  return store.logstore(project, route.logstore);
}

/** @throws ApiError ParameterInvalid when the path's shard is not a number, ShardNotExist */
export function findShard(request: ApiRequest): ShardLog {
  const { shard } = request.route;
  if (!/^\d{1,9}$/.test(shard)) throw parameterInvalid(`invalid shard id: ${shard}`);
  return findLogstore(request).shard(Number(shard));
}

function indexFrom(shard: ShardLog, from: string): number {
  if (from === 'begin') return shard.beginIndex;
  if (from === 'end') return shard.endIndex;
  if (!/^\d{1,15}$/.test(from)) {
    throw parameterInvalid(`from must be begin, end or unix seconds, not ${JSON.stringify(from)}`);
  }
  return shard.indexReceivedAt(Number(from));
}
