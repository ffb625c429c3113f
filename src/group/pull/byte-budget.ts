/**
 * Limits the bytes in flight between Log Service and the sinks, over all shards (`--max-in-flight`).
 *
 * The size of a pull is known only from its answer: a shard reserves the size that it expects, and corrects it when the
 * answer begins. Where a larger answer does not fit, its body is not read, and the pull is made again with the real
 * size reserved: many shards that were idle may all bring much at once. First come, first served; a reservation is
 * always granted while there is no other, so that a batch larger than the whole budget still passes.
 *
 * Each source has a share, which is no fixed part: all shares take from the same bytes. While batches come and go, that
 * is fair, since waiting shares are served in order. But a source whose receiver is down, or whose project does not
 * answer, releases nothing. So once a reservation is older than `stuckAfterMs`, each share without one is granted its
 * next, out of turn and above the limit: no source ever waits for another's receiver. The bytes in flight are therefore
 * at most the limit and, only while something is stuck, one batch more for each source.
 */
import { type Clock, systemClock, type Timer } from '../../core/time/clock.ts';

export interface Reservation {
  /** Changes the size, whether there is room for it or not. */
  correct(bytes: number): void;
  /** Changes the size if there is room for it. @returns false where there is none: the size is as before */
  grow(bytes: number): boolean;
  release(): void;
}

/** One source's share of the budget. */
export interface BudgetShare {
  /** Bytes. */
  readonly inUse: number;
  /** Rejects with the signal's reason when it aborts first. */
  reserve(bytes: number, signal: AbortSignal): Promise<Reservation>;
}

interface Usage {
  inUse: number;
  reservations: number;
}

interface GrantedBytes {
  readonly share: Usage;
  readonly sinceMs: number;
  bytes: number;
}

interface Waiter {
  readonly share: Usage;
  readonly bytes: number;
  readonly grant: (granted: GrantedBytes) => void;
}

/** A batch usually takes less, even on a busy machine. */
const defaultStuckAfterMs = 10_000;

export class ByteBudget {
  readonly #stuckAfterMs: number;
  readonly #clock: Clock;
  readonly #queue: Waiter[] = [];
  /** The reservations that are not released, oldest first. */
  readonly #granted = new Set<GrantedBytes>();
  #limit: number;
  #inUse = 0;
  #timer: Timer | undefined;

  constructor(limitBytes: number, stuckAfterMs = defaultStuckAfterMs, clock: Clock = systemClock) {
    this.#limit = limitBytes;
    this.#stuckAfterMs = stuckAfterMs;
    this.#clock = clock;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** Sets the limit for new reservations; the granted ones stay. */
  resize(limitBytes: number): void {
    this.#limit = limitBytes;
    this.#serve();
  }

  /** A new source's share. It needs no end but the release of its reservations. */
  share(): BudgetShare {
    const usage: Usage = { inUse: 0, reservations: 0 };
    return {
      get inUse() {
        return usage.inUse;
      },
      reserve: (bytes, signal) => this.#reserve(usage, bytes, signal),
    };
  }

  async #reserve(share: Usage, bytes: number, signal: AbortSignal): Promise<Reservation> {
    signal.throwIfAborted();
    const granted = this.#queue.length === 0 && this.#fits(bytes) ? this.#take(share, bytes) : undefined;
    return this.#reservation(granted ?? (await this.#waitForRoom(share, bytes, signal)));
  }

  #reservation(granted: GrantedBytes): Reservation {
    const correct = (bytes: number) => {
      if (!this.#granted.has(granted)) return;
      this.#charge(granted, bytes - granted.bytes);
      granted.bytes = bytes;
      this.#serve();
    };
    return {
      correct,
      grow: (bytes) => {
        const fits = this.#granted.size === 1 || this.#inUse - granted.bytes + bytes <= this.#limit;
        if (fits || bytes <= granted.bytes) correct(bytes);
        return fits || bytes <= granted.bytes;
      },
      release: () => {
        if (!this.#granted.delete(granted)) return;
        this.#charge(granted, -granted.bytes);
        granted.share.reservations--;
        this.#serve();
      },
    };
  }

  #waitForRoom(share: Usage, bytes: number, signal: AbortSignal): Promise<GrantedBytes> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        reject(signal.reason);
        this.#serve();
      };
      const waiter: Waiter = {
        share,
        bytes,
        grant: (granted) => {
          signal.removeEventListener('abort', onAbort);
          resolve(granted);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(waiter);
      this.#serve();
    });
  }

  #fits(bytes: number): boolean {
    return this.#granted.size === 0 || this.#inUse + bytes <= this.#limit;
  }

  #take(share: Usage, bytes: number): GrantedBytes {
    const granted = { share, bytes, sinceMs: this.#clock.monotonic() };
    this.#granted.add(granted);
    share.reservations++;
    this.#charge(granted, bytes);
    return granted;
  }

  #charge({ share }: GrantedBytes, bytes: number): void {
    this.#inUse += bytes;
    share.inUse += bytes;
  }

  #serve(): void {
    this.#clock.cancel(this.#timer);
    for (let next = this.#queue[0]; next && this.#fits(next.bytes); next = this.#queue[0]) this.#grant(next);
    const [oldest] = this.#granted;
    if (!oldest || !this.#queue.some(isEmptyHanded)) return;
    const untilStuckMs = oldest.sinceMs + this.#stuckAfterMs - this.#clock.monotonic();
    if (untilStuckMs <= 0) {
      for (const waiter of [...this.#queue]) if (isEmptyHanded(waiter)) this.#grant(waiter);
    } else {
      this.#timer = this.#clock.timer(Math.ceil(untilStuckMs), () => this.#serve());
    }
  }

  #grant(waiter: Waiter): void {
    this.#queue.splice(this.#queue.indexOf(waiter), 1);
    waiter.grant(this.#take(waiter.share, waiter.bytes));
  }
}

function isEmptyHanded({ share }: Waiter): boolean {
  return share.reservations === 0;
}
