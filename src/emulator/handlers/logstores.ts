/** Handlers of ListLogStores, GetLogStore, CreateLogStore, as far as the official clients need them. */
import { parameterInvalid } from '../protocol/api-error.ts';
import { DONE, type Handlers, json, parseJsonObject } from './handler.ts';

const MS_PER_DAY = 86_400_000;
const MAX_SHARDS = 256;
const NAME = /^[a-z0-9][a-z0-9_-]{1,62}$/;

export const logstoreHandlers: Handlers = {
  ListLogStores({ store, project }) {
    const logstores = store.logstores(project).map((logstore) => logstore.name);
    return json({ count: logstores.length, total: logstores.length, logstores });
  },

  GetLogStore({ store, project, route }) {
    const logstore = store.logstore(project, route.logstore);
    const createdSeconds = Math.floor(logstore.createdMs / 1000);
    return json({
      logstoreName: logstore.name,
      ttl: logstore.retentionMs === undefined ? 3650 : Math.max(1, Math.round(logstore.retentionMs / MS_PER_DAY)),
      shardCount: logstore.writableShards().length,
      createTime: createdSeconds,
      lastModifyTime: createdSeconds,
    });
  },

  CreateLogStore({ store, project, body }) {
    const { logstoreName, shardCount = 2, ttl } = parseJsonObject(body);
    if (typeof logstoreName !== 'string' || !NAME.test(logstoreName)) {
      throw parameterInvalid('logstoreName must be 2 to 63 lower-case letters, digits, - or _');
    }
    if (typeof shardCount !== 'number' || !Number.isInteger(shardCount) || shardCount < 1 || shardCount > MAX_SHARDS) {
      throw parameterInvalid(`shardCount must be 1 to ${MAX_SHARDS}`);
    }
    // 3650 days means "for ever" to the service.
    const retentionMs = typeof ttl === 'number' && ttl < 3650 ? ttl * MS_PER_DAY : undefined;
    store.createLogstore(project, logstoreName, shardCount, retentionMs);
    return DONE;
  },
};
