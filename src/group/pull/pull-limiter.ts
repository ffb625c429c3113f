/**
 * Limits how many shards pull at a time while they have more data than can be encoded: to so many that a batch always
 * waits to be encoded, and no more. Further batches only fill memory, and are out of the CPU's caches when encoded.
 *
 * A pull takes a slot, and keeps it until encoding of its batch begins:
 *
 *   pulling     the request is under way                    → waiting, suspended, or ended: there was no data
 *   suspended   the shard's previous batch is not written   → waiting. A suspended slot does not count: it may wait for
 *               to its end; or the request is not answered    a stuck receiver, or for a shard that the service does not
 *               for `slowAfterMs`; or it has failed, and the  answer for, and other shards must go on. When the pull is
 *               next attempt is not due                       tried again, and a slot is free: → pulling
 *   waiting     the batch waits to be encoded               → ended
 *
 * The limit counts slots that pull and slots that wait. It changes when a slot ends: no batch waits, and a shard is
 * queued: one more; more than two batches wait: a little less. First come, first served. A shard that was at its end
 * takes no slot: it mostly brings nothing, and its next log is not to wait.
 */
import { type Clock, systemClock } from '../../core/time/clock.ts';

const firstLimit = 4;
const raise = 1;
const lower = 0.25;
const mostWaiting = 2;
/** Most pulls take far less. */
const defaultSlowAfterMs = 5_000;

/**
 * Pure.
 * @param limit slots; rounded down where it is used
 * @param waiting batches that wait to be encoded
 * @param queued shards that wait for a slot
 * @returns at least 1
 */
export function nextLimit(limit: number, waiting: number, queued: number): number {
  if (waiting === 0 && queued > 0) return limit + raise;
  if (waiting > mostWaiting) return Math.max(1, limit - lower);
  return limit;
}

export interface PullSlot {
  /** The pull has brought a batch while the previous one is still being written; or it pauses between two attempts. */
  suspend(): void;
  /**
   * A suspended slot pulls again: first come, first served. Without effect on a slot that has ended, also meanwhile.
   * Rejects with the signal's reason when it aborts first; the slot stays suspended then.
   */
  resume(signal: AbortSignal): Promise<void>;
  /** The batch waits to be encoded. */
  wait(): void;
  /** Encoding of the batch begins, or there is no batch. Without effect the second time. */
  end(): void;
}

/** The slot of a pull that is not limited. */
export const noSlot: PullSlot = {
  suspend: () => undefined,
  resume: () => Promise.resolve(),
  wait: () => undefined,
  end: () => undefined,
};

export class PullLimiter {
  readonly #slowAfterMs: number;
  readonly #clock: Clock;
  readonly #queue: (() => void)[] = [];
  #limit = firstLimit;
  #pulling = 0;
  #waiting = 0;

  constructor(slowAfterMs = defaultSlowAfterMs, clock: Clock = systemClock) {
    this.#slowAfterMs = slowAfterMs;
    this.#clock = clock;
  }

  /** How many slots may pull or wait. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** First come, first served. Rejects with the signal's reason when it aborts first. */
  async acquire(signal: AbortSignal): Promise<PullSlot> {
    await this.#enter(signal);
    return this.#createSlot();
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // The queue is served as soon as there is room: where there is room now, nobody is queued.
    if (this.#hasRoom) this.#pulling++;
    else await this.#waitForRoom(signal);
  }

  get #hasRoom(): boolean {
    return this.#pulling + this.#waiting < this.limit;
  }

  #waitForRoom(signal: AbortSignal): Promise<void> {
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

  #createSlot(): PullSlot {
    let state: 'pulling' | 'suspended' | 'waiting' | 'ended' = 'pulling';
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
    const inTime = () => this.#clock.timer(this.#slowAfterMs, () => become('suspended'));
    let unanswered = inTime();
    const resume = async (signal: AbortSignal) => {
      if (state !== 'suspended') return;
      await this.#enter(signal);
      if (state === 'suspended') {
        state = 'pulling';
        unanswered = inTime();
      } else {
        this.#pulling--;
        this.#serve();
      }
    };
    return { suspend: () => become('suspended'), resume, wait: () => become('waiting'), end: () => become('ended') };
  }

  #serve(): void {
    while (this.#queue.length > 0 && this.#hasRoom) this.#queue.shift()!();
  }
}
