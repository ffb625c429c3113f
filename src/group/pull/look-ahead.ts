/**
 * How many shards pull at a time, where all of them have more than can be encoded: so many that somebody always waits
 * for a turn to be encoded, and no more. What waits longer only fills memory, and is in no cache any more when its turn
 * comes.
 *
 * A place is taken for a pull, and kept while its batch waits to be begun:
 *
 *   pulling   the request is under way                    → waiting, parked, or ended: there was no data
 *   parked    the shard's own batch before it is not      → waiting. It does not count: it may be a stuck receiver that
 *             written to its end; or the request is not     it waits for, or a shard that the service does not answer
 *             answered for `patienceMs`; or it has failed   for, and others must go on. Where the pull is tried again:
 *             and is not due again                          → pulling, when its turn has come
 *   waiting   it was handed over, and is not begun        → ended
 *
 * The limit counts those that pull and those that wait. It follows what a place's end finds: nobody waits, and a shard
 * would have liked to pull: one more; more than two wait: a little less. First come, first served. A shard that was
 * at its end takes no part: it brings nothing mostly, and its next log is not to wait.
 */
import { type Clock, systemClock } from '../../core/time/clock.ts';

const firstLimit = 4;
const raise = 1;
const lower = 0.25;
const mostWaiting = 2;
/** Most pulls take less, by far. */
const usualPatienceMs = 5_000;

/**
 * Pure.
 * @param limit places, of which the whole ones count
 * @param waiting batches that wait for a turn
 * @param queued shards that wait for a place
 * @returns at least 1
 */
export function nextLimit(limit: number, waiting: number, queued: number): number {
  if (waiting === 0 && queued > 0) return limit + raise;
  if (waiting > mostWaiting) return Math.max(1, limit - lower);
  return limit;
}

export interface Place {
  /** The pull has brought a batch, and the one before it is still being written; or it pauses between two attempts. */
  park(): void;
  /**
   * One that was parked pulls again: first come, first served. Without effect when it has ended, also meanwhile.
   * Rejects with the signal's reason when it aborts first; the place is parked then.
   */
  resume(signal: AbortSignal): Promise<void>;
  /** The batch is handed over. */
  wait(): void;
  /** It is begun, or there is none. Without effect the second time. */
  end(): void;
}

/** Of one that takes no part. */
export const noPlace: Place = {
  park: () => undefined,
  resume: () => Promise.resolve(),
  wait: () => undefined,
  end: () => undefined,
};

export class LookAhead {
  readonly #patienceMs: number;
  readonly #clock: Clock;
  readonly #queue: (() => void)[] = [];
  #limit = firstLimit;
  #pulling = 0;
  #waiting = 0;

  constructor(patienceMs = usualPatienceMs, clock: Clock = systemClock) {
    this.#patienceMs = patienceMs;
    this.#clock = clock;
  }

  /** How many may pull or wait. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** First come, first served. Rejects with the signal's reason when it aborts first. */
  async take(signal: AbortSignal): Promise<Place> {
    await this.#enter(signal);
    return this.#place();
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Whoever is in the queue is served as soon as there is room, so nobody overtakes.
    if (this.#hasRoom) this.#pulling++;
    else await this.#turn(signal);
  }

  get #hasRoom(): boolean {
    return this.#pulling + this.#waiting < this.limit;
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#queue.splice(this.#queue.indexOf(grant), 1);
        reject(signal.reason);
      };
      const grant = () => {
        signal.removeEventListener('abort', onAbort);
        this.#pulling++;
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(grant);
    });
  }

  #place(): Place {
    let state: 'pulling' | 'parked' | 'waiting' | 'ended' = 'pulling';
    const become = (next: typeof state) => {
      if (state === 'ended' || state === next) return;
      this.#clock.cancel(unanswered);
      if (state === 'pulling') this.#pulling--;
      if (state === 'waiting') this.#waiting--;
      if (next === 'waiting') this.#waiting++;
      state = next;
      if (next === 'ended') this.#limit = nextLimit(this.#limit, this.#waiting, this.#queue.length);
      this.#serve();
    };
    const inTime = () => this.#clock.timer(this.#patienceMs, () => become('parked'));
    let unanswered = inTime();
    const resume = async (signal: AbortSignal) => {
      if (state !== 'parked') return;
      await this.#enter(signal);
      if (state === 'parked') {
        state = 'pulling';
        unanswered = inTime();
      } else {
        this.#pulling--;
        this.#serve();
      }
    };
    return { park: () => become('parked'), resume, wait: () => become('waiting'), end: () => become('ended') };
  }

  #serve(): void {
    while (this.#queue.length > 0 && this.#hasRoom) this.#queue.shift()!();
  }
}
