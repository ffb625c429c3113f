/**
 * `group/log-service.ts` for Alibaba Cloud Log Service (SLS), API version 0.6.0.
 *
 * Cursors, checkpoints and the consumer group live on the server; nothing is kept here but connections, and what is
 * known of whether the service answers.
 */
import { ServiceError } from '../errors.ts';
import type {
  Checkpoint,
  ConsumerGroupSettings,
  Cursor,
  LogService,
  Position,
  PulledBatch,
  PullOptions,
  Shard,
  ShardId,
} from '../group/log-service.ts';
import {
  checkpointList,
  consumerGroupList,
  cursorAnswer,
  cursorTimeAnswer,
  heldShards,
  json,
  nothing,
  type PullHead,
  pullBodyLimit,
  readPullHead,
  shardList,
  toBatchBody,
  toCheckpoint,
  UnreadableAnswerError,
} from './answers.ts';
import { Caller, type RetryPolicy } from './caller.ts';
import { resolveAddress } from './endpoint.ts';
import { withAdvice } from './failures.ts';
import { type CompleteOptions, createSign, type SlsLogServiceOptions, userAgentOf, withDefaults } from './options.ts';
import { percentEncode } from './signable-request.ts';
import { Transport } from './transport.ts';
import { type Trouble, Troubles } from './troubles.ts';

export type { SlsLogServiceOptions } from './options.ts';

export interface SlsLogService extends LogService {
  /** What has been reported as trouble and is not over; empty when the service answers as it should. */
  readonly troubles: readonly Trouble[];
  /** Ends every connection; calls under way reject. Idempotent. */
  close(): Promise<void>;
}

/** @throws ConfigError when the endpoint is no address, or v4 has no region */
export function createLogService(options: SlsLogServiceOptions): SlsLogService {
  return new Sls(options);
}

const apiVersion = '0.6.0';
const maxLogGroupsPerPull = 1_000;

class Sls implements SlsLogService {
  readonly #options: CompleteOptions;
  readonly #transport: Transport;
  readonly #troubles: Troubles;
  readonly #caller: Caller;
  readonly #logstorePath: string;
  readonly #groupPath: string;

