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

  /** @param signal ends what is asked of the service */
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

  /** Made by a split or a merge since this process first looked. */
  get made(): readonly ShardId[] {
    return this.ids.filter((shard) => this.#first?.has(shard) === false);
  }

  /** It was split or merged since this process first looked. */
  hasEnded(shard: ShardId): boolean {
    return this.#readOnly.has(shard) && this.#firstReadOnly?.has(shard) === false;
  }

  /** The shards that were split or merged before this one was made: it may be what became of them. */
  mayBeMadeOf(shard: ShardId): readonly ShardId[] {
    const madeAtMs = (id: ShardId) => this.#shards.find((its) => its.id === id)?.createdAtMs;
    const atMs = madeAtMs(shard) ?? Number.POSITIVE_INFINITY;
    return [...this.#readOnly].filter((other) => other < shard && (madeAtMs(other) ?? 0) < atMs);
  }

  /** Concurrent callers share it. Rejects as `listShards` does. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /**
   * Whether the shard was made, by a split or a merge, after the group had begun with the logstore: what it holds came
   * after what the group has read, all of it. What is not known here, another consumer may know (`NewShards`).
   * @param groupSinceMs the oldest save of the group's that is known, unix milliseconds; undefined: there is none
   */
  isLater(shard: ShardId, groupSinceMs: number | undefined): boolean {
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
