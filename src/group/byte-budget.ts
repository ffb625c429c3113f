/**
 * The bytes that may be on their way between the log service and the sink, over all shards (`--max-in-flight`).
 *
 * How large a pull will be is known only after it: a shard reserves what it expects and corrects that when the
 * answer is there, so the budget may be overdrawn by what was expected too low; no further pull begins until
 * that is paid back. First come, first served; one reservation is always granted when nothing else is out, so
 * that a batch larger than the whole budget still passes.
 */
export interface Reservation {
  /** The size is known now. */
  correct(bytes: number): void;
  release(): void;
}

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

export class ByteBudget {
  readonly #limit: number;
  readonly #queue: Waiter[] = [];
  #inUse = 0;
  #reservations = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** Rejects with the signal's reason when it aborts first. */
  async reserve(bytes: number, signal: AbortSignal): Promise<Reservation> {
    signal.throwIfAborted();
    if (this.#queue.length > 0 || !this.#fits(bytes)) await this.#turn(bytes, signal);
    else this.#take(bytes);
    let held = bytes;
    return {
      correct: (actual) => {
        if (held < 0) return;
        this.#inUse += actual - held;
        held = actual;
        this.#serve();
      },
      release: () => {
        if (held < 0) return;
        this.#inUse -= held;
        held = -1;
        this.#reservations--;
        this.#serve();
      },
    };
  }

  #turn(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        reject(signal.reason);
        this.#serve();
      };
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          this.#take(bytes);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(waiter);
    });
  }

  #fits(bytes: number): boolean {
    return this.#reservations === 0 || this.#inUse + bytes <= this.#limit;
  }

  #take(bytes: number): void {
    this.#inUse += bytes;
    this.#reservations++;
  }

  #serve(): void {
    for (let next = this.#queue[0]; next && this.#fits(next.bytes); next = this.#queue[0]) {
      this.#queue.shift();
      next.grant();
    }
  }
}
