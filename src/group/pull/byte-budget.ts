/**
 * The bytes that may be on their way between the log service and the sinks, over all shards (`--max-in-flight`).
 *
 * How large a pull will be is known only from its answer: a shard reserves what it expects, and asks again when the
 * answer begins. Where there is no room for more, nothing of it is read, and it is asked for again with its real size:
 * many shards that were idle may all bring much at once. First come, first served; one reservation is always granted
 * when nothing else is out, so that a batch larger than the whole budget still passes.
 *
 * Each source has a share of it, which is no fixed part: all take from the same bytes. While batches come and go, that
 * is fair, for who waits is served in order. But a source whose receiver is down, or whose project does not answer,
 * gives nothing back. So once somebody has held a reservation for `patienceMs`, a share that has nothing out is
 * granted one, past those who wait and above the limit: no source ever waits for another's receiver. All that is out
 * is therefore the limit and, only while something is stuck, one batch more for each source.
 */
import { type Clock, systemClock, type Timer } from '../../core/time/clock.ts';

export interface Reservation {
  /** The size is known now. */
  correct(bytes: number): void;
  /** The same, if there is room for it. @returns false where there is none: nothing has changed */
  grow(bytes: number): boolean;
  release(): void;
}

/** What one source has of the budget. */
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

interface Held {
  readonly share: Usage;
  readonly sinceMs: number;
  bytes: number;
}

interface Waiter {
  readonly share: Usage;
  readonly bytes: number;
  readonly grant: (held: Held) => void;
}

/** Also on a machine that is busy, a batch takes less as a rule. */
const usualPatienceMs = 10_000;

export class ByteBudget {
  readonly #patienceMs: number;
  readonly #clock: Clock;
  readonly #queue: Waiter[] = [];
  /** Everything that is out, oldest first. */
  readonly #held = new Set<Held>();
  #limit: number;
  #inUse = 0;
  #timer: Timer | undefined;

  constructor(limitBytes: number, patienceMs = usualPatienceMs, clock: Clock = systemClock) {
    this.#limit = limitBytes;
    this.#patienceMs = patienceMs;
    this.#clock = clock;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** From now on; what is out stays out. */
  resize(limitBytes: number): void {
    this.#limit = limitBytes;
    this.#serve();
  }

  /** Of a source. It is gone when all that it has reserved is released. */
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
    const held = this.#queue.length === 0 && this.#fits(bytes) ? this.#take(share, bytes) : undefined;
    return this.#reservation(held ?? (await this.#turn(share, bytes, signal)));
  }

  #reservation(held: Held): Reservation {
    const correct = (bytes: number) => {
      if (!this.#held.has(held)) return;
      this.#charge(held, bytes - held.bytes);
      held.bytes = bytes;
      this.#serve();
    };
    return {
      correct,
      grow: (bytes) => {
        const fits = this.#held.size === 1 || this.#inUse - held.bytes + bytes <= this.#limit;
        if (fits || bytes <= held.bytes) correct(bytes);
        return fits || bytes <= held.bytes;
      },
      release: () => {
        if (!this.#held.delete(held)) return;
        this.#charge(held, -held.bytes);
        held.share.reservations--;
        this.#serve();
      },
    };
  }

  #turn(share: Usage, bytes: number, signal: AbortSignal): Promise<Held> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        reject(signal.reason);
        this.#serve();
      };
      const waiter: Waiter = {
        share,
        bytes,
        grant: (held) => {
          signal.removeEventListener('abort', onAbort);
          resolve(held);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(waiter);
      this.#serve();
    });
  }

  #fits(bytes: number): boolean {
    return this.#held.size === 0 || this.#inUse + bytes <= this.#limit;
  }

  #take(share: Usage, bytes: number): Held {
    const held = { share, bytes, sinceMs: this.#clock.monotonic() };
    this.#held.add(held);
    share.reservations++;
    this.#charge(held, bytes);
    return held;
  }

  #charge({ share }: Held, bytes: number): void {
    this.#inUse += bytes;
    share.inUse += bytes;
  }

  #serve(): void {
    this.#clock.cancel(this.#timer);
    for (let next = this.#queue[0]; next && this.#fits(next.bytes); next = this.#queue[0]) this.#grant(next);
    const [oldest] = this.#held;
    if (!oldest || !this.#queue.some(isEmptyHanded)) return;
    const patienceLeftMs = oldest.sinceMs + this.#patienceMs - this.#clock.monotonic();
    if (patienceLeftMs <= 0) {
      for (const waiter of [...this.#queue]) if (isEmptyHanded(waiter)) this.#grant(waiter);
    } else {
      this.#timer = this.#clock.timer(Math.ceil(patienceLeftMs), () => this.#serve());
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
