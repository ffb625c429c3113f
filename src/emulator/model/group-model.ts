/**
 * A consumer group: its consumers, the shards that they own, and its checkpoints. Pure: the time is passed in.
 *
 * Each heartbeat brings the group up to date, and is answered with the shards that its consumer is to hold:
 *
 *   1. A consumer without a heartbeat for longer than the timeout is dropped; its shards are free.
 *   2. A plan gives every eligible shard to a live consumer, balanced within one and with as few moves as possible:
 *      an owner keeps as many shards as its share has; the others are *revoked*.
 *   3. A revoked shard stays its owner's until a heartbeat of the owner no longer lists it. Until then the owner
 *      may still save its checkpoint, and no other consumer gets the shard.
 *   4. A free shard is granted to the planned consumer at that consumer's next heartbeat, unless another live consumer
 *      lists the shard (one that is back after the timeout and has not noticed yet).
 *
 *      free ──grant (4)──► owned ──plan names another (2)──► revoked ──no longer listed (3)──► free
 *                            ▲                                  │
 *                            └───────plan names it again────────┘      owner dropped (1): free from anywhere
 *
 * A consumer that lists no shard keeps the shards that it owns, unless they are revoked.
 */
import { ApiError, parameterInvalid } from '../protocol/api-error.ts';
import { type Dialect, defaultDialect } from '../protocol/dialect.ts';
import { planAssignment } from './assignment-plan.ts';
import type { LogstoreChange, RecordOf } from './journal.ts';

/** A shard as the group needs it. */
export interface GroupShard {
  readonly id: number;
  readonly parentIds: readonly number[];
  readonly status: 'readwrite' | 'readonly';
  readonly beginCursor: string;
  readonly endCursor: string;
}

export interface GroupModelSettings {
  /** A consumer without a heartbeat for longer loses its shards. */
  timeoutMs: number;
  /** The children of a split or merge are granted only when the parents are consumed. */
  inOrder: boolean;
}

/** The readings of the protocol that a group follows. */
export interface GroupModelOptions {
  readonly dialect: Dialect;
  /** 0 ≤ random() < 1; for the grant order `shuffled`. */
  readonly random: () => number;
}

export interface SavedCheckpoint {
  readonly shard: number;
  /** Empty: none was saved yet. */
  readonly cursor: string;
  /** Unix milliseconds; 0: none was saved yet. */
  readonly updatedMs: number;
  /** The consumer that saved the checkpoint; empty when it was forced without one. */
  readonly consumer: string;
}

export interface ConsumerStatus {
  readonly name: string;
  readonly lastHeartbeatMs: number;
  /** The shards that the consumer's last heartbeat listed. */
  readonly held: readonly number[];
  /** The shards that the consumer owns, also revoked ones. */
  readonly owned: readonly number[];
}

type GroupChange = Extract<LogstoreChange, { do: 'update-group' | 'heartbeat' | 'checkpoint' }>;

interface Consumer {
  lastHeartbeatMs: number;
  held: ReadonlySet<number>;
}

export class GroupModel {
  readonly name: string;
  #settings: GroupModelSettings;
  readonly #record: RecordOf<GroupChange> | undefined;
  readonly #consumers = new Map<string, Consumer>();
  readonly #owners = new Map<number, string>();
  /** Owned shards that are planned for another consumer. */
  readonly #revoked = new Set<number>();
  readonly #checkpoints = new Map<number, SavedCheckpoint>();
  /** Owned shards that a heartbeat of their owner has listed. */
  readonly #listed = new Set<number>();
  readonly #options: GroupModelOptions;

  /** @param record called after each change */
  constructor(
    name: string,
    settings: GroupModelSettings,
    record?: RecordOf<GroupChange>,
    options: GroupModelOptions = { dialect: defaultDialect, random: () => 0 },
  ) {
    this.name = name;
    this.#options = options;
    this.#record = record;
    this.#settings = { ...settings };
  }

  get settings(): Readonly<GroupModelSettings> {
    return this.#settings;
  }

  update(settings: Partial<GroupModelSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    this.#record?.({ do: 'update-group', group: this.name, settings: this.#settings });
  }

