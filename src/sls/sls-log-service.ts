/**
 * `group/log-service.ts` for Alibaba Cloud Log Service (SLS), API version 0.6.0.
 *
 * Cursors, checkpoints and the consumer group live on the server; nothing is kept here but connections, and what is
 * known of whether the service answers.
 */
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
import { Caller } from './caller.ts';
import { resolveAddress } from './endpoint.ts';
import { GroupSettings } from './group-settings.ts';
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
  readonly #groupSettings: GroupSettings;

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
    this.#groupSettings = new GroupSettings(this.#caller, {
      logstore,
      consumerGroup,
      logstorePath: this.#logstorePath,
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

  ensureConsumerGroup(settings: ConsumerGroupSettings, signal: AbortSignal): Promise<void> {
    return this.#groupSettings.ensure(settings, signal);
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
}
