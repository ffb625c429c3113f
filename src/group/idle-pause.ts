/**
 * The pause of a shard that has been read to its end: the shorter, the later logs have come.
 *
 * It is a twentieth of the time without data, within bounds: a log that comes after a silence waits for 5% of that
 * at most, and a shard that gets something every few seconds is asked as often as a busy one. A shard that is taken up
 * has been silent for 40 s at most, whatever is known of it: so it is asked every 2 s at first.
 *
 * What an idle shard costs is waking up for it, more than asking: long pauses end on the same beats, so that shards
 * that are idle together are asked together.
 */
import { type Clock, systemClock } from '../time/clock.ts';

const shareOfSilence = 1 / 20;
const longestMs = 3_000;
const longestSilenceBeforeMs = 40_000;
const beatMs = 500;

/**
 * Pure.
 * @param firstMs the pause while logs keep coming
 * @param silentMs how long none have come
 * @param nowMs of any clock that does not jump; beats are multiples of `beatMs` on it
 * @returns milliseconds
 */
export function idlePauseMs(firstMs: number, silentMs: number, nowMs: number): number {
  const pauseMs = Math.max(firstMs, Math.min(silentMs * shareOfSilence, longestMs));
  // What was chosen by hand is kept to.
  if (pauseMs === firstMs || pauseMs < 2 * beatMs) return pauseMs;
  return Math.max(firstMs, Math.floor((nowMs + pauseMs) / beatMs) * beatMs - nowMs);
}

export class IdlePause {
  readonly #firstMs: number;
  readonly #clock: Clock;
  /** On the monotonic clock. */
  #dataAtMs: number;
  #idle = false;

  constructor(fetchIntervalMs: number, clock: Clock = systemClock) {
    this.#firstMs = fetchIntervalMs;
    this.#clock = clock;
    this.#dataAtMs = clock.monotonic() - longestSilenceBeforeMs;
  }

  /** The last pull found the end of the shard. */
  get idle(): boolean {
    return this.#idle;
  }

  /** What is known of the time before: when the checkpoint was saved, in unix milliseconds; undefined: nothing. */
  since(savedAtMs: number | undefined): void {
    if (savedAtMs === undefined) return;
    // Another machine's clock: it may be ahead of ours.
    const silentMs = Math.max(0, this.#clock.now() - savedAtMs);
    this.#dataAtMs = Math.max(this.#dataAtMs, this.#clock.monotonic() - silentMs);
  }

  /** A pull brought data. */
  data(): void {
    this.#idle = false;
    this.#dataAtMs = this.#clock.monotonic();
  }

  /** Rejects with the signal's reason when it aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#idle = true;
    const nowMs = this.#clock.monotonic();
    const pauseMs = idlePauseMs(this.#firstMs, nowMs - this.#dataAtMs, nowMs);
    await this.#clock.sleep(pauseMs, { signal });
  }
}