  /** @returns the shards that this consumer is to hold, ascending */
  heartbeat(consumer: string, held: readonly number[], shards: readonly GroupShard[], nowMs: number): number[] {
    this.expire(nowMs);
    const { dialect, random } = this.#options;
    const listed = new Set(held);
    const isBack = !this.#consumers.has(consumer);
    this.#consumers.set(consumer, { lastHeartbeatMs: nowMs, held: listed });
    const plan = this.#plan(shards);

    for (const [shard, owner] of this.#owners) {
      if (plan.get(shard) === owner) this.#revoked.delete(shard);
      else if (owner === consumer && !listed.has(shard)) this.#free(shard);
      else this.#revoked.add(shard);
      if (owner === consumer && listed.has(shard)) this.#listed.add(shard);
    }
    let granted = 0;
    for (const [shard, planned] of plan) {
      if (planned !== consumer || this.#owners.has(shard) || this.#listedByAnother(shard, consumer)) continue;
      if (dialect.grantsABeat === 'one' && granted > 0) continue;
      if (isBack && listed.has(shard) && !dialect.lateHeartbeatKeeps) continue;
      this.#owners.set(shard, consumer);
      if (listed.has(shard)) this.#listed.add(shard);
      granted++;
    }
    this.#record?.({ do: 'heartbeat', group: this.name, consumer, held: [...held], nowMs });
    return inOrder(
      this.#ownedBy(consumer).filter((shard) => !this.#revoked.has(shard)),
      dialect.grantOrder,
      random,
    );
  }

  /**
   * @param consumer undefined only together with `force`
   * @param force saves whoever owns the shard
   * @throws ApiError ConsumerNotExsit (not a live consumer), ConsumerNotMatch (not the shard's owner)
   */
  saveCheckpoint(shard: number, cursor: string, consumer: string | undefined, force: boolean, nowMs: number): void {
    this.expire(nowMs);
    if (!force) this.#requireOwner(shard, consumer);
    this.#checkpoints.set(shard, { shard, cursor, updatedMs: nowMs, consumer: consumer ?? '' });
    this.#record?.({ do: 'checkpoint', group: this.name, shard, cursor, consumer, force, nowMs });
  }

  checkpoint(shard: number): SavedCheckpoint {
    return this.#checkpoints.get(shard) ?? { shard, cursor: '', updatedMs: 0, consumer: '' };
  }

  /** The owner of a shard, revoked or not; undefined when the shard is free. */
  ownerOf(shard: number): string | undefined {
    return this.#owners.get(shard);
  }

  consumers(): ConsumerStatus[] {
    return [...this.#consumers].map(([name, { lastHeartbeatMs, held }]) => ({
      name,
      lastHeartbeatMs,
      held: [...held].sort(ascending),
      owned: this.#ownedBy(name),
    }));
  }

  /** Drops the consumers without a heartbeat within the timeout. */
  expire(nowMs: number): void {
    for (const [name, { lastHeartbeatMs }] of this.#consumers) {
      if (nowMs - lastHeartbeatMs <= this.#settings.timeoutMs) continue;
      this.#consumers.delete(name);
      for (const shard of this.#ownedBy(name)) this.#free(shard);
    }
  }

  #plan(shards: readonly GroupShard[]): Map<number, string> {
    return planAssignment(this.#options.dialect.balance, {
      shards: this.#eligible(shards),
      consumers: [...this.#consumers].map(([name, { held }]) => ({ name, held })),
      owners: this.#owners,
      revoked: this.#revoked,
    });
  }

  #eligible(shards: readonly GroupShard[]): number[] {
    if (!this.#settings.inOrder) return shards.map((shard) => shard.id);
    const byId = new Map(shards.map((shard) => [shard.id, shard]));
    // A parent that is no longer listed was consumed or has expired.
    const ready = (id: number): boolean =>
      (byId.get(id)?.parentIds ?? []).every((parent) => this.#isConsumed(byId.get(parent)) && ready(parent));
    return shards.map((shard) => shard.id).filter(ready);
  }

  /** Whether a shard is read to its end: its checkpoint is there, or the shard has no data (any more). */
  #isConsumed(shard: GroupShard | undefined): boolean {
    if (!shard) return true;
    if (shard.status !== 'readonly') return false;
    return shard.beginCursor === shard.endCursor || this.checkpoint(shard.id).cursor === shard.endCursor;
  }

  #requireOwner(shard: number, consumer: string | undefined): void {
    if (consumer === undefined) {
      throw parameterInvalid('a checkpoint without a consumer needs forceSuccess=true');
    }
    if (!this.#consumers.has(consumer)) {
      throw new ApiError(404, 'ConsumerNotExsit', `consumer ${consumer} is not a live member of group ${this.name}`);
    }
    const owner = this.#owners.get(shard);
    if (owner === consumer && this.#options.dialect.strictOwner && !this.#listed.has(shard)) {
      throw new ApiError(400, 'ConsumerNotMatch', `consumer ${consumer} has not listed shard ${shard} yet`);
    }
    if (owner !== consumer) {
      const held = owner === undefined ? 'nobody' : `consumer ${owner}`;
      throw new ApiError(400, 'ConsumerNotMatch', `shard ${shard} is owned by ${held}, not by consumer ${consumer}`);
    }
  }

  #listedByAnother(shard: number, consumer: string): boolean {
    for (const [name, { held }] of this.#consumers) {
      if (name !== consumer && held.has(shard)) return true;
    }
    return false;
  }

  #ownedBy(consumer: string): number[] {
    return [...this.#owners]
      .filter(([, owner]) => owner === consumer)
      .map(([shard]) => shard)
      .sort(ascending);
  }

  #free(shard: number): void {
    this.#owners.delete(shard);
    this.#revoked.delete(shard);
    this.#listed.delete(shard);
  }
}

const ascending = (a: number, b: number): number => a - b;

function inOrder(shards: number[], order: Dialect['grantOrder'], random: () => number): number[] {
  if (order === 'descending') return shards.reverse();
  if (order === 'ascending') return shards;
  return shards
    .map((shard) => ({ shard, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ shard }) => shard);
}
