/**
 * Notices the end of a run with `--until`: all of our shards are read up to it. A shard without an owner may still be
 * granted to us once its last owner has timed out: unless we hold all shards, `quietMs` have to pass after the last
 * change.
 */
import type { Clock } from '../core/time/clock.ts';
import type { ShardId } from './service/log-service.ts';
import type { ShardState } from './shard/shard-life.ts';

export interface UntilOptions {
  /** `--until` is set. */
  readonly isBounded: boolean;
  /** How long after the last change no more shards are granted. */
  readonly quietMs: () => number;
  readonly onReached: () => void;
  readonly clock: Clock;
}

export class Until {
  readonly #options: UntilOptions;
  /** When a shard last changed, on the monotonic clock. */
  #changedAtMs: number;
  #isReached = false;

  constructor(options: UntilOptions) {
    this.#options = options;
    this.#changedAtMs = options.clock.monotonic();
  }

  /** A shard was started or left, or read to its end. */
  changed(): void {
    this.#changedAtMs = this.#options.clock.monotonic();
  }

  /** @param all the shards of the logstore, as last listed */
  check(held: readonly { readonly shard: ShardId; readonly state: ShardState }[], all: readonly ShardId[]): void {
    const { isBounded, quietMs, onReached, clock } = this.#options;
    if (!isBounded || this.#isReached || !held.every(({ state }) => state === 'finished')) return;
    const isHeld = new Set(held.map(({ shard }) => shard));
    const holdsAll = all.length > 0 && all.every((shard) => isHeld.has(shard));
    if (!holdsAll && clock.monotonic() - this.#changedAtMs < quietMs()) return;
    this.#isReached = true;
    onReached();
  }
}
