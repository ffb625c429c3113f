/**
 * Which logs exist, and which of them each outlet has read. An outlet is one receiver, or several that stand in for each
 * other: what one of them has read, the outlet has.
 */

/** Of one shard: which logs an outlet has read, how often. */
class ShardReads {
  #counts = new Uint8Array(1024);
  #firstUnread = 0;
  duplicates = 0;
  unique = 0;

  get firstUnread(): number {
    return this.#firstUnread;
  }

  /** @returns whether it was read before */
  read(sequence: number): boolean {
    if (sequence >= this.#counts.length) {
      const larger = new Uint8Array(Math.max(2 * this.#counts.length, sequence + 1));
      larger.set(this.#counts);
      this.#counts = larger;
    }
    const before = this.#counts[sequence] as number;
    if (before < 255) this.#counts[sequence] = before + 1;
    if (before > 0) {
      this.duplicates++;
      return true;
    }
    this.unique++;
    this.advance();
    return false;
  }

  /** Nobody has to read what is before it. */
  excuse(sequence: number): void {
    if (sequence <= this.#firstUnread) return;
    this.#firstUnread = sequence;
    this.advance();
  }

  advance(): void {
    while (this.#firstUnread < this.#counts.length && (this.#counts[this.#firstUnread] as number) > 0)
      this.#firstUnread++;
  }
}

export class Outlet {
  readonly name: string;
  /** What is confirmed to a daemon has been read: TCP or TLS, receivers that close behind what they have read. */
  readonly keepsPromise: boolean;
  readonly #shards = new Map<number, ShardReads>();

  constructor(name: string, keepsPromise: boolean) {
    this.name = name;
    this.keepsPromise = keepsPromise;
  }

  /** Every log of the shard before it was read, or need not be. */
  firstUnread(shard: number): number {
    return this.#of(shard).firstUnread;
  }

  read(shard: number, sequence: number): boolean {
    return this.#of(shard).read(sequence);
  }

  excuse(shard: number, sequence: number): void {
    this.#of(shard).excuse(sequence);
  }

  get duplicates(): number {
    return [...this.#shards.values()].reduce((sum, { duplicates }) => sum + duplicates, 0);
  }

  get unique(): number {
    return [...this.#shards.values()].reduce((sum, { unique }) => sum + unique, 0);
  }

  #of(shard: number): ShardReads {
    let reads = this.#shards.get(shard);
    if (!reads) {
      reads = new ShardReads();
      this.#shards.set(shard, reads);
    }
    return reads;
  }
}

export class Ledger {
  readonly outlets: readonly Outlet[];

  constructor(outlets: readonly Outlet[]) {
    this.outlets = outlets;
  }

  outlet(name: string): Outlet {
    const found = this.outlets.find((outlet) => outlet.name === name);
    if (!found) throw new Error(`no outlet ${name}`);
    return found;
  }

  /** Retention took them, or they were there before the start that was asked for. */
  excuse(shard: number, sequence: number): void {
    for (const outlet of this.outlets) outlet.excuse(shard, sequence);
  }
}
