/**
 * A shard: its log groups in order, each with a position (see cursor.ts), from the oldest that retention has left to
 * the end.
 *
 *     expired …│ begin ── group ── group ── group ── │ end
 *
 * A log group is stored as its bytes in a LogGroupList (`0a`, length, LogGroup), so that a pull concatenates them.
 * Positions are bigints in cursors, and indexes in this file.
 */
import { invalidCursor } from '../protocol/api-error.ts';
import { decodeCursor, encodeCursor, firstPosition } from '../protocol/cursor.ts';
import type { Dialect } from '../protocol/dialect.ts';
import { formatKey, type KeyRange } from '../protocol/key-range.ts';
import type { LogstoreChange, RecordOf } from './journal.ts';

/** The service's limit on the raw bytes of one pull; a pull brings at least one group, however large. */
const MAX_PULL_BYTES = 10 * 1024 * 1024;
const LOG_GROUPS_TAG = 0x0a;

interface StoredGroup {
  readonly listEntry: Uint8Array;
  readonly logCount: number;
  readonly receivedMs: number;
}

export interface ShardOptions {
  readonly id: number;
  readonly keys: KeyRange;
  readonly parentIds: readonly number[];
  readonly createdMs: number;
  /** Called after each change. */
  readonly record?: RecordOf<ShardChange>;
}

type ShardChange = Extract<LogstoreChange, { do: 'append' | 'expire' }>;

/** A range of log groups for a pull; indexes count from the shard's very first group. */
export interface GroupRange {
  readonly firstIndex: number;
  readonly groupCount: number;
  readonly logCount: number;
  readonly rawBytes: number;
}

export class ShardLog {
  readonly id: number;
  readonly keys: KeyRange;
  readonly parentIds: readonly number[];
  readonly createdMs: number;
  readonly #base: bigint;
  readonly #record: RecordOf<ShardChange> | undefined;
  #groups: StoredGroup[] = [];
  /** Number of dropped groups, and so the index of `#groups[0]`. */
  #expiredCount = 0;
  /** First sequence number of each group, by index, also of expired ones: the number of generated logs before it. */
  readonly #sequences: number[] = [];
  #readonly = false;
  #generatedLogs = 0;
  #putLogs = 0;
  #rawBytes = 0;
  /** Receive times never go back, so that a time can be searched for. */
  #lastReceivedMs = 0;

  constructor(options: ShardOptions) {
    this.id = options.id;
    this.keys = options.keys;
    this.parentIds = options.parentIds;
    this.createdMs = options.createdMs;
    this.#base = firstPosition(options.createdMs, options.id);
    this.#record = options.record;
  }

  get status(): 'readwrite' | 'readonly' {
    return this.#readonly ? 'readonly' : 'readwrite';
  }

  /** Bytes of all groups that were ever appended. */
  get rawBytes(): number {
    return this.#rawBytes;
  }

  get generatedLogs(): number {
    return this.#generatedLogs;
  }

  get putLogs(): number {
    return this.#putLogs;
  }

  /** Number of groups ever appended: the index of the end. */
  get endIndex(): number {
    return this.#expiredCount + this.#groups.length;
  }

  get beginIndex(): number {
    return this.#expiredCount;
  }

  makeReadonly(): void {
    this.#readonly = true;
  }

  /** @param origin `generated`: the logs have sequence numbers; `put`: they have none */
  append(group: Uint8Array, logCount: number, receivedMs: number, origin: 'generated' | 'put'): void {
    const listEntry = asListEntry(group);
    this.#lastReceivedMs = Math.max(this.#lastReceivedMs, receivedMs);
    this.#groups.push({ listEntry, logCount, receivedMs: this.#lastReceivedMs });
    this.#sequences.push(this.#generatedLogs);
    this.#rawBytes += listEntry.length;
    if (origin === 'generated') this.#generatedLogs += logCount;
    else this.#putLogs += logCount;
    this.#record?.({ do: 'append', shard: this.id, logs: logCount, receivedMs, origin }, group);
  }

