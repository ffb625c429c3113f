/** A logstore: its shards, with split and merge, and its consumer groups. */
import { ApiError, consumerGroupNotExist, parameterInvalid, shardNotExist } from '../protocol/api-error.ts';
import { contains, divide, type KeyRange, LAST_KEY, parseKey } from '../protocol/key-range.ts';
import { GroupModel, type GroupModelOptions, type GroupModelSettings, type GroupShard } from './group-model.ts';
import type { LogstoreChange, RecordOf } from './journal.ts';
import { ShardLog } from './shard-log.ts';

const MAX_CONSUMER_GROUPS = 30;
const WHOLE_RANGE: KeyRange = { begin: 0n, end: LAST_KEY };

export interface LogstoreOptions {
  readonly name: string;
  readonly shardCount: number;
  readonly createdMs: number;
  /** Log groups received longer ago are dropped; undefined: they stay. */
  readonly retentionMs: number | undefined;
  /** Called after each change. */
  readonly record?: RecordOf<LogstoreChange>;
  /** The rules of the consumer groups; absent: the usual dialect. */
  readonly groupOptions?: GroupModelOptions;
}

export class Logstore {
  readonly name: string;
  readonly createdMs: number;
  readonly retentionMs: number | undefined;
  readonly #record: RecordOf<LogstoreChange> | undefined;
  readonly #groupOptions: GroupModelOptions | undefined;
  readonly #shards = new Map<number, ShardLog>();
  readonly #groups = new Map<string, GroupModel>();
  /** Counter that spreads appends without a key over the writable shards. */
  #nextShard = 0;

  constructor(options: LogstoreOptions) {
    this.name = options.name;
    this.createdMs = options.createdMs;
    this.retentionMs = options.retentionMs;
    this.#record = options.record;
    this.#groupOptions = options.groupOptions;
    for (const keys of divide(WHOLE_RANGE, options.shardCount)) this.#addShard(keys, [], options.createdMs);
  }

  /** All shards, split and merged ones included, in the order of their ids. */
  shards(): ShardLog[] {
    return [...this.#shards.values()];
  }

  /** @throws ApiError ShardNotExist */
  shard(id: number): ShardLog {
    const shard = this.#shards.get(id);
    if (!shard) throw shardNotExist(id);
    return shard;
  }

  writableShards(): ShardLog[] {
    return this.shards().filter((shard) => shard.status === 'readwrite');
  }

  /** The writable shard that has the hash key (32 hex digits), or without a key the next in turn. */
  shardFor(key: string | undefined): ShardLog {
    const writable = this.writableShards();
    if (key === undefined) return writable[this.#nextShard++ % writable.length]!;
    const value = parseKey(key);
    return writable.find((shard) => contains(shard.keys, value))!;
  }

  /**
   * Splits a shard, which becomes read-only; its children divide its key range.
   * @param key the hash key to split at (32 hex digits); undefined: equal parts
   * @returns the parent, then the children
   * @throws ApiError ShardNotExist, ParameterInvalid
   */
  split(id: number, key: string | undefined, parts: number, nowMs: number): ShardLog[] {
    const parent = this.#writable(id);
    const ranges = key === undefined ? divide(parent.keys, parts) : cutAt(parent.keys, parseKey(key));
    if (ranges.length < 2 || ranges.some((range) => range.begin >= range.end)) {
      throw parameterInvalid(`the key range of shard ${id} cannot be split like this`);
    }
    parent.makeReadonly();
    const children = ranges.map((range) => this.#addShard(range, [id], nowMs));
    this.#record?.({ do: 'split', shard: id, key, parts, nowMs });
    return [parent, ...children];
  }

  /**
   * Merges a shard with its right neighbour; both become read-only.
   * @returns the new shard, then the two parents
   * @throws ApiError ShardNotExist, ParameterInvalid when there is no neighbour to the right
   */
  merge(id: number, nowMs: number): ShardLog[] {
    const left = this.#writable(id);
    const right = this.writableShards().find((shard) => shard.keys.begin === left.keys.end && shard !== left);
    if (!right) throw parameterInvalid('can not merge the last shard');
    left.makeReadonly();
    right.makeReadonly();
    const merged = this.#addShard({ begin: left.keys.begin, end: right.keys.end }, [left.id, right.id], nowMs);
    this.#record?.({ do: 'merge', shard: id, nowMs });
    return [merged, left, right];
  }

  applyRetention(nowMs: number): void {
    if (this.retentionMs === undefined) return;
    for (const shard of this.#shards.values()) shard.expireReceivedBefore(nowMs - this.retentionMs);
  }

  consumerGroups(): GroupModel[] {
    return [...this.#groups.values()];
  }

  /** @throws ApiError ConsumerGroupNotExist */
  consumerGroup(name: string): GroupModel {
    const group = this.#groups.get(name);
    if (!group) throw consumerGroupNotExist(name);
    return group;
  }

  /** @throws ApiError ConsumerGroupAlreadyExist, ConsumerGroupQuotaExceed */
  createConsumerGroup(name: string, settings: GroupModelSettings): GroupModel {
    if (this.#groups.has(name)) {
      throw new ApiError(400, 'ConsumerGroupAlreadyExist', `consumer group ${name} already exists`);
    }
    if (this.#groups.size >= MAX_CONSUMER_GROUPS) {
      throw new ApiError(
        400,
        'ConsumerGroupQuotaExceed',
        `logstore ${this.name} has ${MAX_CONSUMER_GROUPS} consumer groups, which is the quota`,
      );
    }
    const group = new GroupModel(name, settings, this.#record, this.#groupOptions);
    this.#groups.set(name, group);
    this.#record?.({ do: 'create-group', group: name, settings });
    return group;
  }

  /** @throws ApiError ConsumerGroupNotExist */
  deleteConsumerGroup(name: string): void {
    if (!this.#groups.delete(name)) throw consumerGroupNotExist(name);
    this.#record?.({ do: 'delete-group', group: name });
  }

  /** The shards as a consumer group sees them. */
  groupShards(): GroupShard[] {
    return this.shards().map((shard) => ({
      id: shard.id,
      parentIds: shard.parentIds,
      status: shard.status,
      beginCursor: shard.cursorAt(shard.beginIndex),
      endCursor: shard.cursorAt(shard.endIndex),
    }));
  }

  #addShard(keys: KeyRange, parentIds: readonly number[], createdMs: number): ShardLog {
    const shard = new ShardLog({
      id: this.#shards.size,
      keys,
      parentIds,
      createdMs,
      ...(this.#record && { record: this.#record }),
    });
    this.#shards.set(shard.id, shard);
    return shard;
  }

  #writable(id: number): ShardLog {
    const shard = this.shard(id);
    if (shard.status !== 'readwrite') throw parameterInvalid(`invalid shard id: shard ${id} is read-only`);
    return shard;
  }
}

function cutAt(range: KeyRange, key: bigint): KeyRange[] {
  if (key <= range.begin || key >= range.end) {
    throw parameterInvalid('the key to split at is not inside of the key range of the shard');
  }
  return [
    { begin: range.begin, end: key },
    { begin: key, end: range.end },
  ];
}
