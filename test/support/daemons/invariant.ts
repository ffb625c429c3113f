/**
 * The oracle of the fault suite. It is shown what arrived and what is checkpointed, again and again, and holds it
 * against what is promised:
 *
 *   lost       everything behind a checkpoint has arrived;
 *   backwards  a shard's checkpoint never goes back;
 *   gap        a log arrives only when the one before it in its shard has: whoever sends again begins at what is
 *              confirmed, and that has arrived;
 *   repeated   nothing is sent again that was checkpointed before: what comes twice was sent since the last
 *              confirmation.
 */
import type { Arrival } from '../receivers/arrivals.ts';

export type Checkpoints = ReadonlyMap<number, number>;

export interface Findings {
  readonly received: number;
  readonly duplicates: number;
  /** Behind a checkpoint, and never seen. */
  readonly lost: number;
  /** How often the numbers of a shard went back; of the shard where it happened most. */
  readonly stepsBack: number;
  /** The first of each kind in each shard. */
  readonly violations: readonly string[];
  /** The longest time without anything new. */
  readonly longestGapMs: number;
}

interface ShardRecord {
  readonly seen: Set<number>;
  /** Every number below it was seen. */
  complete: number;
  highest: number;
  last: number;
  stepsBack: number;
}

export interface InvariantOptions {
  /** Bytes of a sender that was given up may be read much later: they may repeat what is checkpointed by then. */
  readonly allowsStale?: boolean;
  /** Without `--strict-order` a receiver may read the next connection before the end of the last. */
  readonly allowsMixing?: boolean;
}

export class Invariant {
  readonly #allowsStale: boolean;
  readonly #allowsMixing: boolean;
  readonly #shards = new Map<number, ShardRecord>();
  readonly #violations = new Map<string, string>();
  #checkpoints: Checkpoints = new Map();
  #duplicates = 0;
  #longestGapMs = 0;
  #lastNewAtMs = performance.now();

  constructor({ allowsStale = false, allowsMixing = false }: InvariantOptions = {}) {
    this.#allowsStale = allowsStale;
    this.#allowsMixing = allowsMixing;
  }

  /**
   * @param arrivals what arrived since the last call
   * @param checkpoints of each shard, the first number that is not checkpointed; read *before* the arrivals were
   */
  observe(arrivals: readonly Arrival[], checkpoints: Checkpoints): void {
    for (const arrival of arrivals) this.#arrived(arrival);
    for (const [shard, next] of checkpoints) {
      const before = this.#checkpoints.get(shard) ?? 0;
      if (next < before) this.#violated('backwards', shard, `the checkpoint went from ${before} to ${next}`);
      const missing = this.#missingBelow(shard, next);
      if (missing > 0) this.#violated('lost', shard, `${missing} of the ${next} checkpointed logs have not arrived`);
    }
    this.#checkpoints = new Map(checkpoints);
  }

  get findings(): Findings {
    const shards = [...this.#shards.values()];
    return {
      received: shards.reduce((sum, { seen }) => sum + seen.size, 0),
      duplicates: this.#duplicates,
      lost: [...this.#checkpoints].reduce((sum, [shard, next]) => sum + this.#missingBelow(shard, next), 0),
      stepsBack: Math.max(0, ...shards.map(({ stepsBack }) => stepsBack)),
      violations: [...this.#violations.values()],
      longestGapMs: Math.round(this.#longestGapMs),
    };
  }

  /** A pause in which nothing can arrive is not a gap. */
  restartClock(): void {
    this.#lastNewAtMs = performance.now();
  }

  #arrived({ shard, number }: Arrival): void {
    const record = this.#record(shard);
    const floor = this.#checkpoints.get(shard) ?? 0;
    if (number > record.highest + 1 && !this.#allowsMixing) {
      this.#violated('gap', shard, `${number} arrived after ${record.highest}`);
    }
    if (number < floor && !this.#allowsStale && record.seen.has(number)) {
      this.#violated('repeated', shard, `${number} came again, and the checkpoint was ${floor}`);
    }
    if (number <= record.last) record.stepsBack++;
    record.last = number;
    record.highest = Math.max(record.highest, number);
    if (record.seen.has(number)) {
      this.#duplicates++;
      return;
    }
    record.seen.add(number);
    while (record.seen.has(record.complete)) record.complete++;
    const nowMs = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastNewAtMs);
    this.#lastNewAtMs = nowMs;
  }

  #missingBelow(shard: number, next: number): number {
    const record = this.#record(shard);
    let missing = 0;
    for (let number = record.complete; number < next; number++) if (!record.seen.has(number)) missing++;
    return missing;
  }

  #record(shard: number): ShardRecord {
    const record = this.#shards.get(shard) ?? { seen: new Set(), complete: 0, highest: -1, last: -1, stepsBack: 0 };
    this.#shards.set(shard, record);
    return record;
  }

  #violated(kind: string, shard: number, what: string): void {
    const key = `${kind} in shard ${shard}`;
    if (!this.#violations.has(key)) this.#violations.set(key, `${key}: ${what}`);
  }
}