  cursorAt(index: number): string {
    return encodeCursor(this.#base + BigInt(index));
  }

  /** The number inside the cursor, which `x-log-read-last-cursor` shows undecoded. */
  positionAt(index: number): bigint {
    return this.#base + BigInt(index);
  }

  /** @throws ApiError InvalidCursor: malformed, of another shard, past the end, or expired */
  indexOf(cursor: string): number {
    const index = this.indexOfPossiblyExpired(cursor);
    if (index < this.beginIndex) {
      throw invalidCursor(cursor, `the data behind it has expired, shard ${this.id} begins later`);
    }
    return index;
  }

  /** Like `indexOf`, but takes a cursor whose data has expired, as a checkpoint may. */
  indexOfPossiblyExpired(cursor: string): number {
    const offset = decodeCursor(cursor) - this.#base;
    if (offset < 0n) throw invalidCursor(cursor, `it is before anything that shard ${this.id} ever had`);
    if (offset > BigInt(this.endIndex)) throw invalidCursor(cursor, `it is past the end of shard ${this.id}`);
    return Number(offset);
  }

  /** Index of the first group received at or after a time; the end when there is none yet. */
  indexReceivedAt(unixSeconds: number): number {
    let low = 0;
    let high = this.#groups.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Math.floor(this.#groups[middle]!.receivedMs / 1000) < unixSeconds) low = middle + 1;
      else high = middle;
    }
    return this.#expiredCount + low;
  }

  /**
   * Unix seconds at which the group at an index was received. At the end, where there is no group yet: now for a
   * writable shard (the next group cannot be older), the last group's time for a read-only one.
   */
  receivedSecondsAt(index: number, nowMs: number): number {
    const group = this.#groups[index - this.#expiredCount];
    if (group) return Math.floor(group.receivedMs / 1000);
    return Math.floor((this.#readonly && this.#lastReceivedMs > 0 ? this.#lastReceivedMs : nowMs) / 1000);
  }

  /** The sequence number of the first generated log at or after an index, expired or not. */
  sequenceAt(index: number): number {
    return this.#sequences[index] ?? this.#generatedLogs;
  }

  /** The range that one pull brings from an index on: at most `maxGroups`, not past `endIndex`, about 10 MB. */
  range(firstIndex: number, maxGroups: number, endIndex: number): GroupRange {
    const stop = Math.min(firstIndex + maxGroups, endIndex, this.endIndex);
    let rawBytes = 0;
    let logCount = 0;
    let index = firstIndex;
    for (; index < stop; index++) {
      const group = this.#groups[index - this.#expiredCount]!;
      if (index > firstIndex && rawBytes + group.listEntry.length > MAX_PULL_BYTES) break;
      rawBytes += group.listEntry.length;
      logCount += group.logCount;
    }
    return { firstIndex, groupCount: index - firstIndex, logCount, rawBytes };
  }

  /** The bytes of a range as a LogGroupList. */
  read(range: GroupRange): Buffer {
    const start = range.firstIndex - this.#expiredCount;
    const entries = this.#groups.slice(start, start + range.groupCount).map((group) => group.listEntry);
    return Buffer.concat(entries, range.rawBytes);
  }

  /** Drops the groups received before a time. @returns how many */
  expireReceivedBefore(receivedMs: number): number {
    if (this.#groups.length === 0 || this.#groups[0]!.receivedMs >= receivedMs) return 0;
    const firstKept = this.#groups.findIndex((group) => group.receivedMs >= receivedMs);
    return this.expireFirst(firstKept === -1 ? this.#groups.length : firstKept);
  }

  /** Drops at most `count` of the oldest groups. @returns how many */
  expireFirst(count: number): number {
    const dropped = Math.max(0, Math.min(count, this.#groups.length));
    this.#groups = this.#groups.slice(dropped);
    this.#expiredCount += dropped;
    if (dropped > 0) this.#record?.({ do: 'expire', shard: this.id, beginIndex: this.beginIndex });
    return dropped;
  }

  /** The shard as an element of ListShards' answer. */
  describe(readOnlySpelling: Dialect['readOnlySpelling'] = 'readonly'): Record<string, string | number> {
    return {
      shardID: this.id,
      status: this.#readonly ? readOnlySpelling : 'readwrite',
      inclusiveBeginKey: formatKey(this.keys.begin),
      exclusiveEndKey: formatKey(this.keys.end),
      createTime: Math.floor(this.createdMs / 1000),
    };
  }
}

/** LogGroupList's field 1: tag, length as a varint, the group's bytes. */
function asListEntry(group: Uint8Array): Uint8Array {
  const prefix = [LOG_GROUPS_TAG];
  let length = group.length;
  for (; length >= 0x80; length >>>= 7) prefix.push((length & 0x7f) | 0x80);
  prefix.push(length);
  const entry = Buffer.allocUnsafeSlow(prefix.length + group.length);
  entry.set(prefix, 0);
  entry.set(group, prefix.length);
  return entry;
}
