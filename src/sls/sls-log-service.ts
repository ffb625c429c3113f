/**
 * The client of Alibaba Cloud Log Service (SLS), API version 0.6.0; implements group/service/log-service.ts.
 *
 * Cursors, checkpoints and the consumer group live on the service. The client keeps only connections and the current
 * troubles.
 */
import type {
  Checkpoint,
  ConsumerGroupSettings,
  Cursor,
  FoundConsumerGroup,
  LogService,
  Phase,
  Position,
  PulledBatch,
  PullOptions,
  Shard,
  ShardId,
} from '../group/service/log-service.ts';
import {
  checkpointList,
  cursorAnswer,
  cursorTimeAnswer,
  heldShards,
  json,
  nothing,
  shardList,
  toCheckpoint,
} from './answers.ts';
import { Caller } from './caller.ts';
import { resolveAddress } from './endpoint.ts';
import { GroupSetup } from './group-setup.ts';
import { type CompleteOptions, createSign, type SlsLogServiceOptions, userAgentOf, withDefaults } from './options.ts';
import { pullCall } from './pull-call.ts';
import { percentEncode } from './signing/signable-request.ts';
import { Transport } from './transport.ts';
import { type Trouble, Troubles } from './troubles.ts';

export type { SlsLogServiceOptions } from './options.ts';

export interface SlsLogService extends LogService {
  /** Troubles that were reported and are not over; empty when the service answers as it should. */
  readonly troubles: readonly Trouble[];
  /** When the last trouble was over, or else the client was created; unix milliseconds. */
  readonly upSinceMs: number;
  /** Ends every connection; calls under way reject. Idempotent. */
  close(): Promise<void>;
}

/** @throws ConfigError when the endpoint is not an address, or signature v4 has no region */
export function createLogService(options: SlsLogServiceOptions): SlsLogService {
  return new Sls(options);
}

const apiVersion = '0.6.0';

class Sls implements SlsLogService {
  readonly #options: CompleteOptions;
  readonly #transport: Transport;
  readonly #troubles: Troubles;
  readonly #caller: Caller;
  readonly #logstorePath: string;
  readonly #groupPath: string;
  readonly #groupSetup: GroupSetup;

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
    const place = { logstore, consumerGroup, logstorePath: this.#logstorePath };
    this.#groupSetup = new GroupSetup(this.#caller, place, clock);
  }

  get troubles(): readonly Trouble[] {
    return this.#troubles.current;
  }

  get upSinceMs(): number {
    return this.#troubles.upSinceMs;
  }

  async listShards(signal: AbortSignal): Promise<readonly Shard[]> {
    const path = `${this.#logstorePath}/shards`;
    const shards = await this.#caller.call(
      { operation: 'listShards', method: 'GET', path, read: json(shardList) },
      'patient',
      signal,
    );
    return shards.map(({ shardID, status, createTime }) => ({
      id: shardID,
      ...(createTime != null && { createdAtMs: createTime * 1000 }),
      status: status?.toLowerCase() === 'readonly' ? 'readonly' : 'readwrite',
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
      },
      'patient',
      signal,
    );
    return answer.cursor_time;
  }

  pull(shard: ShardId, cursor: Cursor, options: PullOptions): Promise<PulledBatch> {
    const { query, maxResponseBytes } = this.#options;
    const call = pullCall({ shard, cursor, path: this.#shardPath(shard), query, maxResponseBytes }, options);
    return this.#caller.call(call, 'patient', options.signal);
  }

  ensureConsumerGroup(
    wanted: ConsumerGroupSettings & { readonly mayUpdate?: boolean },
    signal: AbortSignal,
    phase: Phase,
  ): Promise<FoundConsumerGroup> {
    return this.#groupSetup.ensure(wanted, phase, signal);
  }

  findConsumerGroup(signal: AbortSignal): Promise<FoundConsumerGroup | undefined> {
    return this.#groupSetup.find({ phase: 'running', policy: 'once' }, signal);
  }

  heartbeat(held: readonly ShardId[], signal: AbortSignal, phase: Phase = 'running'): Promise<readonly ShardId[]> {
    const query = { type: 'heartbeat', consumer: this.#options.consumerName };
    return this.#caller.call(
      {
        operation: 'heartbeat',
        method: 'POST',
        path: this.#groupPath,
        query,
        json: held,
        read: json(heldShards),
        phase,
      },
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
    return toCheckpoint(checkpoints.find((each) => each.shard === shard));
  }

  async listCheckpoints(signal: AbortSignal): Promise<ReadonlyMap<ShardId, Checkpoint>> {
    const checkpoints = await this.#caller.call(
      {
        operation: 'listCheckpoints',
        method: 'GET',
        path: this.#groupPath,
        read: json(checkpointList),
      },
      'once',
      signal,
    );
    return new Map(checkpoints.filter((each) => each.checkpoint).map((each) => [each.shard, toCheckpoint(each)]));
  }

  updateCheckpoint(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<void> {
    // Not forced, unlike in the official SDKs: a stale consumer would overwrite the next owner's checkpoint.
    return this.#saveCheckpoint(shard, cursor, { consumer: this.#options.consumerName, forceSuccess: 'false' }, signal);
  }

  restoreCheckpoint(shard: ShardId, cursor: Cursor, signal: AbortSignal): Promise<void> {
    return this.#saveCheckpoint(shard, cursor, { consumer: this.#options.consumerName, forceSuccess: 'true' }, signal);
  }

  #saveCheckpoint(
    shard: ShardId,
    cursor: Cursor,
    as: { readonly consumer: string; readonly forceSuccess: 'true' | 'false' },
    signal: AbortSignal,
  ): Promise<void> {
    return this.#caller.call(
      {
        operation: 'updateCheckpoint',
        shard,
        method: 'POST',
        path: this.#groupPath,
        query: { type: 'checkpoint', ...as },
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