  constructor(given: SlsLogServiceOptions) {
    const options = withDefaults(given);
    this.#options = options;
    const { endpoint, project, logstore, consumerGroup, onTrouble, onRecovered, quietMs, clock } = options;
    const address = resolveAddress(endpoint, project);
    const sign = createSign(options);
    this.#logstorePath = `/logstores/${percentEncode(logstore)}`;
    this.#groupPath = `${this.#logstorePath}/consumergroups/${percentEncode(consumerGroup)}`;
    this.#transport = new Transport({
      address,
      maxPullConnections: options.maxPullConnections,
      bodies: options.bodies,
      clock,
      openHttp: options.openHttp,
    });
    this.#troubles = new Troubles({ onTrouble, onRecovered, quietMs, clock });
    this.#caller = new Caller({
      transport: this.#transport,
      credentials: options.credentials,
      sign,
      commonHeaders: { host: address.host, 'user-agent': userAgentOf(options), 'x-log-apiversion': apiVersion },
      where: { endpoint, project, logstore, consumerGroup },
      troubles: this.#troubles,
      requestTimeoutMs: options.requestTimeoutMs,
      backoff: options.backoff,
      clock,
    });
  }

  get troubles(): readonly Trouble[] {
    return this.#troubles.current;
  }

  async listShards(signal: AbortSignal): Promise<readonly Shard[]> {
    const path = `${this.#logstorePath}/shards`;
    const shards = await this.#caller.call(
      { operation: 'listShards', method: 'GET', path, read: json(shardList) },
      'patient',
      signal,
    );
    return shards.map(({ shardID, status }) => ({
      id: shardID,
      status: status.toLowerCase() === 'readonly' ? 'readonly' : 'readwrite',
    }));
  }

  async getCursor(shard: ShardId, position: Position, signal: AbortSignal): Promise<Cursor> {
    const from = typeof position === 'number' ? String(Math.floor(position)) : position;
    const query = { type: 'cursor', from };
    const { cursor } = await this.#caller.call(
      { operation: 'getCursor', shard, method: 'GET', path: this.#shardPath(shard), query, read: json(cursorAnswer) },
      'patient',
      signal,
    );
    return cursor;
  }

  async getCursorTime(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<number> {
    const answer = await this.#caller.call(
      {
        operation: 'getCursorTime',
        shard,
        method: 'GET',
        path: this.#shardPath(shard),
        query: { type: 'cursor_time', cursor },
        read: json(cursorTimeAnswer),
        // The end of a shard may have no time to tell.
        isOptional: true,
      },
      'patient',
      signal,
    );
    return answer.cursor_time;
  }

  pull(
    shard: ShardId,
    cursor: Cursor,
    { maxLogGroups, endCursor, onPause, signal }: PullOptions,
  ): Promise<PulledBatch> {
    const { query: spl, maxResponseBytes } = this.#options;
    let pullHead: PullHead | undefined;
    return this.#caller.call(
      {
        operation: 'pull',
        shard,
        method: 'GET',
        path: this.#shardPath(shard),
        query: {
          type: 'logs',
          cursor,
          count: String(Math.min(Math.max(Math.trunc(maxLogGroups), 1), maxLogGroupsPerPull)),
          ...(endCursor !== undefined && { end_cursor: endCursor }),
          ...(spl !== undefined && { query: spl, pullMode: 'scan_on_stream' }),
        },
        headers: { accept: 'application/x-protobuf', 'accept-encoding': 'lz4' },
        limit: (head) => {
          pullHead = readPullHead(head, maxResponseBytes);
          return pullBodyLimit(pullHead);
        },
        read: ({ headers, body, release }) => {
          const { nextCursor } = pullHead ?? {};
          if (!nextCursor || !pullHead) throw new UnreadableAnswerError('no x-log-cursor in it');
          const logGroupCount = Number(headers['x-log-count'] ?? 0);
          const batch = toBatchBody(pullHead, body);
          return {
            body: batch,
            nextCursor,
            logGroupCount: Number.isSafeInteger(logGroupCount) ? logGroupCount : 0,
            ...(batch && { release }),
          };
        },
        onPause,
      },
      'patient',
      signal,
    );
  }

  async ensureConsumerGroup(settings: ConsumerGroupSettings, signal: AbortSignal): Promise<void> {
    // Decided once for all its requests: that the first one works does not make the second one's refusal transient.
    const atStart = !this.#caller.hasWorked;
    const timeout = Math.ceil(settings.timeoutMs / 1000);
    const order = settings.inOrder;
    const consumerGroup = this.#options.consumerGroup;
    const path = `${this.#logstorePath}/consumergroups`;
    try {
      const json = { consumerGroup, timeout, order };
      await this.#caller.call(
        { operation: 'createConsumerGroup', method: 'POST', path, json, read: nothing, atStart },
        'starting',
        signal,
      );
    } catch (thrown) {
      if (!(thrown instanceof ServiceError)) throw thrown;
      if (thrown.code === 'consumer-group-quota') throw await this.#explainQuota(thrown, signal);
      if (thrown.code !== 'consumer-group-already-exist') throw thrown;
      const groups = await this.#listConsumerGroups(atStart, 'starting', signal);
      const existing = groups.find(({ name }) => name === consumerGroup);
      if (existing?.timeout === timeout && existing.order === order) return;
      await this.#caller.call(
        {
          operation: 'updateConsumerGroup',
          method: 'PUT',
          path: this.#groupPath,
          json: { timeout, order },
          read: nothing,
          atStart,
        },
        'starting',
        signal,
      );
    }
  }

  heartbeat(held: readonly ShardId[], signal: AbortSignal): Promise<readonly ShardId[]> {
    const query = { type: 'heartbeat', consumer: this.#options.consumerName };
    return this.#caller.call(
      { operation: 'heartbeat', method: 'POST', path: this.#groupPath, query, json: held, read: json(heldShards) },
      'once',
      signal,
    );
  }

  async getCheckpoint(shard: ShardId, signal: AbortSignal): Promise<Checkpoint> {
    const checkpoints = await this.#caller.call(
      {
        operation: 'getCheckpoint',
        shard,
        method: 'GET',
        path: this.#groupPath,
        query: { shard: String(shard) },
        read: json(checkpointList),
      },
      'patient',
      signal,
    );
    const saved = checkpoints.find((each) => each.shard === shard);
    return saved?.checkpoint ? toCheckpoint(saved) : { cursor: undefined, updatedAtMs: 0, consumer: '' };
  }

  async listCheckpoints(signal: AbortSignal): Promise<ReadonlyMap<ShardId, Checkpoint>> {
    const checkpoints = await this.#caller.call(
      {
        operation: 'listCheckpoints',
        method: 'GET',
        path: this.#groupPath,
        read: json(checkpointList),
        isOptional: true,
      },
      'once',
      signal,
    );
    return new Map(checkpoints.filter((each) => each.checkpoint).map((each) => [each.shard, toCheckpoint(each)]));
  }

  updateCheckpoint(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<void> {
    return this.#caller.call(
      {
        operation: 'updateCheckpoint',
        shard,
        method: 'POST',
        path: this.#groupPath,
        // Forced, a stale consumer would overwrite its successor's checkpoint (the official SDKs do).
        query: { type: 'checkpoint', consumer: this.#options.consumerName, forceSuccess: 'false' },
        json: { shard, checkpoint: cursor },
        read: nothing,
      },
      'once',
      signal,
    );
  }

  close(): Promise<void> {
    this.#caller.close();
    this.#troubles.close();
    return this.#transport.destroy(new Error('the log service client is closed'));
  }

  #shardPath(shard: ShardId): string {
    return `${this.#logstorePath}/shards/${shard}`;
  }

  #listConsumerGroups(atStart: boolean, policy: RetryPolicy, signal: AbortSignal) {
    const path = `${this.#logstorePath}/consumergroups`;
    return this.#caller.call(
      { operation: 'listConsumerGroups', method: 'GET', path, read: json(consumerGroupList), atStart },
      policy,
      signal,
    );
  }

  async #explainQuota(error: ServiceError, signal: AbortSignal): Promise<ServiceError> {
    const { logstore } = this.#options;
    // Best effort: the quota is what has to be told, not why the groups cannot be listed.
    const groups = await this.#listConsumerGroups(false, 'once', signal).catch(() => undefined);
    signal.throwIfAborted();
    const names = groups?.map(({ name }) => `"${name}"`).join(', ');
    const existing = names ? `; there are: ${names}` : '';
    return withAdvice(
      error,
      `the logstore "${logstore}" has as many consumer groups as the service allows; delete those that are not used any more${existing}`,
    );
  }
}
