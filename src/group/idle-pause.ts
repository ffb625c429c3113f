/** The pause of a shard that has been read to its end: short while logs keep coming, longer when none do. */
import { setTimeout as sleep } from 'node:timers/promises';

const growth = 1.5;
const longestMs = 1_000;

export class IdlePause {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #nextMs: number;
  #idle = false;

  constructor(fetchIntervalMs: number) {
    this.#firstMs = fetchIntervalMs;
    this.#longestMs = Math.max(longestMs, fetchIntervalMs);
    this.#nextMs = fetchIntervalMs;
  }

  /** The last pull found the end of the shard. */
  get idle(): boolean {
    return this.#idle;
  }

  /** A pull brought data. */
  data(): void {
    this.#idle = false;
    this.#nextMs = this.#firstMs;
  }

  /** Rejects with the signal's reason when it aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#idle = true;
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(pauseMs * growth, this.#longestMs);
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
