/** Handlers of Create-, Update-, List-, DeleteConsumerGroup, HeartBeat, GetCheckPoint, UpdateCheckPoint. */
import type { GroupModelSettings } from '../model/group-model.ts';
import type { Logstore } from '../model/logstore.ts';
import { parameterInvalid, postBodyInvalid } from '../protocol/api-error.ts';
import { DONE, type Handlers, json, parseJson, parseJsonObject } from './handler.ts';
import { findLogstore } from './shards.ts';

const GROUP_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const MAX_TIMEOUT_S = 86_400;

export const consumerGroupHandlers: Handlers = {
  CreateConsumerGroup(request) {
    const { consumerGroup, timeout, order = false } = parseJsonObject(request.body);
    if (typeof consumerGroup !== 'string' || !GROUP_NAME.test(consumerGroup)) {
      throw parameterInvalid(
        'consumerGroup must be 1 to 128 letters, digits, "-", "_" or ".", and begin with one of the first two',
      );
    }
    findLogstore(request).createConsumerGroup(consumerGroup, {
      timeoutMs: readTimeoutMs(timeout),
      inOrder: readOrder(order),
    });
    return DONE;
  },

  UpdateConsumerGroup(request) {
    const { timeout, order } = parseJsonObject(request.body);
    const group = findLogstore(request).consumerGroup(request.route.consumerGroup);
    const changes: Partial<GroupModelSettings> = {};
    if (timeout !== undefined) changes.timeoutMs = readTimeoutMs(timeout);
    if (order !== undefined) changes.inOrder = readOrder(order);
    group.update(changes);
    return DONE;
  },

  ListConsumerGroup(request) {
    const groups = findLogstore(request).consumerGroups();
    const { groupSettings: said } = request.store.dialect;
    return json(
      groups.map(({ name, settings }) => ({
        name,
        ...((said === 'given' || said === 'no-order') && { timeout: settings.timeoutMs / 1000 }),
        ...((said === 'given' || said === 'no-timeout') && { order: settings.inOrder }),
      })),
    );
  },

  DeleteConsumerGroup(request) {
    findLogstore(request).deleteConsumerGroup(request.route.consumerGroup);
    return DONE;
  },

  HeartBeat(request) {
    const logstore = findLogstore(request);
    const group = logstore.consumerGroup(request.route.consumerGroup);
    const consumer = request.query.get('consumer') ?? '';
    if (consumer === '') throw parameterInvalid('consumer is missing');
    const held = readShardIds(request.body);
    return json(group.heartbeat(consumer, held, logstore.groupShards(), request.store.now()));
  },

  GetCheckPoint(request) {
    const logstore = findLogstore(request);
    const group = logstore.consumerGroup(request.route.consumerGroup);
    const only = request.query.get('shard');
    const ids = only ? [logstore.shard(readShardId(Number(only))).id] : logstore.shards().map((shard) => shard.id);
    const { noCheckpoint, noCheckpointTime } = request.store.dialect;
    return json(
      ids.flatMap((id) => {
        const { shard, cursor, updatedMs, consumer } = group.checkpoint(id);
        if (cursor === '' && noCheckpoint === 'absent') return [];
        const checkpoint = cursor === '' && noCheckpoint === 'null' ? null : cursor;
        const hasTime = cursor !== '' || noCheckpointTime === 'zero';
        return [{ shard, checkpoint, ...(hasTime && { updateTime: updatedMs * 1000 }), consumer }];
      }),
    );
  },

  UpdateCheckPoint(request) {
    const logstore = findLogstore(request);
    const group = logstore.consumerGroup(request.route.consumerGroup);
    const { shard, checkpoint } = parseJsonObject(request.body);
    const id = readShardId(shard);
    if (typeof checkpoint !== 'string') throw parameterInvalid('checkpoint must be a string');
    if (request.store.dialect.checksCursors) checkCheckpoint(logstore, id, checkpoint);
    const consumer = request.query.get('consumer') || undefined;
    const force = (request.query.get('forceSuccess') ?? '').toLowerCase() === 'true';
    group.saveCheckpoint(id, checkpoint, consumer, force, request.store.now());
    return DONE;
  },
};

/** Refuses a checkpoint that is not a cursor of the shard: it would stop the shard's next owner. */
function checkCheckpoint(logstore: Logstore, shard: number, checkpoint: string): void {
  logstore.shard(shard).indexOfPossiblyExpired(checkpoint);
}

function readTimeoutMs(timeout: unknown): number {
  if (typeof timeout !== 'number' || !Number.isInteger(timeout) || timeout < 1 || timeout > MAX_TIMEOUT_S) {
    throw parameterInvalid(`timeout must be 1 to ${MAX_TIMEOUT_S} seconds`);
  }
  return timeout * 1000;
}

function readOrder(order: unknown): boolean {
  if (typeof order !== 'boolean') throw parameterInvalid('order must be true or false');
  return order;
}

function readShardIds(body: Uint8Array): number[] {
  const ids = parseJson(body);
  if (!Array.isArray(ids)) throw postBodyInvalid('The body of a heartbeat is a JSON array of shard ids.');
  return ids.map(readShardId);
}

function readShardId(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw parameterInvalid(`invalid shard id: ${JSON.stringify(value)}`);
  }
  return value;
}
