/** Which shards the logstore has, as the service listed them last. */
import type { LogService, Shard, ShardId } from './log-service.ts';

export class ShardList {
  readonly #service: Pick<LogService, 'listShards'>;
  readonly #signal: AbortSignal;
  #shards: readonly Shard[] = [];
  #readOnly: ReadonlySet<ShardId> = new Set();
  #first: ReadonlySet<ShardId> | undefined;
  #firstReadOnly: ReadonlySet<ShardId> | undefined;
  #refreshing: Promise<void> | undefined;

  /** @param signal aborts the requests */
  constructor(service: Pick<LogService, 'listShards'>, signal: AbortSignal) {
    this.#service = service;
    this.#signal = signal;
  }

  get ids(): readonly ShardId[] {
    return this.#shards.map(({ id }) => id);
  }

  isReadOnly(shard: ShardId): boolean {
    return this.#readOnly.has(shard);
  }

  /** Shards that were created by a split or a merge since the first listing. */
  get createdSinceStart(): readonly ShardId[] {
    return this.ids.filter((shard) => this.#first?.has(shard) === false);
  }

  /** Whether the shard was split or merged since the first listing. */
  hasEnded(shard: ShardId): boolean {
    return this.#readOnly.has(shard) && this.#firstReadOnly?.has(shard) === false;
  }

  /** The shards that were split or merged before this one was created: each may be a parent of it. */
  possibleParents(shard: ShardId): readonly ShardId[] {
    const madeAtMs = (id: ShardId) => this.#shards.find((its) => its.id === id)?.createdAtMs;
    const atMs = madeAtMs(shard) ?? Number.POSITIVE_INFINITY;
    return [...this.#readOnly].filter((other) => other < shard && (madeAtMs(other) ?? 0) < atMs);
  }

  /** Lists the shards again; concurrent callers share one request. Rejects as `listShards` does. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /**
   * Whether a split or a merge has created the shard after the group had started: all of its logs are newer than what
   * the group has read. Where this process cannot tell, another consumer may (`NewShards`).
   * @param groupSinceMs when the group's oldest known checkpoint was saved, unix milliseconds; undefined: there is none
   */
  isNewShard(shard: ShardId, groupSinceMs: number | undefined): boolean {
    const its = this.#shards.find(({ id }) => id === shard);
    if (this.#first && its && !this.#first.has(shard)) return true;
    return groupSinceMs !== undefined && its?.createdAtMs !== undefined && its.createdAtMs > groupSinceMs;
  }

  async #refresh(): Promise<void> {
    this.#shards = await this.#service.listShards(this.#signal);
    this.#readOnly = new Set(this.#shards.filter(({ status }) => status === 'readonly').map(({ id }) => id));
    this.#first ??= new Set(this.ids);
    this.#firstReadOnly ??= this.#readOnly;
  }
}
