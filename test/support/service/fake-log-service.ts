/**
 * A log service in memory for the consumer-group core's tests: what the server decides (grants, refusals, answers
 * that fail) is set by the test. A batch's body is a text; cursors are the index of the next batch.
 */
import { type Clock, systemClock } from '../../../src/core/time/clock.ts';
import type {
  Checkpoint,
  ConsumerGroupSettings,
  Cursor,
  FoundConsumerGroup,
  LogService,
  Position,
  PulledBatch,
  PullOptions,
  Shard,
  ShardId,
} from '../../../src/group/service/log-service.ts';
import { pause } from '../../../src/sls/pause.ts';

export interface FakeShard {
  readonly batches: (string | undefined)[];
  status: Shard['status'];
}

export class FakeLogService implements LogService {
  readonly shards = new Map<ShardId, FakeShard>();
  readonly checkpoints = new Map<ShardId, Cursor>();
  readonly heartbeats: (readonly ShardId[])[] = [];
  granted: ShardId[] = [];
  /** Who is said to have saved the checkpoints. */
  consumer = 'a';
  groupExists = true;
  /** As the group is set; undefined: not told. */
  settings: Pick<FoundConsumerGroup, 'timeoutMs' | 'inOrder'> = { timeoutMs: undefined, inOrder: undefined };
  groupsCreated = 0;
  pulls: { shard: ShardId; cursor: Cursor; endCursor: Cursor | undefined }[] = [];
  /** Called first by each request; throws what the request is to fail with. */
  before: (request: keyof LogService, shard?: ShardId, cursor?: Cursor) => void | Promise<void> = () => undefined;
  /** Requests that are not answered until their signal aborts. */
  hang: (request: keyof LogService) => boolean = () => false;

  /** Their pulls are answered with an error, and tried again after a pause for as long as that lasts. */
  readonly refused = new Set<ShardId>();
  refusals = 0;
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  addShard(id: ShardId, batches: (string | undefined)[] = [], status: Shard['status'] = 'readwrite'): FakeShard {
    const shard: FakeShard = { batches: [...batches], status };
    this.shards.set(id, shard);
    return shard;
  }

  async listShards(): Promise<readonly Shard[]> {
    await this.before('listShards');
    return [...this.shards].map(([id, { status }]) => ({ id, status }));
  }

  async getCursor(shard: ShardId, position: Position, signal?: AbortSignal): Promise<Cursor> {
    await this.before('getCursor', shard);
    if (this.hang('getCursor')) await aborted(signal);
    if (position === 'begin') return '0';
    return String(position === 'end' ? this.#batches(shard).length : Math.min(position, this.#batches(shard).length));
  }

  /** Batch n was received at second n. */
  async getCursorTime(shard: ShardId, cursor: Cursor): Promise<number> {
    await this.before('getCursorTime', shard, cursor);
    return Number(cursor);
  }

  async pull(shard: ShardId, cursor: Cursor, options: PullOptions): Promise<PulledBatch> {
    await this.before('pull', shard, cursor);
    options.signal.throwIfAborted();
    while (this.refused.has(shard)) {
      this.refusals++;
      const resume = options.onPause?.();
      await pause(10, [options.signal], this.#clock);
      options.signal.throwIfAborted();
      await resume?.();
      options.signal.throwIfAborted();
      await pause(0, [options.signal], this.#clock);
    }
    this.pulls.push({ shard, cursor, endCursor: options.endCursor });
    const index = Number(cursor);
    const end = Math.min(this.#batches(shard).length, Number(options.endCursor ?? Number.POSITIVE_INFINITY));
    if (index >= end) return { body: undefined, nextCursor: cursor, logGroupCount: 0 };
    const text = this.#batches(shard)[index];
    const bytes = Buffer.from(text ?? '');
    const body = text === undefined ? undefined : { bytes, compression: 'none' as const, rawSize: bytes.length };
    return { body, nextCursor: String(index + 1), logGroupCount: text === undefined ? 0 : 1 };
  }

  async ensureConsumerGroup(_wanted: ConsumerGroupSettings): Promise<FoundConsumerGroup> {
    await this.before('ensureConsumerGroup');
    const isNew = !this.groupExists;
    this.groupExists = true;
    this.groupsCreated++;
    return { ...this.settings, isNew };
  }

  async findConsumerGroup(): Promise<FoundConsumerGroup | undefined> {
    await this.before('findConsumerGroup');
    return this.groupExists ? { ...this.settings, isNew: false } : undefined;
  }

  async heartbeat(held: readonly ShardId[]): Promise<readonly ShardId[]> {
    await this.before('heartbeat');
    this.heartbeats.push([...held].sort());
    return [...this.granted];
  }

  async getCheckpoint(shard: ShardId): Promise<Checkpoint> {
    await this.before('getCheckpoint', shard);
    return { cursor: this.checkpoints.get(shard), updatedAtMs: 0, consumer: '' };
  }

  /** As if `consumer` had saved each just now. */
  async listCheckpoints(): Promise<ReadonlyMap<ShardId, Checkpoint>> {
    await this.before('listCheckpoints');
    return new Map(
      [...this.checkpoints].map(([shard, cursor]) => [
        shard,
        { cursor, updatedAtMs: this.#clock.now(), consumer: this.consumer },
      ]),
    );
  }

  async updateCheckpoint(shard: ShardId, cursor: Cursor, signal?: AbortSignal): Promise<void> {
    await this.before('updateCheckpoint', shard, cursor);
    if (this.hang('updateCheckpoint')) await aborted(signal);
    this.checkpoints.set(shard, cursor);
  }

  async restoreCheckpoint(shard: ShardId, cursor: Cursor): Promise<void> {
    await this.before('restoreCheckpoint', shard, cursor);
    this.checkpoints.set(shard, cursor);
  }

  #batches(shard: ShardId): (string | undefined)[] {
    const found = this.shards.get(shard);
    if (!found) throw new Error(`the test has no shard ${shard}`);
    return found.batches;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
