/**
 * The end of a run with `--until`: every shard of ours is read up to it. Shards that nobody serves yet may still be granted
 * to us (their last owner has to time out first): unless we hold them all, that long is waited after the last change.
 */
import type { Clock } from '../core/time/clock.ts';
import type { ShardId } from './service/log-service.ts';
import type { ShardState } from './shard/shard-life.ts';

export interface UntilOptions {
  /** There is an end. */
  readonly isBounded: boolean;
  /** How long after the last change nothing more is granted. */
  readonly quietMs: () => number;
  readonly onReached: () => void;
  readonly clock: Clock;
}

export class Until {
  readonly #options: UntilOptions;
  /** On the monotonic clock. */
  #changedAtMs: number;
  #isReached = false;

  constructor(options: UntilOptions) {
    this.#options = options;
    this.#changedAtMs = options.clock.monotonic();
  }

  /** A shard was taken up or left, or has come to its end. */
  changed(): void {
    this.#changedAtMs = this.#options.clock.monotonic();
  }

  /** @param all every shard that there is, as far as it is known */
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
